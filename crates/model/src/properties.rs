//! Properties: strings by key, in the order of their keys.

use std::collections::BTreeMap;

/// The properties of a namespace, table or view.
pub type Properties = BTreeMap<String, String>;
