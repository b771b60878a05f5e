//! Defines a tag.

use std::collections::BTreeSet;

use authz::ProjectAction;
use model::{EventKind, Securable, TagDefinitionId, TagName, TagScope, Version};
use serde_json::json;
use store::{Effects, StoreError, TagDefinitionRow, TagValues};

use super::load::taken;
use super::values;
use crate::{Catalog, Request, Result, events, project};

/// A tag definition to be created.
#[derive(Debug, Clone)]
pub struct TagDefinitionCreate {
    /// Its name.
    pub name: TagName,
    /// A description for people.
    pub description: Option<String>,
    /// The kinds of things that it can be attached to.
    pub scope: BTreeSet<TagScope>,
    /// The values that it allows.
    pub values: TagValues,
}

/// Defines the tag in the request's project.
pub async fn create(
    cx: &Catalog,
    request: &Request,
    new: TagDefinitionCreate,
) -> Result<TagDefinitionRow> {
    let project = project::of_request(cx, request)?;
    let project = project::require(cx, request, &project, ProjectAction::CreateTag).await?;
    values::check(&new.name, new.description.as_deref(), &new.scope)?;
    let now = cx.now();
    let row = TagDefinitionRow {
        id: TagDefinitionId::generate(),
        project: project.0.id.clone(),
        name: new.name,
        description: new.description.filter(|text| !text.is_empty()),
        scope: new.scope,
        values: new.values,
        version: Version::FIRST,
        created_at: now,
        updated_at: None,
    };
    let body = json!({ "project-id": row.project, "name": row.name.as_str() });
    let event = events::of_server(
        EventKind::CreateTagDefinition,
        &row.id,
        request.at(now),
        &body,
    )?;
    let effects = Effects {
        grants: request.ownership(Securable::TagDefinition(row.id)),
        ..Effects::telling([event])
    };
    let created = cx
        .store(&project)
        .tag_definition_create(row.clone(), effects);
    created.await.map_err(|error| match error {
        StoreError::AlreadyExists(_) => taken(&row.name),
        other => other.into(),
    })?;
    Ok(row)
}
