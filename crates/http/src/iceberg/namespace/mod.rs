//! Operations on namespaces.

pub(crate) mod create;
pub(crate) mod drop;
pub(crate) mod exists;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod update;

use model::{NamespaceId, Properties};

/// The properties in an answer: the stored ones, and the namespace's id as `namespace_id`.
fn answered(mut properties: Properties, id: NamespaceId) -> Properties {
    properties.insert("namespace_id".to_owned(), id.to_string());
    properties
}
