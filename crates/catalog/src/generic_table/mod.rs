//! Generic tables: of any format but Iceberg's. The catalog keeps how they are described, where they are and who may do what
//! with them; their files it leaves to others.

mod create;
mod credentials;
mod described;
mod drop;
mod list;
mod load;
mod protect;
mod rename;

pub use create::{GenericTableCreate, create};
pub use credentials::credentials;
pub use described::{Description, GenericTable};
pub use drop::drop;
pub use list::list;
pub use load::load;
pub use protect::{protect, protection};
pub use rename::rename;
