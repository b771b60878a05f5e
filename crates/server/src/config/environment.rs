//! The only module that reads the environment of the process.

use std::collections::BTreeMap;

/// All variables whose name and value are valid UTF-8; others cannot be meant for this program.
pub fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
        .collect()
}
