//! Why a store did not do what it was asked to.

use std::error::Error;

use model::{
    Grant, Name, NamespaceId, NamespacePath, Principal, ProjectId, RoleId, RoleIdent, SecretId,
    Securable, TabularId, TagDefinitionId, TagName, TagScope, TaskId, UserId, WarehouseId,
};

use crate::{IdempotencyRecord, TabularRow};

/// The result of a store method.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What an error is about.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Entity {
    /// The one row of this installation.
    #[error("server")]
    Server,
    /// A project.
    #[error("project `{0}`")]
    Project(ProjectId),
    /// A warehouse by id.
    #[error("warehouse `{0}`")]
    Warehouse(WarehouseId),
    /// A warehouse by name.
    #[error("warehouse `{0}`")]
    WarehouseName(Name),
    /// A namespace by id.
    #[error("namespace `{0}`")]
    Namespace(NamespaceId),
    /// A namespace by path.
    #[error("namespace `{0}`")]
    NamespacePath(NamespacePath),
    /// A table or view by id.
    #[error("tabular `{0}`")]
    Tabular(TabularId),
    /// A table or view by name.
    #[error("tabular `{0}`")]
    TabularName(Name),
    /// A task.
    #[error("task `{0}`")]
    Task(TaskId),
    /// The hold on a sink of events.
    #[error("hold on the event sink `{0}`")]
    EventSink(String),
    /// A user.
    #[error("user `{0}`")]
    User(UserId),
    /// A role.
    #[error("role `{0}`")]
    Role(RoleId),
    /// A role by its name.
    #[error("role `{0}`")]
    RoleName(Name),
    /// A role by what it is called where it is known.
    #[error("role `{0}`")]
    RoleIdent(RoleIdent),
    /// The definition of a tag by id.
    #[error("tag definition `{0}`")]
    TagDefinition(TagDefinitionId),
    /// The definition of a tag by name.
    #[error("tag `{0}`")]
    TagName(TagName),
    /// A secret.
    #[error("secret `{0}`")]
    Secret(SecretId),
    /// What was given to somebody.
    #[error("`{}` of `{}` on `{}`", .0.privilege, .0.to, .0.on)]
    Grant(Box<Grant>),
    /// Somebody in a role.
    #[error("member `{1}` of role `{0}`")]
    Member(RoleId, Principal),
}

impl From<&Securable> for Entity {
    fn from(securable: &Securable) -> Self {
        match securable {
            Securable::Server => Self::Server,
            Securable::Project(id) => Self::Project(id.clone()),
            Securable::Role(id) => Self::Role(*id),
            Securable::TagDefinition(id) => Self::TagDefinition(*id),
            Securable::Warehouse(id) => Self::Warehouse(*id),
            Securable::Namespace(id) => Self::Namespace(*id),
            Securable::Tabular(_, id) => Self::Tabular(*id),
        }
    }
}

impl From<&Principal> for Entity {
    fn from(principal: &Principal) -> Self {
        match principal {
            Principal::User(id) => Self::User(id.clone()),
            Principal::Role(id) => Self::Role(*id),
        }
    }
}

/// What a caller of a store can tell apart and act on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not there (any more).
    #[error("{0} does not exist")]
    NotFound(Entity),
    /// Something with this name or id is there already.
    #[error("{0} already exists")]
    AlreadyExists(Entity),
    /// It still holds others.
    #[error("{0} is not empty")]
    NotEmpty(Entity),
    /// Somebody else changed it first. `current` holds the rows that have moved on and still exist.
    #[error("a concurrent change came first")]
    Stale {
        /// The rows as they are now; empty where a row is gone or the change was not to tables and views.
        current: Vec<TabularRow>,
    },
    /// The location lies in, around or at one that another one has or has had.
    #[error(
        "location `{location}` overlaps with `{other}`, which belongs to another table, view or warehouse (perhaps one that \
         has moved since) or is being purged; choose another location"
    )]
    LocationTaken {
        /// What was asked for.
        location: String,
        /// Who has it.
        other: String,
    },
    /// What was soft-deleted cannot come back: others have its names now.
    #[error("these names are in use: {}", list(.0))]
    NamesTaken(Vec<String>),
    /// A role would be in itself.
    #[error("role `{member}` cannot be in role `{role}`: that one is in it, or is the same")]
    RoleCycle {
        /// Where it was to come in.
        role: RoleId,
        /// What was to come in.
        member: RoleId,
    },
    /// Too many roles would be in one another.
    #[error(
        "role `{member}` cannot be in role `{role}`: more than {most} roles would be in one another; nest them less deeply, or raise \
         `LAKEKEEPER__ROLE__MAX_NESTING_DEPTH`"
    )]
    RoleTooDeep {
        /// Where it was to come in.
        role: RoleId,
        /// What was to come in.
        member: RoleId,
        /// How many steps of one role in another there may be.
        most: u32,
    },
    /// The thing has as many tags as it may.
    #[error("a {scope} may have at most {most} tags; detach one that is not needed any more")]
    TooManyTags {
        /// What kind of thing it is.
        scope: TagScope,
        /// How many tags it may have.
        most: u32,
    },
    /// The idempotency key has been used: nothing was changed, this is what is recorded for it.
    #[error("the idempotency key has been used")]
    Replayed(Box<IdempotencyRecord>),
    /// A text has a character that the database cannot keep (U+0000 on PostgreSQL). Nothing was changed.
    #[error("a text has a character that the database cannot keep: {0}")]
    Unstorable(#[source] Box<dyn Error + Send + Sync>),
    /// The database did not answer or refused to work now. Nothing was changed.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The connection broke after COMMIT was sent: the change was made or not, nobody can say.
    #[error("the outcome of the change is unknown: {0}")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
    /// The database answered something that it must not: a bug, or a damaged database.
    #[error("internal error of the store: {0}")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// The first of them; there may be very many.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl StoreError {
    /// Whether it is certain that the change was not made. If not, the change may be found to be made later, so whatever it
    /// refers to must be kept.
    pub const fn changed_nothing(&self) -> bool {
        !matches!(self, Self::OutcomeUnknown(_) | Self::Internal(_))
    }
}
