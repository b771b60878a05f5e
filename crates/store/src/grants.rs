//! Grants: who has been given what, and what that amounts to along a way down the hierarchy.

mod cursor;
mod lineage;

pub use cursor::{OnCursor, ToCursor};
pub use lineage::Lineage;

use async_trait::async_trait;
use model::{
    Grant, NamespaceId, Page, PageRequest, Principal, Privilege, Privileges, ProjectId, RoleId,
    RoleIdent, Securable, Timestamp, Version, WarehouseId,
};

use crate::{Effects, Result};

/// A grant as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// What was given to whom on what.
    pub grant: Grant,
    /// The warehouse that it lies in, if it lies in one.
    pub warehouse: Option<WarehouseId>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Grants on one thing that change together or not at all.
#[derive(Debug, Clone)]
pub struct GrantChange {
    /// On what.
    pub on: Securable,
    /// What is given.
    pub writes: Vec<(Principal, Privilege)>,
    /// What is taken back.
    pub deletes: Vec<(Principal, Privilege)>,
    /// What becomes of it where that is so already.
    pub repeats: Repeats,
    /// When.
    pub at: Timestamp,
}

impl GrantChange {
    /// One of those that are given or taken back.
    pub fn grant(&self, to: &Principal, privilege: Privilege) -> Grant {
        Grant {
            on: self.on.clone(),
            to: to.clone(),
            privilege,
        }
    }
}

/// What becomes of giving what somebody has, and of taking back what somebody does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// It is passed over: a grant stays as it is, and what nobody has is no error.
    Skipped,
    /// The whole change is refused.
    Refused,
}

/// Where somebody stands: the end of a way down from the server.
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

/// What some principals have been given on each thing along a way down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The version of the grants in the warehouse that the way leads through, [`Version::FIRST`] if through none. Read before the
    /// steps: they may be newer, never older.
    pub version: Version,
    /// From the server down to the place.
    pub steps: Vec<Step>,
}

impl Standing {
    /// Whether managed access is on: of the place itself, and of it or what it lies in.
    pub fn managed_access(&self) -> (ManagedAccess, ManagedAccess) {
        let is_on = |step: &Step| step.managed == ManagedAccess::On;
        let own = self.steps.last().is_some_and(is_on);
        (own.into(), self.steps.iter().any(is_on).into())
    }
}

/// A thing on a way down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub on: Securable,
    /// What one or the other of the principals has been given on it directly.
    pub given: Privileges,
    /// Whether owners below it may give to others what is theirs.
    pub managed: ManagedAccess,
}

/// Whether owners of what lies in a warehouse or namespace are kept from giving it to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManagedAccess {
    /// They are not.
    Off,
    /// They are.
    On,
}

impl From<bool> for ManagedAccess {
    fn from(managed: bool) -> Self {
        if managed { Self::On } else { Self::Off }
    }
}

/// What counts as being below something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Below {
    /// What is there.
    Live,
    /// What is soft-deleted, too.
    Kept,
}

/// The roles that a token names, as far as they can count for something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedRoles {
    /// Those in the projects that were asked for, without those that they are in.
    pub in_projects: Vec<(ProjectId, RoleId)>,
    /// Of all projects those that have been given anything on the server: the named ones, and those that they are in.
    pub on_server: Vec<RoleId>,
}

/// Grants. They end with what they are on and with whom they were given to.
///
/// Whatever changes what somebody may do – grants, members of roles, managed access, a namespace that moves – makes the
/// version of the grants one more in every warehouse that it concerns, in its own transaction.
#[async_trait]
pub trait Grants {
    /// Takes back, then gives: makes all changes or none. `NotFound` with what is missing: the thing, a user or a role; a role of another project counts as
    /// missing, but on the server. Where [`Repeats::Refused`]: `AlreadyExists(Grant)` and `NotFound(Grant)`, of two equal changes at the same time for
    /// one.
    async fn grants_apply(&self, change: GrantChange, effects: Effects) -> Result<()>;

    /// The grants directly on a thing, of one principal if one is named, in a stable order.
    async fn grants_on(
        &self,
        on: &Securable,
        to: Option<&Principal>,
        page: PageRequest,
    ) -> Result<Page<GrantRow>>;

    /// The grants that a principal has itself in a project, also those on what is soft-deleted, in a stable order.
    async fn grants_to(
        &self,
        project: &ProjectId,
        to: &Principal,
        page: PageRequest,
    ) -> Result<Page<GrantRow>>;

    /// The principal, each role that it is in, through other roles too, and each role that is named, in whatever project, with those that these
    /// are in.
    async fn grants_principals(
        &self,
        of: &Principal,
        named: &[RoleIdent],
    ) -> Result<Vec<Principal>>;

    /// The roles that are named, in these projects, and those of them that have been given anything on the server. How many roles they are in
    /// does not make the answer longer.
    async fn grants_named(&self, named: &[RoleIdent], projects: &[ProjectId])
    -> Result<NamedRoles>;

    /// What the principals have been given on the way to each place, in the order of the places; `None` where there is no such place.
    async fn grants_standing(
        &self,
        principals: &[Principal],
        places: &[Place],
    ) -> Result<Vec<Option<Standing>>>;

    /// What one or the other of the principals has been given directly on each thing, in their order.
    async fn grants_given(
        &self,
        principals: &[Principal],
        on: &[Securable],
    ) -> Result<Vec<Privileges>>;

    /// Whether one of the principals has been given anything on anything below each of these projects, warehouses and namespaces, in
    /// their order. One or two probes of an index each, however much lies below.
    async fn grants_below(
        &self,
        principals: &[Principal],
        of: &[(Securable, Below)],
    ) -> Result<Vec<bool>>;

    /// Whether managed access is on: of the warehouse or namespace itself, and of it or what it lies in. `NotFound`, also of anything
    /// else.
    async fn managed_access(&self, of: &Securable) -> Result<(ManagedAccess, ManagedAccess)>;

    /// Switches managed access of a warehouse or namespace. `NotFound`.
    async fn managed_access_set(
        &self,
        of: &Securable,
        managed: ManagedAccess,
        effects: Effects,
    ) -> Result<()>;
}
