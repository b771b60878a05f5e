//! The traits through which the catalog stores its data: one small trait per entity, each method atomic.
//!
//! A store hands out no transactions. The caller passes everything that must become true at once – the change, its
//! events, its tasks, its idempotency record – and gets back the result or the reason for the refusal.

#[cfg(feature = "conformance")]
pub mod conformance;
mod effects;
mod error;
mod event_sink;
mod gather;
mod grants;
mod idempotency;
mod mirror;
mod namespace;
mod obsolete_file;
mod outbox;
mod project;
mod resolve;
mod role;
mod search;
mod secret;
mod server;
mod soft_deletion;
mod statistics;
mod stored_metadata;
mod tabular;
mod tag;
mod task;
mod user;
mod warehouse;

pub use effects::Effects;
pub use error::{Entity, Result, StoreError};
pub use event_sink::{DeadLetter, EventSinks, NewDeadLetter};
pub use gather::{Gathered, Gathering};
pub use grants::{
    Below, GrantChange, GrantRow, Grants, ManagedAccess, ManagedAccessOf, NamedRoles, OnCursor,
    PathBuilder, PathPrivileges, Place, Step, ToCursor, Unchanged,
};
pub use idempotency::{Idempotency, IdempotencyRecord};
pub use mirror::{
    Completeness, Fact, FactChange, FactKey, FactKind, FactState, Fed, Mirror, MirrorSink,
};
pub use namespace::{
    ListedNamespace, NamespaceDrop, NamespaceMove, NamespaceRow, NamespaceTree, Namespaces,
    NewNamespace, TreeNamespace, TreeTabular,
};
pub use obsolete_file::{NotedFiles, Obsolete, ObsoleteFile, ObsoleteFiles};
pub use outbox::{OUTBOX_READ_BYTES, Outbox, OutboxBounds, OutboxRow, OutboxSpan};
pub use project::{ProjectRow, Projects};
pub use resolve::{
    NamespaceStamp, ResolveKey, ResolveTarget, Resolved, Resolver, TabularStamp, WarehouseStamp,
};
pub use role::{
    MemberFilter, MemberKind, Membership, RoleAssign, RoleChange, RoleFilter, RoleMember,
    RoleMembers, RoleRow, RoleSearch, Roles,
};
pub use search::{FoundTabular, NameLike, TabularSearch, Wanted};
pub use secret::{SEALED_HEAD_BYTES, SealedHead, SealedSecret, SecretRows};
pub use server::{Reopened, ServerRow, Servers};
pub use soft_deletion::{
    DeletedQuery, DeletedTabular, DropMode, Expiry, SoftDeletions, SoftDrop, Undrop,
};
pub use statistics::{
    CallsAbout, CallsQuery, CountedCalls, EndpointCalls, STATISTICS_SPAN, Statistics,
    WarehouseCounts, hour_of,
};
pub use stored_metadata::{CorruptMetadata, StoredMetadata};
pub use tabular::{
    AtVersion, Commit, ListedTabular, NewTabular, PlacedTabular, Swap, TabularContent,
    TabularRename, TabularRow, Tabulars,
};
pub use tag::{
    AttachedTag, NewTag, TagAttachment, TagDefinitionRow, TagFilter, TagReach, TagValues, Tags,
};
pub use task::{
    Instruction, Lease, METADATA_CLEANUP, NewTask, SOFT_DELETION, TABULAR_PURGE, TASK_LOG_CLEANUP,
    TaskAttempt, TaskClaim, TaskConfig, TaskControl, TaskDetails, TaskEnd, TaskFilter, TaskInfo,
    TaskReport, TaskRow, TaskScope, TaskStatus, TaskSubjects, TaskTabular, Tasks, WithoutTabular,
};
pub use user::{UserRow, UserSearch, UserSource, Users};
pub use warehouse::{WarehouseRow, WarehouseStatus, Warehouses};

use std::fmt::Debug;

/// Everything that the catalog needs from a database.
pub trait Store:
    Resolver
    + Servers
    + Projects
    + Warehouses
    + Namespaces
    + Tabulars
    + ObsoleteFiles
    + SoftDeletions
    + Idempotency
    + Tasks
    + Outbox
    + EventSinks
    + SecretRows
    + Users
    + Grants
    + Roles
    + Tags
    + Mirror
    + Statistics
    + Debug
    + Send
    + Sync
{
}

impl<T> Store for T where
    T: Resolver
        + Servers
        + Projects
        + Warehouses
        + Namespaces
        + Tabulars
        + ObsoleteFiles
        + SoftDeletions
        + Idempotency
        + Tasks
        + Outbox
        + EventSinks
        + SecretRows
        + Users
        + Grants
        + Roles
        + Tags
        + Mirror
        + Statistics
        + Debug
        + Send
        + Sync
{
}

/// Whether a warehouse, namespace, table or view may be dropped without force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Protection {
    /// It may be dropped.
    Off,
    /// It may be dropped only with force.
    On,
}

impl From<bool> for Protection {
    fn from(protected: bool) -> Self {
        if protected { Self::On } else { Self::Off }
    }
}

impl From<Protection> for bool {
    fn from(protection: Protection) -> Self {
        protection == Protection::On
    }
}
