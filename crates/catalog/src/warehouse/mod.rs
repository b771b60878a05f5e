//! Warehouses: their use cases, and the handle that other use cases work with.

mod conceal;
mod create;
mod drop;
mod handle;
mod list;
mod load;
mod managed;
mod report;
mod search;
mod settings;
mod storage;
mod update;
mod validate;

pub use conceal::concealed;
pub use create::{WarehouseCreate, create};
pub use drop::drop;
pub(crate) use handle::{Warehouse, WarehouseCache};
pub use list::list;
pub(crate) use load::{WarehouseTarget, find, missing};
pub use load::{WarehouseView, load};
pub use report::{Check, CheckName, CheckOutcome, Report};
pub use search::search;
pub use settings::{CredentialKind, DeleteProfile, FormatVersions, ManagedBy, WarehouseSettings};
pub use storage::Storage;
pub use update::{WarehouseChange, update};
pub use validate::{validate_access, validate_creation, validate_credential, validate_profile};
