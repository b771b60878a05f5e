//! Roles: groups of users and other roles, which can have privileges.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{
    Name, Page, PageRequest, Principal, Privilege, ProjectId, RoleId, RoleIdent, Securable,
    Timestamp, fold,
};

use crate::user::{exact, trigrams};
use crate::{Effects, GrantChange, Result, Unchanged, UserRow};

/// A role.
#[derive(Debug, Clone)]
pub struct RoleRow {
    /// Its id.
    pub id: RoleId,
    /// The project that it belongs to.
    pub project: ProjectId,
    /// Its provider and its name there; unique in its project.
    pub ident: RoleIdent,
    /// Its name; unique in its project without regard to case.
    pub name: Name,
    /// What it is for.
    pub description: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, if it was. A change of its members does not count.
    pub updated_at: Option<Timestamp>,
}

impl RoleRow {
    /// The terms by which a search finds it: the trigrams of its name, and its ident and its id as a whole.
    pub fn terms(&self) -> Vec<String> {
        let ident = exact(&self.ident.to_string());
        let mut terms = BTreeSet::from([exact(&self.id.to_string()), ident]);
        trigrams(&fold(self.name.as_str()), &mut terms);
        terms.into_iter().collect()
    }

    /// The role as it is after the change.
    #[must_use]
    pub fn after(self, change: &RoleChange, at: Timestamp) -> Self {
        let changed = match change.clone() {
            RoleChange::Called { name, description } => Self {
                name,
                description,
                ..self
            },
            RoleChange::Bound(ident) => Self { ident, ..self },
        };
        Self {
            updated_at: Some(at),
            ..changed
        }
    }
}

/// A change to a role. Everything else keeps its stored value, even if it changes concurrently.
#[derive(Debug, Clone)]
pub enum RoleChange {
    /// A new name and description.
    Called {
        /// Its name.
        name: Name,
        /// What it is for.
        description: Option<String>,
    },
    /// Another provider and name there.
    Bound(RoleIdent),
}

/// Which roles of a project are listed: those that match every filter. An absent filter matches all.
#[derive(Debug, Clone, Default)]
pub struct RoleFilter {
    /// Only roles with these ids.
    pub ids: Option<Vec<RoleId>>,
    /// Only roles of these providers.
    pub providers: Option<Vec<String>>,
    /// Only roles with one of these names at their provider.
    pub sources: Option<Vec<String>>,
}

/// A search for roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSearch {
    /// The project whose roles are searched.
    pub project: ProjectId,
    /// Roles with this term come first.
    pub exact: String,
    /// Trigrams of the wanted text. A role with at least [`RoleSearch::SHARE`] tenths of them is found; most
    /// shared first.
    pub trigrams: Vec<String>,
    /// Most roles to return.
    pub limit: u32,
}

impl RoleSearch {
    /// How many tenths of the trigrams a role must share.
    pub const SHARE: u32 = 3;

    /// A search for a text that a user has typed: the beginning of a name, a misspelt name, an ident or an id.
    pub fn of(project: ProjectId, text: &str, limit: u32) -> Self {
        let mut terms = BTreeSet::new();
        trigrams(&fold(text), &mut terms);
        Self {
            project,
            exact: exact(text),
            trigrams: terms.into_iter().collect(),
            limit,
        }
    }
}

/// Users and roles that become members of a role or cease to be.
#[derive(Debug, Clone)]
pub struct RoleMembers {
    /// The role.
    pub role: RoleId,
    /// The users and roles; each once.
    pub members: Vec<Principal>,
}

/// Changes to a role's members and to the grants on the role: all of them or none.
#[derive(Debug, Clone)]
pub struct RoleAssign {
    /// The role.
    pub role: RoleId,
    /// The members to add.
    pub joins: Vec<Principal>,
    /// The members to remove.
    pub leaves: Vec<Principal>,
    /// The privileges on the role to give.
    pub writes: Vec<(Principal, Privilege)>,
    /// The privileges on the role to take back.
    pub deletes: Vec<(Principal, Privilege)>,
    /// What happens where nothing would change.
    pub unchanged: Unchanged,
    /// When the change is made.
    pub at: Timestamp,
}

impl RoleAssign {
    /// The members to remove.
    pub fn leaves(&self) -> RoleMembers {
        RoleMembers {
            role: self.role,
            members: self.leaves.clone(),
        }
    }

