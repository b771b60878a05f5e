//! Kinds of errors that clients can tell apart.

use authz::ResourceKind;
use serde::{Deserialize, Serialize};

/// A kind of error that clients can tell apart. Each has one HTTP status and one `type` in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The request is invalid, and stays so.
    BadRequest,
    /// An update, a schema or a view is invalid; Java clients expect an argument error.
    InvalidArgument,
    /// A location is not acceptable.
    InvalidLocation,
    /// A storage profile or credential is not acceptable or does not work.
    InvalidStorage,
    /// An idempotency key was used before for another request.
    IdempotencyKeyReused,
    /// The request uses a part of the API that this build does not support.
    NotSupported,
    /// The request has more permission checks than are answered at once.
    TooManyChecks,
    /// A property is both set and removed.
    Unprocessable,
    /// The caller is not allowed to do this. It may be allowed later, so this error is never recorded under an
    /// idempotency key.
    #[serde(skip)]
    Forbidden(ForbiddenKind),
    /// A rule forbids it, whatever has been granted to the caller.
    Rule(RuleErrorKind),
    /// A change of grants or assignments is refused.
    Grant(GrantErrorKind),
    /// A contract verifier denies it.
    Contract(ContractErrorKind),
    /// Only a trusted engine may set this property.
    ProtectedProperty,
    /// There is no such user.
    NoSuchUser,
    /// There is no such role.
    NoSuchRole,
    /// The user or role that is to become a member of a role does not exist.
    NoSuchRoleMember,
    /// Another role has this name.
    RoleNameTaken,
    /// Another role has this provider-id and source-id.
    RoleIdentTaken,
    /// A provider-id and a source-id that together are not valid for a role.
    InvalidRoleIdent,
    /// A provider-id that is reserved.
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
    /// No table has or had the location that a request to be signed leads to.
    NoSuchTableLocation,
    /// There is no such view.
    NoSuchView,
    /// There is no such generic table.
    NoSuchGenericTable,
    /// There is no such task.
    NoSuchTask,
    /// There is no such function.
    NoSuchFunction,
    /// The metadata file that the catalog points to has been deleted by something else.
    MissingMetadataFile,
    /// The name or id is already in use.
    AlreadyExists,
    /// Another generic table has this name.
    GenericTableAlreadyExists,
    /// A schema, statistics or a description is too long.
    PartTooLarge,
    /// A role would be a member of itself, directly or indirectly.
    RoleCycle,
    /// Roles would be nested too deeply.
    RoleTooDeep,
    /// The location overlaps with one that is in use.
    LocationTaken,
    /// A namespace is not empty.
    NamespaceNotEmpty,
    /// A namespace is protected.
    NamespaceProtected,
    /// A namespace would be moved below itself.
    NamespaceInItself,
    /// A table, view or generic table is protected.
    TabularProtected,
    /// A warehouse is protected.
    WarehouseProtected,
    /// A project or warehouse is not empty.
    NotEmpty,
    /// A tag cannot be defined or attached as requested.
    Tag(TagErrorKind),
    /// A page token is not one that this list has returned.
    InvalidPageToken,
    /// A requirement of a commit does not hold, or the commit lost too many races. The client may refresh and retry.
    CommitFailed,
    /// Concurrent changes came first, in each of several attempts.
    ConcurrentUpdate,
    /// The server has already been bootstrapped.
    AlreadyBootstrapped,
    /// The requested events have already been removed.
    EventsGone,
    /// It is not known whether the commit happened.
    CommitStateUnknown,
    /// A service that is needed does not answer; nothing was changed.
    Unavailable,
    /// An internal error; nothing was changed.
    Internal,
}

/// Rules of the server or of a warehouse that forbid something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RuleErrorKind {
    /// Only instance administrators may do this, whatever has been granted to others.
    InstanceAdminRequired,
    /// The warehouse is managed by the operator: only instance administrators may change it.
    WarehouseManaged,
    /// The format version does not exist.
    InvalidFormatVersion,
    /// The warehouse does not allow tables of this format version.
    FormatVersionNotAllowed,
    /// The warehouse does not allow the format version that a table gets when its creator names none.
    DefaultFormatVersionNotAllowed,
    /// The namespace cannot move, because the warehouse's storage layout derives folders from namespaces.
    LayoutForbidsMove,
    /// The warehouse's storage profile overlaps with that of another warehouse.
    StorageOverlaps,
}

/// Reasons why a change of grants or assignments is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantErrorKind {
    /// The change has no writes and no deletes.
    EmptyDiff,
    /// The change has too many grants.
    DiffTooLarge,
    /// The change names the same grant twice.
    Repeated,
    /// An assignment to be added already exists.
    AssignmentExists,
    /// An assignment to be removed does not exist.
    NoSuchAssignment,
    /// There is no such privilege on this kind of thing.
    UnknownPrivilege,
    /// The user who is to get a privilege is not known.
    NoSuchUser,
    /// The role that is to get a privilege does not exist.
    NoSuchRole,
}

/// Reasons why a change of a tag or its definition is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TagErrorKind {
    /// The name is reserved for the catalog itself.
    Reserved,
    /// The definition contradicts itself or is beyond a bound.
    InvalidDefinition,
    /// The new definition would forbid scopes that it has allowed.
    ScopeNarrowed,
    /// The project already has a tag of this name.
    NameTaken,
    /// The project has no tag of this name.
    NoSuchName,
    /// The tag is still attached to something.
    InUse,
    /// The tag does not allow this value.
    InvalidValue,
    /// The tag cannot be attached to this kind of thing.
    ScopeNotAllowed,
    /// The thing already has as many tags as it may.
    TooMany,
    /// The thing that the tag is to be attached to does not exist, or is in another project.
    NoSuchTarget,
    /// The table has no such column.
    NoSuchColumn,
}

/// What a caller is not allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForbiddenKind {
    /// An action on this kind of thing.
    Action(ResourceKind),
    /// To grant or revoke the privilege.
    Grant,
    /// To act as the role.
    AssumeRole,
    /// To have requests signed: the warehouse's storage profile disables remote signing.
    RemoteSigning,
    /// To reach the location that the request is about.
    Reach,
}

/// Reasons why a contract verifier denies a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContractErrorKind {
    /// The change is refused; a retry is of no use.
    Forbidden,
    /// The change contradicts the current state.
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
    /// Whether the error says that something does not exist.
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

    /// Whether the same request would get the same answer again, so that it may be recorded under an idempotency key.
    pub const fn is_terminal(self) -> bool {
        !matches!(
            self,
            Self::Forbidden(_)
                // A verifier may decide otherwise next time.
                | Self::Contract(_)
                | Self::Rule(
                    RuleErrorKind::InstanceAdminRequired | RuleErrorKind::WarehouseManaged
                )
                | Self::ProtectedProperty
                // These may succeed on a retry.
                | Self::ConcurrentUpdate
                | Self::IdempotencyKeyReused
                | Self::InvalidStorage
                | Self::MissingMetadataFile
                | Self::CommitStateUnknown
                | Self::Unavailable
                | Self::Internal
        )
    }
}
