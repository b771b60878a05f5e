//! Changes a tag definition in ways that keep all attached tags valid.

use std::collections::BTreeSet;

use authz::TagAction;
use model::{EventKind, TagDefinitionId, TagName, TagScope};
use serde_json::json;
use store::{Effects, StoreError, TagDefinitionRow, TagValues};

use super::load::{missing, require, taken};
use super::values;
use crate::again::Attempts;
use crate::{Catalog, CatalogError, Request, Result, TagErrorKind, events};

/// The new state of a definition.
#[derive(Debug, Clone)]
pub struct TagDefinitionUpdate {
    /// Its name.
    pub name: TagName,
    /// A description for people; removed if absent.
    pub description: Option<String>,
    /// The kinds of things that it can be attached to; must contain all present ones.
    pub scope: BTreeSet<TagScope>,
    /// Values to add to those of an enumerated tag.
    pub more_values: Vec<String>,
}

/// Changes the definition.
pub async fn update(
    cx: &Catalog,
    request: &Request,
    id: TagDefinitionId,
    update: TagDefinitionUpdate,
) -> Result<TagDefinitionRow> {
    let mut attempts = Attempts::default();
    loop {
        let definition = require(cx, request, id, TagAction::Update).await?;
        let now = cx.now();
        let row = TagDefinitionRow {
            updated_at: Some(now),
            ..changed(&definition.0, update.clone())?
        };
        let body = json!({ "project-id": row.project, "name": row.name.as_str() });
        let event = events::of_server(EventKind::UpdateTagDefinition, &id, request.at(now), &body)?;
        let effects = Effects::telling([event]);
        let store = cx.store(&definition);
        match store.tag_definition_update(row.clone(), effects).await {
            Ok(()) => return Ok(row),
            Err(StoreError::Stale { .. }) => {}
            Err(StoreError::NotFound(_)) => return Err(missing(id)),
            Err(StoreError::AlreadyExists(_)) => return Err(taken(&row.name)),
            Err(error) => return Err(error.into()),
        }
        let what = || format!("tag definition `{id}`");
        attempts.lost(what).await?;
    }
}

fn changed(now: &TagDefinitionRow, update: TagDefinitionUpdate) -> Result<TagDefinitionRow> {
    values::check(&update.name, update.description.as_deref(), &update.scope)?;
    let lost: Vec<_> = now.scope.difference(&update.scope).collect();
    if !lost.is_empty() {
        let lost: Vec<_> = lost.into_iter().map(|scope| scope.as_str()).collect();
        let message = format!(
            "the scope of a tag can only become wider: `scope` lacks {}",
            lost.join(", ")
        );
        return Err(CatalogError::new(
            TagErrorKind::ScopeNarrowed.into(),
            message,
        ));
    }
    let values = match &now.values {
        TagValues::Enumerated(there) => {
            TagValues::Enumerated(values::with(there.clone(), update.more_values)?)
        }
        other if update.more_values.is_empty() => other.clone(),
        other => {
            let message = format!(
                "`add-allowed-values` is for `enumerated` tags; this one is `{}`",
                other.kind()
            );
            return Err(values::invalid(message));
        }
    };
    Ok(TagDefinitionRow {
        name: update.name,
        description: update.description.filter(|text| !text.is_empty()),
        scope: update.scope,
        values,
        ..now.clone()
    })
}