    /// The members to add.
    pub fn joins(&self) -> RoleMembers {
        RoleMembers {
            role: self.role,
            members: self.joins.clone(),
        }
    }

    /// The change to the grants on the role.
    pub fn grants(&self) -> GrantChange {
        GrantChange {
            on: Securable::Role(self.role),
            writes: self.writes.clone(),
            deletes: self.deletes.clone(),
            unchanged: self.unchanged,
            at: self.at,
        }
    }
}

/// A member of a role.
#[derive(Debug, Clone)]
pub enum RoleMember {
    /// A user.
    User(UserRow),
    /// A role.
    Role(RoleRow),
}

/// Which kind of members of a role is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// Users.
    User,
    /// Roles.
    Role,
}

/// Whether members of members count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Only direct members.
    Direct,
    /// Members of members as well, at any depth.
    Transitive,
}

/// Which members of a role are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberFilter {
    /// Only members of this kind; `None` for both kinds.
    pub kind: Option<MemberKind>,
    /// Whether members of members are listed as well.
    pub membership: Membership,
}

/// Roles. A change to the members of a role, direct or indirect, increments the grants version (see
/// [`Grants`](crate::Grants)) of every warehouse that it concerns.
#[async_trait]
pub trait Roles {
    /// Creates a role. `NotFound(Project)`, `AlreadyExists(RoleName)`, `AlreadyExists(RoleIdent)`,
    /// `AlreadyExists(Role)` if the id is taken.
    async fn role_create(&self, role: RoleRow, effects: Effects) -> Result<()>;

    /// Loads a role of any project. `NotFound`.
    async fn role_load(&self, id: RoleId) -> Result<RoleRow>;

    /// The roles of a project that match the filter, sorted by id.
    async fn role_list(
        &self,
        project: &ProjectId,
        filter: RoleFilter,
        page: PageRequest,
    ) -> Result<Page<RoleRow>>;

    /// The roles that a search finds, the best first; equally good ones by folded name and id.
    async fn role_search(&self, search: RoleSearch) -> Result<Vec<RoleRow>>;

    /// Changes the role and returns it as it is now. `NotFound`, `AlreadyExists(RoleName)`,
    /// `AlreadyExists(RoleIdent)`. A new ident counts as a change of members, because other tokens name the role
    /// from then on.
    async fn role_update(
        &self,
        id: RoleId,
        change: RoleChange,
        at: Timestamp,
        effects: Effects,
    ) -> Result<RoleRow>;

    /// Removes the role with the grants that it has and the grants on it. `NotFound`.
    async fn role_drop(&self, id: RoleId, effects: Effects) -> Result<()>;

    /// Adds members to a role, all or none; members that are in it already stay. `NotFound` names the missing role
    /// or member; a role of another project counts as missing. `RoleCycle` if the role would contain itself,
    /// `RoleTooDeep` if roles would be nested more than `most` steps deep; concurrent additions cannot get around
    /// either check.
    async fn role_members_add(&self, add: RoleMembers, most: u32, effects: Effects) -> Result<()>;

    /// Removes members from a role. Users and roles that are not in it are skipped. `NotFound(Role)`.
    async fn role_members_remove(&self, remove: RoleMembers, effects: Effects) -> Result<()>;

    /// Removes members, adds others, then takes back and gives privileges on the role: all of it or nothing. Fails
    /// like [`Self::role_members_add`] and [`Grants::grants_apply`](crate::Grants::grants_apply), and with
    /// [`Unchanged::Refused`] also with `AlreadyExists(Member)` and `NotFound(Member)`.
    async fn role_assign(&self, assign: RoleAssign, most: u32, effects: Effects) -> Result<()>;

    /// The members of a role, roles before users, each sorted by id. An empty page if there is no such role.
    async fn role_members(
        &self,
        role: RoleId,
        which: MemberFilter,
        page: PageRequest,
    ) -> Result<Page<RoleMember>>;

    /// The roles of a project that a user or role is a member of, sorted by id.
    async fn role_member_of(
        &self,
        member: &Principal,
        project: &ProjectId,
        membership: Membership,
        page: PageRequest,
    ) -> Result<Page<RoleRow>>;
}
