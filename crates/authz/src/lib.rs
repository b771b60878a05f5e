//! Who may do what. [`Guard::require`] is the only way to an [`Authorized`] value, and the use cases reach the store only with
//! one in hand.

mod action;
mod allow_all;
mod authorized;
mod built_in;
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
pub use instance_admins::InstanceAdmins;
pub use resource::{InWarehouse, Resource, ResourceKind};
pub use rights::{Rights, Verdict};

use std::fmt::Debug;

use async_trait::async_trait;
use model::{Caller, Securable};
use store::Below;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is to be done.
    pub action: Action,
    /// To what.
    pub resource: Resource,
}

impl Check {
    /// One for each action, on the same thing.
    pub fn each(actions: impl IntoIterator<Item = Action>, on: &Resource) -> Vec<Self> {
        let actions = actions.into_iter();
        let check = |action| Self {
            action,
            resource: on.clone(),
        };
        actions.map(check).collect()
    }

    /// Whether it is about the caller itself, who may do that.
    pub fn is_about_oneself(&self, caller: &Caller) -> bool {
        match (self.action, &self.resource, caller) {
            (Action::User(action), Resource::User(user), Caller::User(identity)) => {
                action.is_free_for_oneself() && identity.user == *user
            }
            _ => false,
        }
    }

    /// What it is enough to have been given anything below of.
    pub fn below(&self) -> Option<(Securable, Below)> {
        match self.without_rights() {
            Verdict::IfBelow(counted) => Some((self.resource.browsed()?, counted)),
            Verdict::Allow | Verdict::Deny => None,
        }
    }

    /// What becomes of it if the caller has been given nothing.
    pub fn without_rights(&self) -> Verdict {
        Rights::NONE.verdict(self.action, &self.resource)
    }
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allow,
    /// It may not.
    Deny,
}

/// The authorizer could not decide. Nothing is allowed then.
#[derive(Debug, thiserror::Error)]
#[error("the authorizer is not available: {0}")]
pub struct AuthorizerUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Decides. Implementations must be deterministic and must not change anything.
#[async_trait]
pub trait Authorizer: Debug + Send + Sync {
    /// Its name, as `/management/v1/info` tells it.
    fn name(&self) -> &'static str;

    /// Whether the configuration makes the caller an administrator, whatever has been given to it.
    fn is_instance_admin(&self, _: &Caller) -> bool {
        false
    }

    /// Answers all questions, in their order.
    async fn decide(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable>;
}
