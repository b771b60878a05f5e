//! Views.

mod create;
mod load;
mod register;
mod replace;

pub use create::{ViewCreate, create};
pub use load::load;
pub use register::{ViewRegister, register};
pub use replace::{ViewReplace, replace};
