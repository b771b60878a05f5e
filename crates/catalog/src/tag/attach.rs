//! Attaches a tag to a thing, or changes its value there.

use authz::{Authorized, TagAction};
use model::{
    Bounds, EventKind, TagDefinitionId, TagId, TagName, TagTarget, Timestamp, WarehouseId,
};
use serde_json::{Value, json};
use store::{Effects, Entity, NewTag, StoreError, TagDefinitionRow, TagReach};

use super::target::{Purpose, TagSubject, Tagged, require};
use crate::tag_definition::{check_value, require_named};
use crate::{Catalog, CatalogError, Request, Result, TagErrorKind, events};

/// An attached tag.
#[derive(Debug, Clone)]
pub struct AppliedTag {
    /// The tag's definition.
    pub definition: TagDefinitionId,
    /// Its name.
    pub name: String,
    /// Its value on this thing.
    pub value: Option<String>,
    /// When it was attached or its value last changed.
    pub applied_at: Timestamp,
}

/// Attaches the tag with this value. Nothing changes if it is already attached with this value.
pub async fn attach(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, &TagSubject),
    name: &TagName,
    value: Option<String>,
) -> Result<AppliedTag> {
    let (tagged, target) = require(cx, request, at, Purpose::Attach).await?;
    let definition = require_named(cx, request, name, TagAction::Apply).await?;
    let row = &definition.0;
    if !row.scope.contains(&target.scope()) {
        let message = format!(
            "tag `{}` cannot be attached to a {}",
            row.name,
            target.scope()
        );
        return Err(CatalogError::new(
            TagErrorKind::ScopeNotAllowed.into(),
            message,
        ));
    }
    check_value(&row.name, &row.values, value.as_deref())?;
    let store = cx.store(&tagged);
    let there = store
        .tag_list((tagged.warehouse, target), TagReach::Direct)
        .await?;
    let applied = |applied_at| AppliedTag {
        definition: row.id,
        name: row.name.as_str().to_owned(),
        value: value.clone(),
        applied_at,
    };
    let same = there
        .iter()
        .find(|one| one.definition == row.id && one.value == value);
    if let Some(same) = same {
        return Ok(applied(same.updated_at.unwrap_or(same.created_at)));
    }
    let now = cx.now();
    write(cx, request, (&tagged, target), row, (value.clone(), now)).await?;
    Ok(applied(now))
}

async fn write(
    cx: &Catalog,
    request: &Request,
    (tagged, target): (&Authorized<Tagged>, TagTarget),
    definition: &TagDefinitionRow,
    (value, now): (Option<String>, Timestamp),
) -> Result<()> {
    let (warehouse, id) = (tagged.warehouse, definition.id);
    let body = told(&definition.name, id, (target, value.as_deref()));
    let about = subject(warehouse, target);
    let event = events::in_warehouse(
        EventKind::ApplyTag,
        warehouse,
        &about,
        request.at(now),
        &body,
    )?;
    let effects = Effects::telling([event]);
    let tag = NewTag {
        id: TagId::generate(),
        definition: id,
        warehouse,
        target,
        value,
        at: now,
    };
    let attached = cx.store(tagged).tag_attach(tag, Bounds::TAGS, effects);
    attached.await.map_err(|error| match error {
        StoreError::NotFound(Entity::TagDefinition(_)) => {
            let message = format!("tag `{}` has just been deleted", definition.name);
            CatalogError::new(TagErrorKind::NoSuchName.into(), message)
        }
        StoreError::NotFound(entity) => {
            let message = format!("{entity} has just been dropped");
            CatalogError::new(TagErrorKind::NoSuchTarget.into(), message)
        }
        other => other.into(),
    })
}

/// The body of the event about a tag and the thing that it is attached to.
pub(super) fn told(name: &TagName, id: TagDefinitionId, at: (TagTarget, Option<&str>)) -> Value {
    let (target, value) = at;
    let field = match target {
        TagTarget::Column(_, field) => Some(field),
        _ => None,
    };
    json!({
        "name": name.as_str(), "tag-definition-id": id, "target": target.scope(), "field-id": field,
        "value": value,
    })
}

/// The id of the thing that a tag is attached to.
pub(super) fn subject(warehouse: WarehouseId, target: TagTarget) -> impl std::fmt::Display {
    target.as_stored(warehouse).0
}
