//! Generic tables: tables of other formats than Iceberg's. The catalog keeps their description, location and grants,
//! and does not look at their files.

mod create;
mod described;
mod load;

pub use create::{GenericTableCreate, create};
pub use described::{Description, GenericTable};
pub use load::load;
