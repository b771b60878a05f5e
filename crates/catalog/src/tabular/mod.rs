//! What the use cases of tables, views and generic tables share.

mod creation;
mod credentials;
mod deleted;
mod drop;
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
pub(crate) use credentials::credentials;
pub use deleted::deleted;
pub(crate) use deleted::require_each;
pub use drop::DropOptions;
pub(crate) use drop::{drop, levels};
pub use list::ListQuery;
pub(crate) use list::{collect, collect_visible, list};
pub(crate) use loaded::{CommittedTabular, once_loaded};
pub use loaded::{Loaded, LoadedStamp};
pub(crate) use protect::{protect, protection};
pub(crate) use register::{Source, register};
pub(crate) use rename::rename;
pub use target::AtPath;
pub(crate) use target::{AtId, TabularAction, TabularTarget, data_action, missing, protected};
pub use undrop::undrop;
pub(crate) use undrop::undrop_authorized;
