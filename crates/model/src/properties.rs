//! Properties: text by text, in the order of the keys.

use std::collections::BTreeMap;

/// Keys and values of a namespace.
pub type Properties = BTreeMap<String, String>;
