//! Tag definitions: the tags that a project has, with the values that they allow and what they can be attached to.

mod attachments;
mod create;
mod drop;
mod list;
mod load;
mod update;
mod values;

pub use attachments::attachments;
pub use create::{TagDefinitionCreate, create};
pub use drop::drop;
pub use list::{TagDefinitionQuery, list};
pub use load::load;
pub(crate) use load::{find, require_named};
pub use update::{TagDefinitionUpdate, update};
pub(crate) use values::check_value;
pub use values::{TagValueKind, values};
