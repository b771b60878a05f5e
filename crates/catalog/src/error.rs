//! Why a use case did not do what it was asked to. What HTTP makes of it is decided in `http` alone.

use std::error::Error;
use std::time::Duration;

use authz::{Denied, Resource};
use iceberg::{CodecError, ParseError, RequirementFailed, UpdateError};
use model::{InvalidName, InvalidProjectId};
use objects::{LocationError, ObjectError, ProfileError};
use serde::{Deserialize, Serialize};
use store::StoreError;

use crate::tabular::missing;

/// The result of a use case.
pub type Result<T> = std::result::Result<T, CatalogError>;

/// What programs can tell apart. Each kind has one status and one `type` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The request is wrong, and stays wrong.
    BadRequest,
    /// An update, a schema or a view cannot be as it is asked for; Java's clients expect an argument error.
    InvalidArgument,
    /// A location is not acceptable.
    InvalidLocation,
    /// A storage profile or credential is not acceptable or does not work.
    InvalidStorage,
    /// An idempotency key is used for another request.
    IdempotencyKeyReused,
    /// What was asked for is part of the API but not of this build.
    NotSupported,
    /// More checks at once than are answered.
    TooManyChecks,
    /// A property is both set and removed.
    Unprocessable,
    /// The caller may not.
    Forbidden,
    /// A rule of the warehouse forbids it, whoever asks for it.
    Rule(RuleErrorKind),
    /// What is given to whom cannot be changed so.
    Grant(GrantErrorKind),
    /// A verifier of contracts does not allow it.
    Contract(ContractErrorKind),
    /// A property that only a trusted engine may set.
    ProtectedProperty,
    /// There is no such user.
    NoSuchUser,
    /// There is no such role.
    NoSuchRole,
    /// Who or what was to come into a role is not there.
    NoSuchRoleMember,
    /// The name of a role is taken.
    RoleNameTaken,
    /// Another role is the one that the provider calls so.
    RoleIdentTaken,
    /// A provider-id and a source-id that together name no role.
    InvalidRoleIdent,
    /// A provider-id that is not for everybody.
    ReservedRoleProvider,
    /// There is no such tag definition.
    NoSuchTagDefinition,
    /// There is no such project.
    NoSuchProject,
    /// There is no such warehouse, or it is not active.
    NoSuchWarehouse,
    /// There is no such namespace.
    NoSuchNamespace,
    /// There is no such table.
    NoSuchTable,
    /// No table is or has been where a request leads to.
    NoSuchTableLocation,
    /// There is no such view.
    NoSuchView,
    /// There is no such generic table.
    NoSuchGenericTable,
    /// There is no such task.
    NoSuchTask,
    /// There is no such function.
    NoSuchFunction,
    /// The metadata file that the catalog points to has been deleted by others.
    MissingMetadataFile,
    /// The name or id is taken.
    AlreadyExists,
    /// The name of a generic table is taken by another one.
    GenericTableAlreadyExists,
    /// A schema, statistics or a description is too long.
    PartTooLarge,
    /// A role would be in itself.
    RoleCycle,
    /// Too many roles would be in one another.
    RoleTooDeep,
    /// The location is in use.
    LocationTaken,
    /// A namespace still holds something.
    NamespaceNotEmpty,
    /// A namespace is protected.
    NamespaceProtected,
    /// A namespace would lie in itself.
    NamespaceInItself,
    /// A table or view is protected.
    TabularProtected,
    /// A warehouse is protected.
    WarehouseProtected,
    /// A project or warehouse still holds something.
    NotEmpty,
    /// A tag cannot be defined or attached as it is asked for.
    Tag(TagErrorKind),
    /// A token of a page is not one that the list has answered.
    InvalidPageToken,
    /// A requirement does not hold, or a race was lost too often. The client may refresh and retry.
    CommitFailed,
    /// A concurrent change came first, again and again.
    ConcurrentUpdate,
    /// The installation has been bootstrapped before.
    AlreadyBootstrapped,
    /// Events that were asked for have been removed.
    EventsGone,
    /// Nobody knows whether the commit happened.
    CommitStateUnknown,
    /// A part that is needed does not answer; nothing was changed.
    Unavailable,
    /// Our own fault; nothing was changed.
    Internal,
}

