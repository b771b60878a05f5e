//! Lines that wait to be written, so that whoever logs never waits for whoever reads.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// Most lines that wait.
pub(super) const LINES: usize = 8_192;
/// Longest time that the end of the process waits for them.
const LONGEST_FLUSH: Duration = Duration::from_secs(1);
/// How often a full queue is asked whether it has room.
const FULL_QUEUE_POLL: Duration = Duration::from_millis(5);

static STDOUT: OnceLock<Queue> = OnceLock::new();

/// What the writer is told.
enum Order {
    Write(Vec<u8>),
    /// Says when all that came before is written.
    Flush(oneshot::Sender<()>),
}

struct Queue {
    orders: SyncSender<Order>,
    /// Since the process began.
    left_out: Arc<AtomicU64>,
}

/// A line on its way; `tracing` writes each in one piece.
pub(super) struct Line(&'static Queue);

/// Where to put a line for standard output.
pub(super) fn stdout() -> Line {
    Line(STDOUT.get_or_init(|| Queue::to(io::stdout())))
}

/// Waits until all lines are written, for a second at most.
pub(super) fn flush() {
    if let Some(queue) = STDOUT.get() {
        queue.flush(LONGEST_FLUSH);
    }
}

/// Returns when all lines so far are written.
pub(super) async fn written() {
    if let Some(queue) = STDOUT.get() {
        queue.written().await;
    }
}

/// How many lines have been left out.
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
    /// Starts the thread that writes. It ends when the queue is gone.
    fn to(out: impl Write + Send + 'static) -> Self {
        let (orders, waiting) = sync_channel(LINES);
        let left_out = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&left_out);
        let thread = thread::Builder::new().name("log".to_owned());
        // Without it lines are counted as left out.
        drop(thread.spawn(move || write_all(&waiting, out, &counted)));
        Self { orders, left_out }
    }

    fn put(&self, line: Vec<u8>) {
        if self.orders.try_send(Order::Write(line)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all that came before is written, for so long at most: whoever reads may have stopped reading.
    fn flush(&self, longest: Duration) {
        let end = Instant::now() + longest;
        let (done, mut is_done) = oneshot::channel();
        let mut order = Some(Order::Flush(done));
        while Instant::now() < end {
            order = order.and_then(|order| self.refused(order));
            // Without a thread that writes, the order is dropped and the answer never comes.
            if order.is_none() && is_done.try_recv() != Err(TryRecvError::Empty) {
                return;
            }
            thread::sleep(FULL_QUEUE_POLL);
        }
    }

    /// The same, however long it takes.
    async fn written(&self) {
        let (done, is_done) = oneshot::channel();
        let mut order = Order::Flush(done);
        while let Some(again) = self.refused(order) {
            order = again;
            tokio::time::sleep(FULL_QUEUE_POLL).await;
        }
        // Without a thread that writes, what was not written is counted.
        let _ = is_done.await;
    }

    /// Puts an order into the queue; gives it back if that is full.
    fn refused(&self, order: Order) -> Option<Order> {
        match self.orders.try_send(order) {
            Err(TrySendError::Full(order)) => Some(order),
            Ok(()) | Err(TrySendError::Disconnected(_)) => None,
        }
    }
}

fn write_all(waiting: &Receiver<Order>, mut out: impl Write, left_out: &AtomicU64) {
    let mut told = 0;
    // A log that cannot be written has nowhere to say so.
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

    /// Writes only while nobody else holds it.
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
        // One line is out of the queue and in the writer's hand, if it was quick.
        for _ in 0..LINES + 11 {
            queue.put(b"line\n".to_vec());
        }
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(held);
        // The queue is full now: what is left out is counted when its first line is written, long before the last.
        queue.flush(Duration::from_mins(1));
        let written = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let lines = written.lines().filter(|line| *line == "line").count();
        assert!((LINES..=LINES + 1).contains(&lines), "{lines}");
        let count = LINES + 11 - lines;
        assert_eq!(written.lines().count(), lines + 1, "counted at once");
        assert!(written.contains(&format!(r#""count":{count},"#)), "{count}");
    }
}
