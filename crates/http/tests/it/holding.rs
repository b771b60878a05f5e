//! An authorizer that holds up one request, so that a test can do something else meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision};
use model::Caller;
use tokio::sync::Semaphore;

/// Allows everything, except that [`Holding::hold`] makes the next request that asks for `action` wait, and that `action` is
/// denied after [`Holding::deny`].
#[derive(Debug)]
pub(crate) struct Holding {
    action: Action,
    holds: AtomicBool,
    denies: AtomicBool,
    held: Semaphore,
    let_go: Semaphore,
}

impl Holding {
    pub(crate) fn at(action: Action) -> Arc<Self> {
        Arc::new(Self {
            action,
            holds: AtomicBool::new(false),
            denies: AtomicBool::new(false),
            held: Semaphore::new(0),
            let_go: Semaphore::new(0),
        })
    }

    /// Denies the action from now on, except to a request that is already held.
    pub(crate) fn deny(&self) {
        self.denies.store(true, Ordering::SeqCst);
    }

    /// The answer to a request that is held at its authorization until `meanwhile` is done.
    pub(crate) async fn hold<A>(
        &self,
        request: impl IntoFuture<Output = A>,
        meanwhile: impl Future<Output = ()>,
    ) -> A {
        self.holds.store(true, Ordering::SeqCst);
        let doing = async {
            self.held.acquire().await.unwrap().forget();
            meanwhile.await;
            self.let_go.add_permits(1);
        };
        futures::join!(request.into_future(), doing).0
    }
}

#[async_trait]
impl Authorizer for Holding {
    fn name(&self) -> &'static str {
        "holding"
    }

    async fn decide(
        &self,
        _: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let asks = checks.iter().any(|check| check.action == self.action);
        let denied = asks && self.denies.load(Ordering::SeqCst);
        if asks && self.holds.swap(false, Ordering::SeqCst) {
            self.held.add_permits(1);
            self.let_go.acquire().await.unwrap().forget();
        }
        let decided = checks.iter().map(|check| match check.action {
            action if denied && action == self.action => Decision::Deny,
            _ => Decision::Allow,
        });
        Ok(decided.collect())
    }
}
