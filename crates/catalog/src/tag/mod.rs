//! Attaches tags to things, and detaches and lists them.

mod attach;
mod detach;
mod list;
mod target;

pub use attach::{AppliedTag, attach};
pub use detach::detach;
pub use list::{Inheritance, list, list_of_columns};
pub use target::TagSubject;
