//! Keeps a panic to what has panicked.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

/// Does it; `None` if it panicked, which is logged with what it was. What it shares with others must stay usable if it ends anywhere.
pub async fn caught<T>(what: &str, work: impl Future<Output = T>) -> Option<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await.ok();
    if done.is_none() {
        // What the panic said is in the line of the panic itself.
        tracing::error!(
            what,
            "work in the background has panicked; it will be tried again"
        );
    }
    done
}
