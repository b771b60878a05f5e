//! Roles: names for several users and roles, to which something can be given.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{
    Name, Page, PageRequest, Principal, Privilege, ProjectId, RoleId, RoleIdent, Securable,
    Timestamp, fold,
};

use crate::user::{exact, trigrams};
use crate::{Effects, GrantChange, Repeats, Result, UserRow};

/// A role.
#[derive(Debug, Clone)]
pub struct RoleRow {
    /// Its id.
    pub id: RoleId,
    /// The project that it belongs to.
    pub project: ProjectId,
    /// What it is called where it is known; unique in its project.
    pub ident: RoleIdent,
    /// Its name, unique in its project but for case.
    pub name: Name,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last, if it did. Who is in it does not count.
    pub updated_at: Option<Timestamp>,
}

impl RoleRow {
    /// What a search finds it by: the trigrams of its name, and ident and id as a whole.
    pub fn terms(&self) -> Vec<String> {
        let ident = exact(&self.ident.to_string());
        let mut terms = BTreeSet::from([exact(&self.id.to_string()), ident]);
        trigrams(&fold(self.name.as_str()), &mut terms);
        terms.into_iter().collect()
    }

    /// As it is after the change.
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

/// What changes about a role. The rest stays as it is, whoever changes that at the same time.
#[derive(Debug, Clone)]
pub enum RoleChange {
    /// What it is called, and what it is for.
    Called {
        /// Its name.
        name: Name,
        /// What it is for.
        description: Option<String>,
    },
    /// What it is called where it is known.
    Bound(RoleIdent),
}

/// Which roles of a project are listed: those that every filter takes. One that is absent takes all.
#[derive(Debug, Clone, Default)]
pub struct RoleFilter {
    /// Only these.
    pub ids: Option<Vec<RoleId>>,
    /// Only those of these providers.
    pub providers: Option<Vec<String>>,
    /// Only those of these names there.
    pub sources: Option<Vec<String>>,
}

/// What a search for roles is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSearch {
    /// Where.
    pub project: ProjectId,
    /// What has this term comes first.
    pub exact: String,
    /// Trigrams of what was asked for; what has [`RoleSearch::SHARE`] of them is found, in the order of how many.
    pub trigrams: Vec<String>,
    /// How many roles to answer at most.
    pub limit: u32,
}

impl RoleSearch {
    /// So many tenths of the trigrams must be shared.
    pub const SHARE: u32 = 3;

    /// A search for what somebody has typed: the beginning of a name, a name with a mistake, an ident, an id.
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

/// Who or what comes into a role or leaves it.
#[derive(Debug, Clone)]
pub struct RoleMembers {
    /// The role.
    pub role: RoleId,
    /// Who and what; each once.
    pub members: Vec<Principal>,
}

/// What changes about a role together or not at all: who is in it, and what has been given on it.
#[derive(Debug, Clone)]
pub struct RoleAssign {
    /// The role.
    pub role: RoleId,
    /// Who and what comes in.
    pub joins: Vec<Principal>,
    /// Who and what leaves.
    pub leaves: Vec<Principal>,
    /// What is given on the role.
    pub writes: Vec<(Principal, Privilege)>,
    /// What is taken back.
    pub deletes: Vec<(Principal, Privilege)>,
    /// What becomes of each of these where that is so already.
    pub repeats: Repeats,
    /// When.
    pub at: Timestamp,
}

impl RoleAssign {
    /// Who leaves.
    pub fn leaves(&self) -> RoleMembers {
        RoleMembers {
            role: self.role,
            members: self.leaves.clone(),
        }
    }

    /// Who comes in.
    pub fn joins(&self) -> RoleMembers {
        RoleMembers {
            role: self.role,
            members: self.joins.clone(),
        }
    }

    /// What is given and taken back.
    pub fn grants(&self) -> GrantChange {
        GrantChange {
            on: Securable::Role(self.role),
            writes: self.writes.clone(),
            deletes: self.deletes.clone(),
            repeats: self.repeats,
            at: self.at,
        }
    }
}

/// Who or what is in a role.
#[derive(Debug, Clone)]
pub enum RoleMember {
    /// A user.
    User(UserRow),
    /// A role.
    Role(RoleRow),
}

/// Which members of a role are told.
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
    /// They do not.
    Direct,
    /// They do, however deep.
    Transitive,
}

/// Which members of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberFilter {
    /// Of this kind, or of both.
    pub kind: Option<MemberKind>,
    /// Whether members of members are among them.
    pub membership: Membership,
}

/// Roles. What changes who is in one, directly or through others, steps the version of the grants (see
/// [`Grants`](crate::Grants)) in every warehouse that it concerns.
#[async_trait]
pub trait Roles {
    /// Creates a role. `NotFound(Project)`, `AlreadyExists(RoleName)`, `AlreadyExists(RoleIdent)`, `AlreadyExists(Role)` if the id is
    /// taken.
    async fn role_create(&self, role: RoleRow, effects: Effects) -> Result<()>;

    /// The role, of whatever project. `NotFound`.
    async fn role_load(&self, id: RoleId) -> Result<RoleRow>;

    /// The roles of a project that the filter takes, by id.
    async fn role_list(
        &self,
        project: &ProjectId,
        filter: RoleFilter,
        page: PageRequest,
    ) -> Result<Page<RoleRow>>;

    /// The roles that a search finds, the best first, those that are as good by folded name.
    async fn role_search(&self, search: RoleSearch) -> Result<Vec<RoleRow>>;

    /// Changes this about the role and nothing else, and answers what is now. `NotFound`, `AlreadyExists(RoleName)`, `AlreadyExists(RoleIdent)`.
    /// Another ident is another role to tokens: it counts as if somebody had left or come.
    async fn role_update(
        &self,
        id: RoleId,
        change: RoleChange,
        at: Timestamp,
        effects: Effects,
    ) -> Result<RoleRow>;

    /// Removes the role, with what it has been given and what has been given on it. `NotFound`.
    async fn role_drop(&self, id: RoleId, effects: Effects) -> Result<()>;

    /// Takes members into a role, all or none; who is in it stays. `NotFound` with the role, or the member that is not there; a role of another
    /// project is not. `RoleCycle` if the role would be in itself, `RoleTooDeep` if somewhere more than `most` roles would be in one
    /// another, both whatever happens at the same time.
    async fn role_members_add(&self, add: RoleMembers, most: u32, effects: Effects) -> Result<()>;

    /// Takes members out of a role. Who is not in it is no error. `NotFound(Role)`.
    async fn role_members_remove(&self, remove: RoleMembers, effects: Effects) -> Result<()>;

    /// Has members leave, then takes others in, then takes back and gives on the role: makes all changes or none. Fails like
    /// [`Self::role_members_add`] and [`Grants::grants_apply`](crate::Grants::grants_apply); where [`Repeats::Refused`] with
    /// `AlreadyExists(Member)` and `NotFound(Member)`, too.
    async fn role_assign(&self, assign: RoleAssign, most: u32, effects: Effects) -> Result<()>;

    /// Who is in a role, roles before users, each by id. None if there is no such role.
    async fn role_members(
        &self,
        role: RoleId,
        which: MemberFilter,
        page: PageRequest,
    ) -> Result<Page<RoleMember>>;

    /// The roles of a project that somebody is in, by id.
    async fn role_member_of(
        &self,
        member: &Principal,
        project: &ProjectId,
        membership: Membership,
        page: PageRequest,
    ) -> Result<Page<RoleRow>>;
}
