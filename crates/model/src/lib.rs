//! The types that every other crate uses: ids, names, callers, events, bounds.
//!
//! Pure data. Nothing here does I/O, speaks HTTP or SQL, or reads a clock other than through [`Clock`].

mod bounds;
mod caller;
mod clock;
mod event;
mod excerpt;
mod grant;
mod id;
mod iso_8601;
mod name;
mod page;
mod properties;
mod request;
mod role;
mod tabular;
mod tag;
mod user;

pub use bounds::Bounds;
pub use caller::Caller;
pub use clock::{Clock, InvalidTimestamp, ManualClock, SystemClock, Timestamp};
pub use event::{Actor, Event, EventKind, Origin};
pub use excerpt::Excerpt;
pub use grant::{Grant, InvalidSecurable, Principal, Privilege, Privileges, Securable};
pub use id::{
    EventId, InvalidProjectId, NamespaceId, ProjectId, RoleId, SecretId, ServerId, TabularId,
    TagDefinitionId, TagId, TaskId, Version, WarehouseId,
};
pub use iso_8601::{parse_iso_8601, print_iso_8601};
pub use name::{
    InvalidName, Name, NameKey, NamespaceKey, NamespacePath, SEPARATOR, TabularPath, fold,
};
pub use page::{Page, PageItem, PageRequest, PageSize, PageToken};
pub use properties::Properties;
pub use request::{InvalidRequestId, RequestId};
pub use role::{InvalidRoleIdent, RoleIdent};
pub use tabular::{InvalidTableFormat, TableFormat, TabularKind};
pub use tag::{InvalidTagName, TagName, TagScope, TagTarget};
pub use user::{Identity, InvalidUserId, UserId, UserType};
