//! Tests that every authorizer must pass. They use a catalog through [`World`]: they make changes and compare decisions.
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

/// A change that decisions depend on.
#[derive(Debug, Clone)]
pub enum Change {
    /// A resource is created. Its creator becomes its owner, or the administrator of the project.
    Create {
        /// The resource that is created.
        what: Securable,
        /// What it is created in.
        within: Securable,
        /// Its creator.
        by: Principal,
    },
    /// A table, view, namespace, role or tag definition is dropped, with everything in it.
    Drop(Securable),
    /// A table or view is soft-deleted.
    SoftDrop(Securable),
    /// A soft-deleted table or view is restored.
    Undrop(Securable),
    /// A table or view is moved to another namespace of its warehouse.
    Rename(Securable, NamespaceId),
    /// A namespace is moved, with everything in it, to the top of its warehouse or into another namespace of it.
    Move(NamespaceId, Securable),
    /// A privilege is granted.
    Give(Grant),
    /// A grant is revoked.
    Take(Grant),
    /// Managed access is switched on or off.
    Manage(Securable, ManagedAccess),
    /// A user, or a role of the same project, becomes a member of a role. No role comes to contain itself.
    Join(RoleId, Principal),
    /// A member leaves a role.
    Leave(RoleId, Principal),
}

/// A catalog with an authorizer, whose decisions must follow the catalog's changes.
#[async_trait]
pub trait World: Send + Sync {
    /// Makes the change, as a request to the catalog would.
    async fn apply(&self, change: &Change);

    /// The authorizer's decisions for a request that arrives now.
    async fn decide(&self, caller: &Caller, checks: &[Check]) -> Vec<Decision>;
}

/// The grant that the creator of a resource gets.
fn creators_grant(on: &Securable, by: &Principal) -> Grant {
    Grant {
        on: on.clone(),
        to: by.clone(),
        privilege: match on {
            Securable::Project(_) => Privilege::ProjectAdmin,
            _ => Privilege::Ownership,
        },
    }
}

/// An authenticated user as a caller.
pub fn caller(user: &UserId) -> Caller {
    Caller::User(Arc::new(Identity::of(user.clone())))
}

/// An authenticated user as a caller, or some user who acts as the role.
fn caller_as(principal: &Principal) -> Caller {
    match principal {
        Principal::User(user) => caller(user),
        Principal::Role(role) => {
            let anybody = Identity::of("oidc~anybody".parse().unwrap());
            Caller::Role(Arc::new(anybody), *role)
        }
    }
}

/// A grant counts for the very next decision, and so does its revocation; tried 20 times.
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

/// An anonymous caller may do nothing and the catalog itself everything; and each check gets a decision.
pub async fn nobody_may_nothing_and_the_catalog_everything(world: &dyn World) {
    let (model, cast) = history::scene(world).await;
    let checks = history::checks(&model, &cast);
    let nobody = world.decide(&Caller::Anonymous, &checks).await;
    assert_eq!(nobody, vec![Decision::Deny; checks.len()]);
    let system = world.decide(&Caller::System, &checks).await;
    assert_eq!(system, vec![Decision::Allow; checks.len()]);
    assert!(world.decide(&Caller::System, &[]).await.is_empty());
}

/// A warehouse with the first version of its grants; the [`World`] sets the current one before it decides.
fn unseen(model: &Model, warehouse: ::model::WarehouseId) -> InWarehouse {
    InWarehouse {
        id: warehouse,
        project: model.project(&Securable::Warehouse(warehouse)).unwrap(),
        grants: ::model::Version::FIRST,
    }
}

impl Model {
    /// The project that a securable is, or lies in.
    pub fn project(&self, of: &Securable) -> Option<ProjectId> {
        match of {
            Securable::Project(id) => Some(id.clone()),
            other => self.project(self.within(other)?),
        }
    }

    /// The resource that an authorizer is asked about for a securable.
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
