//! Namespaces.

mod create;
mod drop;
mod folder;
mod list;
mod load;
mod move_to;
mod protect;
mod target;
mod update;

pub use create::{NamespaceCreate, NamespaceCreated, create};
pub use drop::{Children, Files, NamespaceDropOptions, Protections, drop};
pub(crate) use folder::folder;
pub use list::list;
pub use load::{NamespaceView, exists, load};
pub use move_to::{NamespaceMoved, move_to};
pub use protect::{ProtectionState, protect, protection};
pub(crate) use target::NamespaceTarget;
pub(crate) use target::missing;
pub use update::{PropertiesUpdate, PropertiesUpdated, update};
