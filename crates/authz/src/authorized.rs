//! [`Authorized`], the proof that a check was made, and [`Guard`], which makes the checks.

use std::ops::Deref;
use std::sync::Arc;

use model::{Caller, Identity};

use crate::{Action, Authorizer, AuthorizerUnavailable, Check, Decision, Resource};

/// A value that may be acted on only after a check.
pub trait Protected {
    /// The resource that authorizers are asked about.
    fn resource(&self) -> Resource;
}

impl<T: Protected> Protected for Arc<T> {
    fn resource(&self) -> Resource {
        T::resource(self)
    }
}

/// A value that the caller may act on. Only [`Guard`] makes one.
#[derive(Debug, Clone)]
pub struct Authorized<T>(T);

impl<T> Authorized<T> {
    /// The value without the proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Authorized<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Why a [`Guard`] did not make an [`Authorized`] value.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The caller may not do the action, but may know that the resource exists.
    #[error("{caller} may not {action}")]
    Forbidden {
        /// The caller.
        caller: Caller,
        /// The action that was denied.
        action: Action,
    },
    /// The caller may not even know that the resource exists.
    #[error("{0:?} does not exist")]
    Hidden(Resource),
    /// The authorizer could not decide.
    #[error(transparent)]
    Unavailable(#[from] AuthorizerUnavailable),
}

/// Asks the authorizer, and makes [`Authorized`] values of what it allows.
#[derive(Debug, Clone)]
pub struct Guard(Arc<dyn Authorizer>);

impl Guard {
    /// A guard that asks the given authorizer.
    pub const fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self(authorizer)
    }

    /// Whether the configuration makes the caller an administrator.
    pub fn is_instance_admin(&self, caller: &Caller) -> bool {
        self.0.is_instance_admin(caller)
    }

    /// The authorizer's name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// Returns `target` with the proof that the caller may do `action` to it.
    pub async fn require<T: Protected>(
        &self,
        caller: &Caller,
        action: Action,
        target: T,
    ) -> Result<Authorized<T>, Denied> {
        let check = Check {
            action,
            resource: target.resource(),
        };
        match self.ask(caller, std::slice::from_ref(&check)).await?[..] {
            [Decision::Allow] => Ok(Authorized(target)),
            _ => Err(self.denied(caller, check).await),
        }
    }

    /// The error for a denied check: forbidden if the caller may see the resource, and hidden if not.
    async fn denied(&self, caller: &Caller, check: Check) -> Denied {
        let Check { action, resource } = check;
        let seen = match resource.visibility_action() {
            None => Ok(true),
            Some(visibility) if visibility == action => Ok(false),
            Some(visibility) => {
                let resource = resource.clone();
                let check = Check {
                    action: visibility,
                    resource,
                };
                let decided = self.ask(caller, &[check]).await;
                decided.map(|decided| decided == [Decision::Allow])
            }
        };
        match seen {
            Ok(true) => Denied::Forbidden {
                caller: caller.clone(),
                action,
            },
            Ok(false) => Denied::Hidden(resource),
            Err(unavailable) => unavailable.into(),
        }
    }

    /// Like [`Guard::require`], and also returns the decisions about `further` actions on the same target. Asks the
    /// authorizer once for all.
    pub async fn require_among<T: Protected, const N: usize>(
        &self,
        caller: &Caller,
        action: Action,
        further: [Action; N],
        target: T,
    ) -> Result<(Authorized<T>, [Decision; N]), Denied> {
        let resource = target.resource();
        let actions = std::iter::once(action).chain(further);
        let checks = Check::each(actions, &resource);
        let mut decisions = self.ask(caller, &checks).await?.into_iter();
        let mut next = |_| decisions.next().unwrap_or(Decision::Deny);
        match next(0) {
            Decision::Allow => Ok((Authorized(target), std::array::from_fn(next))),
            Decision::Deny => Err(self.denied(caller, Check { action, resource }).await),
        }
    }

    /// Returns `target` with the proof that the caller may do all `actions` to it. Asks the authorizer once; the error names
    /// the first action that is denied.
    pub async fn require_all<T: Protected>(
        &self,
        caller: &Caller,
        actions: &[Action],
        target: T,
    ) -> Result<Authorized<T>, Denied> {
        let checks = Check::each(actions.iter().copied(), &target.resource());
        let decisions = self.ask(caller, &checks).await?;
        let mut answered = checks.into_iter().zip(decisions);
        match answered.find(|(_, decision)| *decision == Decision::Deny) {
            None => Ok(Authorized(target)),
            Some((check, _)) => Err(self.denied(caller, check).await),
        }
    }

    /// The authorizer's decisions about the checks, in their order; a missing decision counts as a denial. They prove
    /// nothing to a use case: they are for telling a caller what is allowed.
    pub async fn ask(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        if checks.is_empty() {
            return Ok(Vec::new());
        }
        let mut decisions = self.0.decide(caller, checks).await?;
        decisions.resize(checks.len(), Decision::Deny);
        Ok(decisions)
    }

    /// The caller's own identity, with the proof that the caller may act on it, as every user may.
    pub fn of_self(&self, caller: &Caller) -> Option<Authorized<Arc<Identity>>> {
        match caller {
            Caller::User(identity) | Caller::Role(identity, _) => {
                Some(Authorized(Arc::clone(identity)))
            }
            Caller::Anonymous | Caller::System => None,
        }
    }

    /// The targets to which the caller may do `action`, each with its proof, in their order.
    pub async fn filter<T: Protected>(
        &self,
        caller: &Caller,
        action: Action,
        targets: Vec<T>,
    ) -> Result<Vec<Authorized<T>>, Denied> {
        let checks: Vec<_> = targets
            .iter()
            .map(|one| Check {
                action,
                resource: one.resource(),
            })
            .collect();
        let decisions = self.ask(caller, &checks).await?;
        let allowed = targets.into_iter().zip(decisions);
        Ok(allowed
            .filter(|(_, d)| *d == Decision::Allow)
            .map(|(one, _)| Authorized(one))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use model::ProjectId;

    use super::*;
    use crate::ProjectAction;

    /// Allows actions on the nil project only.
    #[derive(Debug)]
    struct NilOnly;

    #[async_trait]
    impl Authorizer for NilOnly {
        fn name(&self) -> &'static str {
            "nil-only"
        }

        async fn decide(
            &self,
            _: &Caller,
            checks: &[Check],
        ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
            let nil = Resource::Project(ProjectId::nil());
            let decide = |check: &Check| {
                if check.resource == nil {
                    Decision::Allow
                } else {
                    Decision::Deny
                }
            };
            Ok(checks.iter().map(decide).collect())
        }
    }

    struct Project(ProjectId);

    impl Protected for Project {
        fn resource(&self) -> Resource {
            Resource::Project(self.0.clone())
        }
    }

    #[tokio::test]
    async fn only_what_is_allowed_gets_a_proof() {
        let guard = Guard::new(Arc::new(NilOnly));
        let action = Action::Project(ProjectAction::Rename);
        let (nil, other) = (Project(ProjectId::nil()), Project(ProjectId::generate()));
        assert!(
            guard
                .require(&Caller::Anonymous, action, other)
                .await
                .is_err()
        );
        let both = vec![nil, Project(ProjectId::generate())];
        let allowed = guard
            .filter(&Caller::Anonymous, action, both)
            .await
            .unwrap();
        assert_eq!(allowed.len(), 1);
        assert_eq!(allowed[0].0.0, ProjectId::nil());
    }
}
