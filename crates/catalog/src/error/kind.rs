//! What programs can tell apart.

use authz::ResourceKind;
use serde::{Deserialize, Serialize};

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
    /// The caller may not. It may be allowed later, so this is never kept.
    #[serde(skip)]
    Forbidden(ForbiddenKind),
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
    /// Its storage profile leads to files of another warehouse.
    StorageOverlaps,
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

/// What programs can tell apart of what a caller may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForbiddenKind {
    /// The action, on such a thing.
    Action(ResourceKind),
    /// To give or take back what is to be given or taken back.
    Grant,
    /// To act as the role.
    AssumeRole,
    /// To have requests signed: the warehouse's storage profile says that none are.
    RemoteSigning,
    /// What the request is about is not within what it may reach.
    Reach,
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
            Self::Forbidden(_)
                // A verifier may change its mind.
                | Self::Contract(_)
                | Self::Rule(
                    RuleErrorKind::InstanceAdminRequired | RuleErrorKind::WarehouseManaged
                )
                | Self::ProtectedProperty
                // The others may be done the next time.
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
