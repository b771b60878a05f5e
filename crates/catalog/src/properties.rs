//! Checks the bounds of properties.

use model::{Bounds, Properties};

use crate::{CatalogError, Result};

/// Refuses too many or too long properties, and NUL characters, which a database does not accept. `what` names their
/// owner.
pub(crate) fn check(what: &'static str, properties: &Properties) -> Result<()> {
    if properties.len() > Bounds::PROPERTIES {
        return Err(CatalogError::bad_request(format!(
            "a {what} may have at most {} properties, not {}",
            Bounds::PROPERTIES,
            properties.len()
        )));
    }
    let bytes: usize = properties
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if bytes > Bounds::PROPERTIES_BYTES {
        return Err(CatalogError::bad_request(format!(
            "the properties of a {what} may have at most {} bytes, not {bytes}",
            Bounds::PROPERTIES_BYTES
        )));
    }
    if let Some((key, _)) = properties
        .iter()
        .find(|(key, value)| key.contains('\0') || value.contains('\0'))
    {
        let key = key.escape_default();
        return Err(CatalogError::bad_request(format!(
            "property `{key}` contains a NUL character"
        )));
    }
    Ok(())
}
