//! The reasons for which a store refuses or fails.

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
    /// A role by its provider and its name there.
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
    /// A grant.
    #[error("`{}` of `{}` on `{}`", .0.privilege, .0.to, .0.on)]
    Grant(Box<Grant>),
    /// A member of a role.
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

/// The errors that callers of a store tell apart.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not exist (any more).
    #[error("{0} does not exist")]
    NotFound(Entity),
    /// Another one with this name or id exists already.
    #[error("{0} already exists")]
    AlreadyExists(Entity),
    /// It still holds something.
    #[error("{0} is not empty")]
    NotEmpty(Entity),
    /// A concurrent change came first.
    #[error("a concurrent change came first")]
    Stale {
        /// The tables and views that have changed, as they are now. Those that are gone are left out; empty if the
        /// change was about something else.
        current: Vec<TabularRow>,
    },
    /// The location is, lies in, or contains a location that another table, view or warehouse has or has had, or
    /// that is being purged.
    #[error(
        "location `{location}` overlaps with `{other}`, which belongs to another table, view or warehouse (perhaps one that \
         has moved since) or is being purged; choose another location"
    )]
    LocationTaken {
        /// The requested location.
        location: String,
        /// The location that it overlaps with.
        other: String,
    },
    /// What was soft-deleted cannot be undropped: others have its names now.
    #[error("these names are in use: {}", list(.0))]
    NamesTaken(Vec<String>),
    /// A role would contain itself.
    #[error("role `{member}` cannot be in role `{role}`: that one is in it, or is the same")]
    RoleCycle {
        /// The role that was to get the member.
        role: RoleId,
        /// The role that was to become a member.
        member: RoleId,
    },
    /// Roles would be nested too deeply.
    #[error(
        "role `{member}` cannot be in role `{role}`: more than {most} roles would be in one another; nest them less deeply, or raise \
         `LAKEKEEPER__ROLE__MAX_NESTING_DEPTH`"
    )]
    RoleTooDeep {
        /// The role that was to get the member.
        role: RoleId,
        /// The role that was to become a member.
        member: RoleId,
        /// How many steps deep roles may be nested.
        most: u32,
    },
    /// The thing has as many tags as allowed.
    #[error("a {scope} may have at most {most} tags; detach one that is not needed any more")]
    TooManyTags {
        /// The kind of the thing.
        scope: TagScope,
        /// How many tags it may have.
        most: u32,
    },
    /// The idempotency key is in use: nothing was changed, and this is the record stored for it.
    #[error("the idempotency key has been used")]
    Replayed(Box<IdempotencyRecord>),
    /// A text contains a character that the database cannot store (U+0000 on PostgreSQL). Nothing was changed.
    #[error("a text has a character that the database cannot keep: {0}")]
    Unstorable(#[source] Box<dyn Error + Send + Sync>),
    /// The database did not answer or is not able to work now. Nothing was changed.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The connection broke after COMMIT was sent: whether the change was made is unknown.
    #[error("the outcome of the change is unknown: {0}")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
    /// The database returned something that it must not: a bug, or a damaged database.
    #[error("internal error of the store: {0}")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// The first names; there may be very many.
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
    /// Whether it is certain that the change was not made. If not, the change may turn out later to have been
    /// made, so everything that it refers to must be kept.
    pub const fn changed_nothing(&self) -> bool {
        !matches!(self, Self::OutcomeUnknown(_) | Self::Internal(_))
    }
}