/// What programs can tell apart where a warehouse has rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RuleErrorKind {
    /// Only the operator's administrators may do this, whatever has been given to others.
    InstanceAdminRequired,
    /// Only the operator's administrators may change the warehouse.
    WarehouseManaged,
    /// There is no such format version.
    InvalidFormatVersion,
    /// Tables of this format version are not wanted.
    FormatVersionNotAllowed,
    /// What a table would be whose creator says nothing is not wanted.
    DefaultFormatVersionNotAllowed,
    /// The warehouse's layout says where a namespace lies, so it has to stay there.
    LayoutForbidsMove,
}

/// What programs can tell apart where something is given or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantErrorKind {
    /// A change of grants that changes nothing.
    EmptyDiff,
    /// A change of too many grants.
    DiffTooLarge,
    /// A grant that stands in a change twice.
    Repeated,
    /// An assignment that was to be made is there.
    AssignmentExists,
    /// An assignment that was to be taken back is not there.
    NoSuchAssignment,
    /// A privilege that there is not on such a thing.
    UnknownPrivilege,
    /// A user to whom something was to be given is not known.
    NoSuchUser,
    /// A role to which something was to be given is not there.
    NoSuchRole,
}

/// What programs can tell apart where tags are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TagErrorKind {
    /// The name is one that only the catalog itself may use.
    Reserved,
    /// The definition contradicts itself or is beyond a bound.
    InvalidDefinition,
    /// The definition would no longer allow what it allows.
    ScopeNarrowed,
    /// The project has a tag of this name.
    NameTaken,
    /// The project has no tag of this name.
    NoSuchName,
    /// The tag is attached to something.
    InUse,
    /// The tag does not take this value.
    InvalidValue,
    /// The tag cannot be attached to such things.
    ScopeNotAllowed,
    /// The thing has as many tags as it may.
    TooMany,
    /// What the tag is to be attached to is not there, or in another project.
    NoSuchTarget,
    /// The table has no such column.
    NoSuchColumn,
}

/// What programs can tell apart where verifiers of contracts are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContractErrorKind {
    /// The change is refused, and trying again is of no use.
    Forbidden,
    /// The change contradicts what is there now.
    Violated,
}

impl From<GrantErrorKind> for ErrorKind {
    fn from(kind: GrantErrorKind) -> Self {
        Self::Grant(kind)
    }
}

impl From<TagErrorKind> for ErrorKind {
    fn from(kind: TagErrorKind) -> Self {
        Self::Tag(kind)
    }
}

impl From<RuleErrorKind> for ErrorKind {
    fn from(kind: RuleErrorKind) -> Self {
        Self::Rule(kind)
    }
}

impl ErrorKind {
    /// Whether it says that something is not there.
    pub const fn is_missing(self) -> bool {
        matches!(
            self,
            Self::NoSuchUser
                | Self::NoSuchRole
                | Self::NoSuchTagDefinition
                | Self::NoSuchProject
                | Self::NoSuchWarehouse
                | Self::NoSuchNamespace
                | Self::NoSuchTable
                | Self::NoSuchView
                | Self::NoSuchGenericTable
        )
    }

    /// Whether the same request would get the same answer: what an idempotency key makes final.
    pub const fn is_terminal(self) -> bool {
        !matches!(
            self,
            Self::Forbidden
                // A verifier may change its mind.
                | Self::Contract(_)
                | Self::Rule(
                    RuleErrorKind::InstanceAdminRequired | RuleErrorKind::WarehouseManaged
                )
                | Self::ProtectedProperty
                | Self::IdempotencyKeyReused
                | Self::InvalidStorage
                | Self::MissingMetadataFile
                | Self::CommitStateUnknown
                | Self::Unavailable
                | Self::Internal
        )
    }
}

