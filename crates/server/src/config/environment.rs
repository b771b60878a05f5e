//! The one place that reads the process's environment.

use std::collections::BTreeMap;

/// All variables whose name and value are valid UTF-8; the others cannot be meant for this program.
pub fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
        .collect()
}
