//! Deletes a tag definition.

use authz::TagAction;
use model::{EventKind, TagDefinitionId};
use serde_json::json;
use store::{Effects, StoreError};

use super::load::{missing, require};
use crate::{Catalog, CatalogError, Request, Result, TagErrorKind, events};

/// Deletes the definition, which must not be attached to anything.
pub async fn drop(cx: &Catalog, request: &Request, id: TagDefinitionId) -> Result<()> {
    let definition = require(cx, request, id, TagAction::Delete).await?;
    let body = json!({ "project-id": definition.0.project, "name": definition.0.name.as_str() });
    let event = events::of_server(
        EventKind::DropTagDefinition,
        &id,
        request.at(cx.now()),
        &body,
    )?;
    let effects = Effects::telling([event]);
    let dropped = cx.store(&definition).tag_definition_drop(id, effects).await;
    dropped.map_err(|error| match error {
        StoreError::NotFound(_) => missing(id),
        StoreError::NotEmpty(_) => {
            let name = &definition.0.name;
            let message = format!(
                "tag `{name}` is still attached; detach it first (`GET …/tag-definition/{id}/attachments` lists where)"
            );
            CatalogError::new(TagErrorKind::InUse.into(), message)
        }
        other => other.into(),
    })
}