/// An error with a text for the caller and, behind it, the cause for the log.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CatalogError {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// What the caller is told.
    pub message: String,
    /// What the log is told.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// When to try again, if somebody said so.
    pub retry_after: Option<Duration>,
    /// Whether it says that something is not there because the caller may not know of it.
    pub(crate) is_hidden: bool,
}

impl CatalogError {
    /// An error without a further cause.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
            retry_after: None,
            is_hidden: false,
        }
    }

    /// A wrong request.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, message)
    }

    /// An error of our own; the cause goes to the log only.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "internal error; the log of the server says more".to_owned();
        Self {
            kind: ErrorKind::Internal,
            message,
            source: Some(source.into()),
            retry_after: None,
            is_hidden: false,
        }
    }

    /// The error for what is not there, if this one hides something: both must read the same.
    pub(crate) fn or_missing(self, missing: impl FnOnce() -> Self) -> Self {
        if self.is_hidden { missing() } else { self }
    }

    /// The same for another caller whom it concerns as well.
    pub(crate) fn told_again(&self) -> Self {
        Self {
            kind: self.kind,
            message: self.message.clone(),
            source: self.source.as_ref().map(|source| source.to_string().into()),
            retry_after: self.retry_after,
            is_hidden: self.is_hidden,
        }
    }

    fn caused(
        kind: ErrorKind,
        message: String,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            message,
            source: Some(source.into()),
            retry_after: None,
            is_hidden: false,
        }
    }
}

