//! A bounded queue of log lines that a thread writes out, so that logging never waits for a slow reader of the log.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// Most lines in the queue; further ones are dropped and counted.
pub(super) const LINES: usize = 8_192;
/// How long the process waits at its end for the queue to be written.
const LONGEST_FLUSH: Duration = Duration::from_secs(1);
/// How long to wait before trying a full queue again.
const FULL_QUEUE_POLL: Duration = Duration::from_millis(5);

static STDOUT: OnceLock<Queue> = OnceLock::new();

/// A message to the writing thread.
enum Order {
    Write(Vec<u8>),
    /// Replies when everything queued before is written.
    Flush(oneshot::Sender<()>),
}

struct Queue {
    orders: SyncSender<Order>,
    /// How many lines have been dropped since the process started.
    left_out: Arc<AtomicU64>,
}

/// A writer for one log line; `tracing` writes each line with one call.
pub(super) struct Line(&'static Queue);

/// A writer for one line of standard output.
pub(super) fn stdout() -> Line {
    Line(STDOUT.get_or_init(|| Queue::to(io::stdout())))
}

/// Waits until all queued lines are written, for at most a second.
pub(super) fn flush() {
    if let Some(queue) = STDOUT.get() {
        queue.flush(LONGEST_FLUSH);
    }
}

/// Waits until all lines queued so far are written.
pub(super) async fn written() {
    if let Some(queue) = STDOUT.get() {
        queue.written().await;
    }
}

/// How many lines have been dropped.
pub(super) fn left_out() -> u64 {
    let queue = STDOUT.get();
    queue.map_or(0, |queue| queue.left_out.load(Ordering::Relaxed))
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.put(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Queue {
    /// Starts the writing thread, which ends when the queue is dropped.
    fn to(out: impl Write + Send + 'static) -> Self {
        let (orders, waiting) = sync_channel(LINES);
        let left_out = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&left_out);
        let thread = thread::Builder::new().name("log".to_owned());
        // If the thread cannot be started, all lines are counted as dropped.
        drop(thread.spawn(move || write_all(&waiting, out, &counted)));
        Self { orders, left_out }
    }

    fn put(&self, line: Vec<u8>) {
        if self.orders.try_send(Order::Write(line)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines queued so far are written, at most for `longest`: the log's reader may have stopped
    /// reading.
    fn flush(&self, longest: Duration) {
        let end = Instant::now() + longest;
        let (done, mut is_done) = oneshot::channel();
        let mut order = Some(Order::Flush(done));
        while Instant::now() < end {
            order = order.and_then(|order| self.refused(order));
            // If there is no writing thread, the order is dropped, which closes `is_done`.
            if order.is_none() && is_done.try_recv() != Err(TryRecvError::Empty) {
                return;
            }
            thread::sleep(FULL_QUEUE_POLL);
        }
    }

    /// Waits until all lines queued so far are written, without a time limit.
    async fn written(&self) {
        let (done, is_done) = oneshot::channel();
        let mut order = Order::Flush(done);
        while let Some(again) = self.refused(order) {
            order = again;
            tokio::time::sleep(FULL_QUEUE_POLL).await;
        }
        // An error means that there is no writing thread; the lines are then counted as dropped.
        let _ = is_done.await;
    }

    /// Tries to queue an order. Returns the order if the queue is full.
    fn refused(&self, order: Order) -> Option<Order> {
        match self.orders.try_send(order) {
            Err(TrySendError::Full(order)) => Some(order),
            Ok(()) | Err(TrySendError::Disconnected(_)) => None,
        }
    }
}

fn write_all(waiting: &Receiver<Order>, mut out: impl Write, left_out: &AtomicU64) {
    let mut told = 0;
    // Write errors are ignored: there is nowhere else to report them.
    while let Ok(order) = waiting.recv() {
        match order {
            Order::Write(line) => drop(out.write_all(&line)),
            Order::Flush(done) => {
                drop(out.flush());
                let _ = done.send(());
            }
        }
        let total = left_out.load(Ordering::Relaxed);
        let count = total - told;
        if count > 0 {
            told = total;
            drop(writeln!(
                out,
                r#"{{"level":"WARN","message":"log lines were left out: they came faster than they were read","count":{count},"target":"lakekeeper::logs"}}"#
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;

    /// A writer that blocks while the test holds its lock.
    #[derive(Clone, Default)]
    struct Stalled(Arc<Mutex<Vec<u8>>>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_waits_for_a_line_goes_on_when_it_is_written() {
        let out = Stalled::default();
        let queue = Queue::to(out.clone());
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        let held = out.0.lock().unwrap();
        queue.put(b"line\n".to_vec());
        let soon = async { tokio::time::timeout(Duration::from_millis(50), queue.written()).await };
        assert!(runtime.block_on(soon).is_err(), "it is not written yet");
        drop(held);
        runtime.block_on(queue.written());
        assert_eq!(*out.0.lock().unwrap(), b"line\n");
    }

    #[test]
    fn who_logs_does_not_wait_and_what_is_left_out_is_counted() {
        let out = Stalled::default();
        let queue = Queue::to(out.clone());
        let held = out.0.lock().unwrap();
        let start = Instant::now();
        // The writing thread may already have taken one line out of the queue.
        for _ in 0..LINES + 11 {
            queue.put(b"line\n".to_vec());
        }
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(held);
        // The queue is full, so `flush` has to wait for room. The count is written right behind the first line, not
        // at the end.
        queue.flush(Duration::from_mins(1));
        let written = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let lines = written.lines().filter(|line| *line == "line").count();
        assert!((LINES..=LINES + 1).contains(&lines), "{lines}");
        let count = LINES + 11 - lines;
        assert_eq!(written.lines().count(), lines + 1, "counted at once");
        assert!(written.contains(&format!(r#""count":{count},"#)), "{count}");
    }
}
