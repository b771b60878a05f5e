//! Detaches a tag from a thing.

use authz::TagAction;
use model::{EventKind, TagName, WarehouseId};
use store::{Effects, StoreError};

use super::attach::{subject, told};
use super::target::{Purpose, TagSubject, require};
use crate::tag_definition::require_named;
use crate::{Catalog, Request, Result, events};

/// Detaches the tag. If it is not attached, nothing changes.
pub async fn detach(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, &TagSubject),
    name: &TagName,
) -> Result<()> {
    let (tagged, target) = require(cx, request, at, Purpose::Detach).await?;
    let definition = require_named(cx, request, name, TagAction::Remove).await?;
    let (warehouse, id) = (tagged.warehouse, definition.0.id);
    let body = told(&definition.0.name, id, (target, None));
    let about = subject(warehouse, target);
    let event = events::in_warehouse(
        EventKind::RemoveTag,
        warehouse,
        &about,
        request.at(cx.now()),
        &body,
    )?;
    let effects = Effects::telling([event]);
    let store = cx.store(&tagged);
    match store.tag_detach(id, (warehouse, target), effects).await {
        Ok(()) | Err(StoreError::NotFound(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
