//! Projects.

mod create;
mod drop;
mod list;
mod load;
mod rename;

pub use create::{ProjectCreate, create};
pub use drop::drop;
pub use list::list;
pub use load::load;
pub(crate) use load::{ProjectTarget, find, of_request, require};
pub use rename::rename;

use crate::{CatalogError, Result};

/// Checks a project's name: 1 to 500 characters, none of them a control character.
fn check_name(name: &str) -> Result<()> {
    let length = name.chars().count();
    if !(1..=500).contains(&length) || name.chars().any(char::is_control) {
        let message = format!(
            "a project name must have 1 to 500 characters and no control character; this one has {length} characters"
        );
        return Err(CatalogError::bad_request(message));
    }
    Ok(())
}
