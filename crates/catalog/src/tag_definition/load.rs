//! Finds tag definitions, and requires rights on them.

use authz::{Action, Authorized, Protected, Resource, TagAction};
use model::{TagDefinitionId, TagName};
use store::{StoreError, TagDefinitionRow};

use crate::{Catalog, CatalogError, ErrorKind, Request, Result, TagErrorKind, project};

/// A definition that a request is about.
#[derive(Debug, Clone)]
pub(crate) struct DefinitionTarget(pub(crate) TagDefinitionRow);

impl Protected for DefinitionTarget {
    fn resource(&self) -> Resource {
        Resource::TagDefinition(self.0.project.clone(), self.0.id)
    }
}

/// The definition, if it is in the request's project, before the caller's rights are checked.
pub(crate) async fn find(
    cx: &Catalog,
    request: &Request,
    id: TagDefinitionId,
) -> Result<DefinitionTarget> {
    let project = project::of_request(cx, request)?;
    match cx.lookup().tag_definition_load(&project, id).await {
        Ok(row) => Ok(DefinitionTarget(row)),
        Err(StoreError::NotFound(_)) => Err(missing(id)),
        Err(error) => Err(error.into()),
    }
}

/// The definition, if it is in the request's project and the caller may do `action` on it.
pub(super) async fn require(
    cx: &Catalog,
    request: &Request,
    id: TagDefinitionId,
    action: TagAction,
) -> Result<Authorized<DefinitionTarget>> {
    let target = find(cx, request, id).await?;
    cx.require(request, Action::Tag(action), target).await
}

/// The same, by the tag's name.
pub(crate) async fn require_named(
    cx: &Catalog,
    request: &Request,
    name: &TagName,
    action: TagAction,
) -> Result<Authorized<DefinitionTarget>> {
    let project = project::of_request(cx, request)?;
    let missing = || {
        let message = format!("the project has no tag with the name `{name}`");
        CatalogError::new(TagErrorKind::NoSuchName.into(), message)
    };
    let found = cx.lookup().tag_definition_find(&project, name).await;
    let row = found.map_err(|error| match error {
        StoreError::NotFound(_) => missing(),
        other => other.into(),
    })?;
    let target = DefinitionTarget(row);
    let required = cx.require(request, Action::Tag(action), target).await;
    required.map_err(|error| error.or_missing(missing))
}

pub(super) fn missing(id: TagDefinitionId) -> CatalogError {
    let message = format!("Tag definition does not exist: {id}");
    CatalogError::new(ErrorKind::NoSuchTagDefinition, message)
}

pub(super) fn taken(name: &TagName) -> CatalogError {
    let message = format!("the project already has a tag with the name `{name}`");
    CatalogError::new(TagErrorKind::NameTaken.into(), message)
}

/// The definition.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    id: TagDefinitionId,
) -> Result<TagDefinitionRow> {
    let found = require(cx, request, id, TagAction::Read).await?;
    Ok(found.into_inner().0)
}
