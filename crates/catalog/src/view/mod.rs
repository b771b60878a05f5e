//! Views.

mod create;
mod drop;
mod exists;
mod list;
mod load;
mod protect;
mod register;
mod rename;
mod replace;

pub use create::{ViewCreate, create};
pub use drop::drop;
pub use exists::exists;
pub use list::list;
pub use load::load;
pub use protect::{protect, protection};
pub use register::{ViewRegister, register};
pub use rename::rename;
pub use replace::{ViewReplace, replace};