impl From<InvalidName> for CatalogError {
    fn from(error: InvalidName) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<InvalidProjectId> for CatalogError {
    fn from(error: InvalidProjectId) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<ParseError> for CatalogError {
    fn from(error: ParseError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<CodecError> for CatalogError {
    fn from(error: CodecError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<UpdateError> for CatalogError {
    fn from(error: UpdateError) -> Self {
        let kind = match error {
            UpdateError::Invalid(_) => ErrorKind::InvalidArgument,
            UpdateError::Stale(_) => ErrorKind::CommitFailed,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<RequirementFailed> for CatalogError {
    fn from(error: RequirementFailed) -> Self {
        Self::new(ErrorKind::CommitFailed, error.to_string())
    }
}

impl From<LocationError> for CatalogError {
    fn from(error: LocationError) -> Self {
        Self::new(ErrorKind::InvalidLocation, error.to_string())
    }
}

impl From<ProfileError> for CatalogError {
    fn from(error: ProfileError) -> Self {
        Self::new(ErrorKind::InvalidStorage, error.to_string())
    }
}

impl From<ObjectError> for CatalogError {
    fn from(error: ObjectError) -> Self {
        let kind = match &error {
            ObjectError::NotFound { .. }
            | ObjectError::Invalid { .. }
            | ObjectError::TooLarge { .. } => ErrorKind::BadRequest,
            ObjectError::PermissionDenied { .. } => ErrorKind::InvalidStorage,
            ObjectError::Unavailable { .. } | ObjectError::Timeout { .. } => ErrorKind::Unavailable,
            ObjectError::AlreadyExists { .. } => ErrorKind::Internal,
        };
        Self::new(kind, error.report())
    }
}

impl From<Denied> for CatalogError {
    fn from(error: Denied) -> Self {
        match error {
            Denied::Forbidden { .. } => Self::new(ErrorKind::Forbidden, error.to_string()),
            Denied::Hidden(resource) => Self {
                is_hidden: true,
                ..hidden(&resource)
            },
            Denied::Unavailable(_) => Self::caused(
                ErrorKind::Unavailable,
                "the authorizer does not answer; try again".to_owned(),
                error,
            ),
        }
    }
}

/// The error for an id that nothing has.
fn hidden(resource: &Resource) -> CatalogError {
    let (kind, what, id) = match resource {
        Resource::Server => (ErrorKind::Forbidden, "Server", String::new()),
        Resource::User(id) => (ErrorKind::NoSuchUser, "User", id.to_string()),
        Resource::Project(id) => (ErrorKind::NoSuchProject, "Project", id.to_string()),
        Resource::Role(_, id) => (ErrorKind::NoSuchRole, "Role", id.to_string()),
        Resource::TagDefinition(_, id) => (
            ErrorKind::NoSuchTagDefinition,
            "Tag definition",
            id.to_string(),
        ),
        Resource::Warehouse(at) => (ErrorKind::NoSuchWarehouse, "Warehouse", at.id.to_string()),
        Resource::Namespace(_, id) => (ErrorKind::NoSuchNamespace, "Namespace", id.to_string()),
        Resource::Tabular(kind, .., id) => return missing(*kind, id),
    };
    CatalogError::new(kind, format!("{what} does not exist: {id}"))
}

impl From<store::CorruptMetadata> for CatalogError {
    fn from(error: store::CorruptMetadata) -> Self {
        Self::internal(error)
    }
}

impl From<secrets::SecretError> for CatalogError {
    fn from(error: secrets::SecretError) -> Self {
        Self::caused(
            ErrorKind::Unavailable,
            "the secret store does not answer or cannot open the secret".to_owned(),
            error,
        )
    }
}

/// For what a use case did not expect; expected refusals are named where the store is called.
impl From<StoreError> for CatalogError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(entity) => {
                let kind = match entity {
                    store::Entity::Project(_) => ErrorKind::NoSuchProject,
                    store::Entity::Warehouse(_) | store::Entity::WarehouseName(_) => ErrorKind::NoSuchWarehouse,
                    store::Entity::Namespace(_) | store::Entity::NamespacePath(_) => ErrorKind::NoSuchNamespace,
                    store::Entity::Tabular(_) | store::Entity::TabularName(_) => ErrorKind::NoSuchTable,
                    _ => return Self::internal(format!("{entity} does not exist")),
                };
                Self::new(kind, format!("{entity} does not exist"))
            }
            StoreError::AlreadyExists(entity) => {
                Self::new(ErrorKind::AlreadyExists, format!("{entity} already exists"))
            }
            StoreError::NotEmpty(entity) => Self::new(ErrorKind::NotEmpty, format!("{entity} is not empty")),
            StoreError::Stale { .. } => Self::new(
                ErrorKind::ConcurrentUpdate,
                "a concurrent change came first; refresh and try again",
            ),
            StoreError::NamesTaken(_) => Self::new(
                ErrorKind::AlreadyExists,
                format!("{error}; rename or drop what has them now, and try again"),
            ),
            StoreError::RoleCycle { .. } => Self::new(ErrorKind::RoleCycle, error.to_string()),
            StoreError::RoleTooDeep { .. } => Self::new(ErrorKind::RoleTooDeep, error.to_string()),
            StoreError::LocationTaken { .. } => Self::new(ErrorKind::LocationTaken, error.to_string()),
            // Refused at the edge; this is for a text that was forgotten there.
            StoreError::Unstorable(_) => Self::caused(
                ErrorKind::BadRequest,
                "a text of the request has a character that cannot be kept, such as U+0000; remove it".to_owned(),
                error,
            ),
            StoreError::Unavailable(_) => {
                Self::caused(ErrorKind::Unavailable, "the database does not answer; nothing was changed, try again".to_owned(), error)
            }
            StoreError::OutcomeUnknown(_) => Self::caused(
                ErrorKind::CommitStateUnknown,
                "the connection to the database broke while the change was committed; nobody knows whether it happened".to_owned(),
                error,
            ),
            StoreError::Replayed(_) | StoreError::Internal(_) => Self::internal(error),
        }
    }
}
