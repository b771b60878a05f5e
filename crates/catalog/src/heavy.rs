//! Runs CPU-heavy work without blocking other requests.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Metadata up to this size is parsed and compressed within a few milliseconds.
const LIGHT_BYTES: usize = 256 << 10;

/// Runs `work` on `bytes` bytes of data. For many bytes, first hands the other tasks of this thread to another
/// thread, if the runtime has several.
pub(crate) fn heavy<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let can_hand_over = || {
        Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
    };
    if bytes > LIGHT_BYTES && can_hand_over() {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// With one thread, a second task can only run beside the work if it was handed to another thread.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn other_tasks_go_on_beside_heavy_work() {
        let (sender, receiver) = mpsc::channel();
        let other = tokio::spawn(async move { sender.send(()) });
        let heard = tokio::spawn(async move {
            heavy(LIGHT_BYTES + 1, || {
                receiver.recv_timeout(Duration::from_secs(20))
            })
        });
        assert_eq!(heard.await.unwrap(), Ok(()));
        other.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_does_it_itself() {
        assert_eq!(heavy(LIGHT_BYTES + 1, || 7), 7);
    }
}
