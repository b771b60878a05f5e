//! Generic tables: of any format but Iceberg's. The catalog keeps how they are described, where they are and who may do what
//! with them; their files it leaves to others.

mod create;
mod described;
mod load;

pub use create::{GenericTableCreate, create};
pub use described::{Description, GenericTable};
pub use load::load;
