//! An authorizer that denies suspended users everything.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use authz::{Authorizer, AuthorizerUnavailable, Check, Decision};
use model::{Caller, UserId};

/// Denies suspended users everything, whatever grants they have, and leaves all other callers to another authorizer.
#[derive(Debug)]
pub struct Suspensions {
    suspended: HashSet<UserId>,
    others: Arc<dyn Authorizer>,
}

impl Suspensions {
    /// Suspends these users; `others` decides about everybody else.
    pub fn new(suspended: impl IntoIterator<Item = UserId>, others: Arc<dyn Authorizer>) -> Self {
        Self {
            suspended: suspended.into_iter().collect(),
            others,
        }
    }

    fn is_suspended(&self, caller: &Caller) -> bool {
        match caller {
            // A suspended user who assumes a role stays suspended.
            Caller::User(identity) | Caller::Role(identity, _) => {
                self.suspended.contains(&identity.user)
            }
            Caller::Anonymous | Caller::System => false,
        }
    }
}

#[async_trait]
impl Authorizer for Suspensions {
    fn name(&self) -> &'static str {
        self.others.name()
    }

    fn is_instance_admin(&self, caller: &Caller) -> bool {
        !self.is_suspended(caller) && self.others.is_instance_admin(caller)
    }

    async fn decide(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        if self.is_suspended(caller) {
            return Ok(vec![Decision::Deny; checks.len()]);
        }
        self.others.decide(caller, checks).await
    }
}
