//! Authorization: decides what a caller may do. Only [`Guard`] makes [`Authorized`] values, and the use cases need one to
//! reach the store.

mod action;
mod allow_all;
mod authorized;
mod built_in;
mod by_caller;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod grantable;
mod instance_admins;
mod relation;
mod resource;
mod rights;

pub use action::{
    Action, GenericTableAction, NamespaceAction, ProjectAction, RoleAction, ServerAction,
    TableAction, TagAction, UserAction, ViewAction, WarehouseAction,
};
pub use allow_all::AllowAll;
pub use authorized::{Authorized, Denied, Guard, Protected};
pub use built_in::BuiltIn;
pub use by_caller::{ByCaller, CallerCache, caller_cache};
pub use instance_admins::InstanceAdmins;
pub use resource::{InWarehouse, Resource, ResourceKind};
pub use rights::{Rights, Verdict};

use std::fmt::Debug;

use async_trait::async_trait;
use model::{Caller, Securable};
use store::Below;

/// A question to an authorizer: may the caller do this action to this resource?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The action.
    pub action: Action,
    /// The resource that is acted on.
    pub resource: Resource,
}

impl Check {
    /// A check for each action, all on the same resource.
    pub fn each(actions: impl IntoIterator<Item = Action>, on: &Resource) -> Vec<Self> {
        let actions = actions.into_iter();
        let check = |action| Self {
            action,
            resource: on.clone(),
        };
        actions.map(check).collect()
    }

    /// Whether the caller asks for an action on itself that every user may do to itself.
    pub fn is_about_oneself(&self, caller: &Caller) -> bool {
        match (self.action, &self.resource, caller) {
            (Action::User(action), Resource::User(user), Caller::User(identity)) => {
                action.is_free_for_oneself() && identity.user == *user
            }
            _ => false,
        }
    }

    /// Where any grant further down is enough to allow this check; `None` if such grants do not count.
    pub fn below(&self) -> Option<(Securable, Below)> {
        match self.without_rights() {
            Verdict::IfBelow(counted) => Some((self.resource.browse_root()?, counted)),
            Verdict::Allow | Verdict::Deny => None,
        }
    }

    /// The verdict for a caller without any grants.
    pub fn without_rights(&self) -> Verdict {
        Rights::NONE.verdict(self.action, &self.resource)
    }
}

/// The answer to a [`Check`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The caller may do the action.
    Allow,
    /// The caller may not do the action.
    Deny,
}

/// The authorizer could not decide; callers must treat it as a denial.
#[derive(Debug, thiserror::Error)]
#[error("the authorizer is not available: {0}")]
pub struct AuthorizerUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Decides what callers may do. Implementations must be deterministic and must not change anything.
#[async_trait]
pub trait Authorizer: Debug + Send + Sync {
    /// The authorizer's name, which `/management/v1/info` returns.
    fn name(&self) -> &'static str;

    /// Whether the configuration makes the caller an administrator, regardless of grants.
    fn is_instance_admin(&self, _: &Caller) -> bool {
        false
    }

    /// The decisions about all checks, in their order.
    async fn decide(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable>;
}
