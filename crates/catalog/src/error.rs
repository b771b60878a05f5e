//! Errors of the use cases. Only `http` maps them to HTTP statuses.

mod kind;

use std::error::Error;
use std::time::Duration;

use authz::{Action, Denied, Resource, ResourceKind};
use iceberg::{CodecError, ParseError, RequirementFailed, UpdateError};
use model::{InvalidName, InvalidProjectId};
use objects::{LocationError, ObjectError, ProfileError};
use store::StoreError;

use crate::tabular::missing;

pub use kind::{
    ContractErrorKind, ErrorKind, ForbiddenKind, GrantErrorKind, RuleErrorKind, TagErrorKind,
};

/// The result of a use case.
pub type Result<T> = std::result::Result<T, CatalogError>;

/// An error with a message for the caller and a cause for the log.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CatalogError {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// The message for the caller.
    pub message: String,
    /// The cause, for the log only.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// After what time the caller may retry, if it is known.
    pub retry_after: Option<Duration>,
    /// Whether it reads like "not there" because the caller may not know that the thing exists.
    pub(crate) is_hidden: bool,
    /// Whether it may pass without a change of the thing itself: when the caller gets another right, or a warehouse is activated.
    pub(crate) is_passing: bool,
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
            is_passing: false,
        }
    }

    /// An error in the request.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequest, message)
    }

    /// An internal error; the cause goes to the log only.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message =
            "internal error; the server's log has the details, under the id in `x-request-id`";
        Self::caused(ErrorKind::Internal, message.to_owned(), source)
    }

    /// Returns `missing()` instead if this error hides something, so that both cases read the same.
    pub(crate) fn or_missing(self, missing: impl FnOnce() -> Self) -> Self {
        if self.is_hidden {
            missing().passing()
        } else {
            self
        }
    }

    /// Marks the error as one that may pass although the thing itself does not change.
    pub(crate) fn passing(self) -> Self {
        Self {
            is_passing: true,
            ..self
        }
    }

    /// A copy for another caller that the error concerns as well. Of the source, only the text is copied.
    pub(crate) fn copy_for_other_caller(&self) -> Self {
        Self {
            kind: self.kind,
            message: self.message.clone(),
            source: self.source.as_ref().map(|source| source.to_string().into()),
            retry_after: self.retry_after,
            is_hidden: self.is_hidden,
            is_passing: self.is_passing,
        }
    }

    fn caused(
        kind: ErrorKind,
        message: String,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(kind, message)
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
            | ObjectError::Unaddressable { .. }
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
            Denied::Forbidden { action, .. } => Self::new(forbidden(action), error.to_string()),
            Denied::Hidden(resource) => Self {
                is_hidden: true,
                is_passing: true,
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

/// The kind of error for a caller that may not do this.
pub(crate) fn forbidden(action: Action) -> ErrorKind {
    ErrorKind::Forbidden(match action.resource_kind() {
        Some(kind) => ForbiddenKind::Action(kind),
        None => ForbiddenKind::Grant,
    })
}

/// The error for an id that does not exist.
fn hidden(resource: &Resource) -> CatalogError {
    let (kind, what, id) = match resource {
        Resource::Server => (
            ErrorKind::Forbidden(ForbiddenKind::Action(ResourceKind::Server)),
            "Server",
            String::new(),
        ),
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

/// The message does not say whose location it is, because the caller may not be allowed to know; the log has the cause.
fn location_taken(location: &str) -> String {
    format!(
        "location `{location}` overlaps with that of another table, view or warehouse (perhaps one that has moved since), or \
         with files that are being purged; choose another location"
    )
}

/// For errors that a use case does not expect; the expected ones are mapped where the store is called.
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
            StoreError::NotEmpty(entity) => {
                let first = match entity {
                    store::Entity::Warehouse(_) => {
                        ": drop its namespaces first; soft-deleted tables and views count until they expire \
                         (`GET /management/v1/warehouse/{id}/deleted-tabulars` lists them)"
                    }
                    store::Entity::Project(_) => ": delete its warehouses first",
                    _ => "",
                };
                Self::new(ErrorKind::NotEmpty, format!("{entity} is not empty{first}"))
            }
            StoreError::Stale { .. } => Self::new(
                ErrorKind::ConcurrentUpdate,
                "a concurrent change came first; refresh and try again",
            ),
            StoreError::NamesTaken(_) => Self::new(
                ErrorKind::AlreadyExists,
                format!("{error}; rename or drop what has these names now, and try again"),
            ),
            StoreError::RoleCycle { .. } => Self::new(ErrorKind::RoleCycle, error.to_string()),
            StoreError::RoleTooDeep { .. } => Self::new(ErrorKind::RoleTooDeep, error.to_string()),
            StoreError::TooManyTags { .. } => {
                Self::new(TagErrorKind::TooMany.into(), error.to_string())
            }
            StoreError::LocationTaken { ref location, .. } => {
                let message = location_taken(location);
                Self::caused(ErrorKind::LocationTaken, message, error)
            }
            // Such a text is refused when the request is read; this covers texts that are not checked there.
            StoreError::Unstorable(_) => Self::caused(
                ErrorKind::BadRequest,
                "a text in the request contains a character that cannot be stored, such as U+0000; remove it".to_owned(),
                error,
            ),
            StoreError::Unavailable(_) => {
                Self::caused(ErrorKind::Unavailable, "the database does not answer; nothing was changed, try again".to_owned(), error)
            }
            StoreError::OutcomeUnknown(_) => Self::caused(
                ErrorKind::CommitStateUnknown,
                "the connection to the database broke while the change was committed; it may or may not have been applied".to_owned(),
                error,
            ),
            StoreError::Replayed(_) | StoreError::Internal(_) => Self::internal(error),
        }
    }
}
