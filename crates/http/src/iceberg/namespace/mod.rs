//! Namespaces.

pub(crate) mod create;
pub(crate) mod drop;
pub(crate) mod exists;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod update;

use model::{NamespaceId, Properties};

/// Properties as they are answered: with the namespace's id.
fn answered(mut properties: Properties, id: NamespaceId) -> Properties {
    properties.insert("namespace_id".to_owned(), id.to_string());
    properties
}
