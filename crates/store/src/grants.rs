//! Grants: the privileges of principals on things, and what these add up to on the path from the server to a
//! place.

mod cursor;
mod path_builder;

pub use cursor::{OnCursor, ToCursor};
pub use path_builder::PathBuilder;

use async_trait::async_trait;
use model::{
    Grant, NamespaceId, Page, PageRequest, Principal, Privilege, Privileges, ProjectId, RoleId,
    RoleIdent, Securable, Timestamp, Version, WarehouseId,
};

use crate::{Effects, Result};

/// A stored grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// The privilege, the principal that has it, and the thing that it is on.
    pub grant: Grant,
    /// The warehouse that the thing is or lies in, if any.
    pub warehouse: Option<WarehouseId>,
    /// When the privilege was given.
    pub created_at: Timestamp,
}

/// A change to the grants on one thing: all of it or nothing.
#[derive(Debug, Clone)]
pub struct GrantChange {
    /// The thing.
    pub on: Securable,
    /// The privileges to give.
    pub writes: Vec<(Principal, Privilege)>,
    /// The privileges to take back.
    pub deletes: Vec<(Principal, Privilege)>,
    /// What happens where nothing would change.
    pub unchanged: Unchanged,
    /// When the change is made.
    pub at: Timestamp,
}

impl GrantChange {
    /// The grant that one entry of `writes` or `deletes` stands for.
    pub fn grant(&self, to: &Principal, privilege: Privilege) -> Grant {
        Grant {
            on: self.on.clone(),
            to: to.clone(),
            privilege,
        }
    }
}

/// What happens when a privilege is given that the principal has already, or taken back that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanged {
    /// Nothing: the existing grant stays as it is, and a missing grant is no error.
    Skipped,
    /// The whole change is refused.
    Refused,
}

/// Where privileges are looked up: the end of a path from the server down.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The installation.
    Server,
    /// A project, or what lies directly in it: a role, a tag definition.
    Project(ProjectId),
    /// A warehouse.
    Warehouse(WarehouseId),
    /// A namespace, or a table or view in it.
    Namespace(NamespaceId),
}

/// The privileges of some principals on each thing along the path from the server to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPrivileges {
    /// The grants version of the warehouse on the path, [`Version::FIRST`] if there is none. It is read before the
    /// steps, so the steps may be newer than this version, but never older.
    pub version: Version,
    /// The things on the path, from the server down to the place.
    pub steps: Vec<Step>,
}

impl PathPrivileges {
    /// Managed access of the place.
    pub fn managed_access(&self) -> ManagedAccessOf {
        let is_on = |step: &Step| step.managed == ManagedAccess::On;
        let own = self.steps.last().is_some_and(is_on);
        ManagedAccessOf {
            own: own.into(),
            effective: self.steps.iter().any(is_on).into(),
        }
    }
}

/// A thing on the path to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The thing.
    pub on: Securable,
    /// The privileges that any of the principals has directly on it.
    pub given: Privileges,
    /// Whether managed access is on for it.
    pub managed: ManagedAccess,
}

/// Managed access of a warehouse or namespace: whether owners of what lies in it are kept from giving privileges
/// on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManagedAccess {
    /// Owners may give privileges.
    Off,
    /// Owners may not give privileges.
    On,
}

impl From<bool> for ManagedAccess {
    fn from(managed: bool) -> Self {
        if managed { Self::On } else { Self::Off }
    }
}

/// Managed access of one warehouse or namespace, and what follows from what it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagedAccessOf {
    /// As it is set for the warehouse or namespace itself.
    pub own: ManagedAccess,
    /// On if it is on for the warehouse or namespace itself or for anything around it.
    pub effective: ManagedAccess,
}

/// What counts as lying below something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Below {
    /// Only what is live.
    Live,
    /// Soft-deleted tables, views and namespaces as well.
    Kept,
}

/// Those of the roles named by a token that can matter for a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedRoles {
    /// The named roles of the requested projects, without the roles that these are members of.
    pub in_projects: Vec<(ProjectId, RoleId)>,
    /// Of the named roles of all projects and the roles that these are members of: those with a privilege on the
    /// server.
    pub on_server: Vec<RoleId>,
}

/// Grants. A grant is removed with the thing that it is on and with the principal that has it.
///
/// Every change of what a principal may do – grants, role members, managed access, the move of a namespace –
/// increments, in its own transaction, the grants version of every warehouse that it concerns.
#[async_trait]
pub trait Grants {
    /// Takes privileges back, then gives: all of the change or nothing. `NotFound` names the missing thing, user
    /// or role; a role of another project counts as missing unless the grant is on the server. With
    /// [`Unchanged::Refused`] also `AlreadyExists(Grant)` and `NotFound(Grant)`; of two equal concurrent changes,
    /// one gets this error.
    async fn grants_apply(&self, change: GrantChange, effects: Effects) -> Result<()>;

    /// The grants directly on a thing, in a stable order; only those of one principal if `to` is given.
    async fn grants_on(
        &self,
        on: &Securable,
        to: Option<&Principal>,
        page: PageRequest,
    ) -> Result<Page<GrantRow>>;

    /// The grants that a principal itself has in a project, including those on what is soft-deleted, in a stable
    /// order.
    async fn grants_to(
        &self,
        project: &ProjectId,
        to: &Principal,
        page: PageRequest,
    ) -> Result<Page<GrantRow>>;

    /// The principal, the roles named by `named` in all projects, and every role that any of these is a member of,
    /// directly or through other roles.
    async fn grants_principals(
        &self,
        of: &Principal,
        named: &[RoleIdent],
    ) -> Result<Vec<Principal>>;

    /// Those of the named roles that are in these projects, and those that matter on the server. The length of the
    /// answer does not depend on how many roles the named roles are members of.
    async fn grants_named(&self, named: &[RoleIdent], projects: &[ProjectId])
    -> Result<NamedRoles>;

    /// The privileges of the principals on the path to each place, in the order of `places`; `None` if the place
    /// does not exist.
    async fn grants_on_paths(
        &self,
        principals: &[Principal],
        places: &[Place],
    ) -> Result<Vec<Option<PathPrivileges>>>;

    /// The privileges that any of the principals has directly on each thing, in the order of `on`.
    async fn grants_given(
        &self,
        principals: &[Principal],
        on: &[Securable],
    ) -> Result<Vec<Privileges>>;

    /// Whether any of the principals has any privilege on anything below each project, warehouse or namespace, in
    /// the order of `of`. For each principal this takes one or two index probes, however much lies below.
    async fn grants_below(
        &self,
        principals: &[Principal],
        of: &[(Securable, Below)],
    ) -> Result<Vec<bool>>;

    /// Managed access of a warehouse or namespace. `NotFound`, also for any other kind of thing.
    async fn managed_access(&self, of: &Securable) -> Result<ManagedAccessOf>;

    /// Switches managed access of a warehouse or namespace. `NotFound`, also for any other kind of thing.
    async fn managed_access_set(
        &self,
        of: &Securable,
        managed: ManagedAccess,
        effects: Effects,
    ) -> Result<()>;
}
