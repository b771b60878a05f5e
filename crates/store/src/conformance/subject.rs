//! The store under test.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Store;

/// A case that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// A store under test, and a guard that must live as long as the store.
pub struct Subject {
    store: Arc<dyn Store>,
    _guard: Box<dyn Any + Send>,
}

impl Subject {
    /// A store whose database is removed when `guard` is dropped.
    pub fn guarded(store: impl Store + 'static, guard: impl Any + Send) -> Self {
        Self {
            store: Arc::new(store),
            _guard: Box::new(guard),
        }
    }
}

impl<S: Store + 'static> From<S> for Subject {
    fn from(store: S) -> Self {
        Self::guarded(store, ())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Subject({:?})", self.store)
    }
}

/// Runs one case on a store of its own.
#[doc(hidden)]
pub fn run<C>(make: impl Future<Output = Subject>, case: impl FnOnce(Arc<dyn Store>) -> C)
where
    C: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let subject = make.await;
        let case = tokio::spawn(case(Arc::clone(&subject.store)));
        match tokio::time::timeout(PATIENCE, case).await {
            Ok(Ok(())) => {}
            Ok(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            Err(elapsed) => panic!("the case hangs, {PATIENCE:?} are over: {elapsed}"),
        }
    });
}
