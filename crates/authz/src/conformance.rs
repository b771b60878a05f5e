//! What every authorizer must do, driven through [`World`]: apply this change, decide that.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these are tests, though they stand in a library"
)]

mod history;
mod model;
mod world;

pub use history::{Effort, any_history_is_decided_as_the_model_says};
pub use model::Model;
pub use world::StoreWorld;

use std::sync::Arc;

use ::model::{
    Caller, Grant, Identity, NamespaceId, Principal, Privilege, ProjectId, RoleId, Securable,
    UserId,
};
use async_trait::async_trait;
use store::ManagedAccess;

use crate::{Action, Check, Decision, InWarehouse, NamespaceAction, Resource};

/// Something that decisions depend on and that changes.
#[derive(Debug, Clone)]
pub enum Change {
    /// Something is made in something. Whoever has made it owns it, or administrates the project.
    Create {
        /// What.
        what: Securable,
        /// In what.
        within: Securable,
        /// By whom.
        by: Principal,
    },
    /// A table, view, namespace, role or tag definition goes, with all that is in it.
    Drop(Securable),
    /// A table or view is soft-deleted.
    SoftDrop(Securable),
    /// A soft-deleted table or view comes back.
    Undrop(Securable),
    /// A table or view goes to another namespace of its warehouse.
    Rename(Securable, NamespaceId),
    /// A namespace goes into a warehouse or another namespace of its warehouse, with all that is in it.
    Move(NamespaceId, Securable),
    /// Something is given.
    Give(Grant),
    /// Something is taken back.
    Take(Grant),
    /// Managed access is switched.
    Manage(Securable, ManagedAccess),
    /// Somebody comes into a role of the same project, which makes no circle.
    Join(RoleId, Principal),
    /// Somebody leaves a role.
    Leave(RoleId, Principal),
}

/// A catalog whose changes an authorizer must heed.
#[async_trait]
pub trait World: Send + Sync {
    /// Makes the change, as a request would.
    async fn apply(&self, change: &Change);

    /// Decides, as for a request that arrives now.
    async fn decide(&self, caller: &Caller, checks: &[Check]) -> Vec<Decision>;
}

/// What comes with a creation.
fn creators(on: &Securable, by: &Principal) -> Grant {
    Grant {
        on: on.clone(),
        to: by.clone(),
        privilege: match on {
            Securable::Project(_) => Privilege::ProjectAdmin,
            _ => Privilege::Ownership,
        },
    }
}

/// Somebody who has shown a token.
pub fn caller(user: &UserId) -> Caller {
    Caller::User(Arc::new(Identity::of(user.clone())))
}

/// Somebody who has shown a token, or anybody who acts as a role.
fn caller_as(principal: &Principal) -> Caller {
    match principal {
        Principal::User(user) => caller(user),
        Principal::Role(role) => {
            let anybody = Identity::of("oidc~anybody".parse().unwrap());
            Caller::Role(Arc::new(anybody), *role)
        }
    }
}

/// What is given is so for the next question, and what is taken back is not, over and over again.
pub async fn a_change_counts_for_the_next_question(world: &dyn World) {
    let (model, cast) = history::scene(world).await;
    let user = cast.users[2].clone();
    let on = cast
        .things
        .iter()
        .find(|on| matches!(on, Securable::Namespace(_)));
    let on = on.unwrap().clone();
    let grant = Grant {
        on: on.clone(),
        to: Principal::User(user.clone()),
        privilege: Privilege::Select,
    };
    let check = Check {
        action: Action::Namespace(NamespaceAction::ListEverything),
        resource: model.resource(&on),
    };
    for round in 0..20 {
        let before = world
            .decide(&caller(&user), std::slice::from_ref(&check))
            .await;
        assert_eq!(before, [Decision::Deny], "round {round}");
        world.apply(&Change::Give(grant.clone())).await;
        let given = world
            .decide(&caller(&user), std::slice::from_ref(&check))
            .await;
        assert_eq!(given, [Decision::Allow], "round {round}");
        world.apply(&Change::Take(grant.clone())).await;
    }
}

/// Nobody may do nothing, the catalog itself everything; and each question has its answer.
pub async fn nobody_may_nothing_and_the_catalog_everything(world: &dyn World) {
    let (model, cast) = history::scene(world).await;
    let checks = history::checks(&model, &cast);
    let nobody = world.decide(&Caller::Anonymous, &checks).await;
    assert_eq!(nobody, vec![Decision::Deny; checks.len()]);
    let system = world.decide(&Caller::System, &checks).await;
    assert_eq!(system, vec![Decision::Allow; checks.len()]);
    assert!(world.decide(&Caller::System, &[]).await.is_empty());
}

/// A warehouse whose grants nobody has looked at: the world looks before it decides.
fn unseen(model: &Model, warehouse: ::model::WarehouseId) -> InWarehouse {
    InWarehouse {
        id: warehouse,
        project: model.project(&Securable::Warehouse(warehouse)).unwrap(),
        grants: ::model::Version::FIRST,
    }
}

impl Model {
    /// The project that a thing is, or lies in.
    pub fn project(&self, of: &Securable) -> Option<ProjectId> {
        match of {
            Securable::Project(id) => Some(id.clone()),
            other => self.project(self.within(other)?),
        }
    }

    /// The thing, as an authorizer is asked about it.
    pub fn resource(&self, on: &Securable) -> Resource {
        let warehouse = |of: &Securable| {
            let mut at = of.clone();
            loop {
                match at {
                    Securable::Warehouse(id) => return unseen(self, id),
                    other => at = self.within(&other).unwrap().clone(),
                }
            }
        };
        match on {
            Securable::Server => Resource::Server,
            Securable::Project(id) => Resource::Project(id.clone()),
            Securable::Warehouse(_) => Resource::Warehouse(warehouse(on)),
            Securable::Namespace(id) => Resource::Namespace(warehouse(on), *id),
            Securable::Tabular(kind, id) => match self.within(on) {
                Some(Securable::Namespace(home)) => {
                    Resource::Tabular(*kind, warehouse(on), *home, *id)
                }
                other => panic!("a table in {other:?}"),
            },
            Securable::Role(id) => Resource::Role(self.project(on).unwrap(), *id),
            Securable::TagDefinition(id) => Resource::TagDefinition(self.project(on).unwrap(), *id),
        }
    }
}
