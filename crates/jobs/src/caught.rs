//! Confines a panic to the work that panicked.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

/// Runs `work`; `None` if it panicked, which is logged with `what`. What `work` shares with others must stay usable
/// wherever it is interrupted.
pub async fn caught<T>(what: &str, work: impl Future<Output = T>) -> Option<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await.ok();
    if done.is_none() {
        // The message of the panic is in the log line of the panic itself.
        tracing::error!(
            what,
            "work in the background has panicked; it will be tried again"
        );
    }
    done
}
