//! Use cases and helpers that tables, views and generic tables share.

mod creation;
mod credentials;
mod deleted;
mod drop;
mod exists;
mod list;
mod loaded;
mod protect;
mod register;
mod rename;
mod rename_grants;
mod target;
mod undrop;

pub(crate) use creation::{
    Creation, CreationPlace, FirstMetadata, create, creation_refused, insert,
};
pub use credentials::credentials;
pub use deleted::deleted;
pub(crate) use deleted::require_each;
pub(crate) use drop::levels;
pub use drop::{DropOptions, drop};
pub use exists::exists;
pub use list::{InNamespace, ListQuery, list};
pub(crate) use list::{collect, collect_visible};
pub(crate) use loaded::{CommittedTabular, once_loaded};
pub use loaded::{Loaded, LoadedStamp};
pub use protect::{protect, protection};
pub(crate) use register::{Source, register};
pub use rename::rename;
pub use target::{AtId, AtPath};
pub(crate) use target::{TabularAction, TabularTarget, data_action, missing, protected};
pub use undrop::undrop;
pub(crate) use undrop::undrop_authorized;
