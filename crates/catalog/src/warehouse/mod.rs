//! Warehouses: what they are to the other use cases, and their own use cases.

mod create;
mod drop;
mod handle;
mod list;
mod load;
mod settings;
mod update;

pub use create::{WarehouseCreate, create};
pub use drop::drop;
pub(crate) use handle::{Warehouse, WarehouseCache};
pub use list::list;
pub use load::{WarehouseView, load};
pub use settings::{CredentialKind, DeleteProfile, FormatVersions, WarehouseSettings};
pub use update::{WarehouseChange, update};
