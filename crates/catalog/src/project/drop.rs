//! Deletes a project.

use authz::ProjectAction;
use model::{EventKind, ProjectId};
use serde_json::json;
use store::Effects;

use super::load::{of_request, require};
use crate::{Catalog, Request, Result, events};

/// Deletes the project (the request's own if no id is given), which must have no warehouses.
pub async fn drop(cx: &Catalog, request: &Request, id: Option<ProjectId>) -> Result<()> {
    let id = id.map_or_else(|| of_request(cx, request), Ok)?;
    let project = require(cx, request, &id, ProjectAction::Delete).await?;
    let event = events::of_server(
        EventKind::DropProject,
        &id,
        request.at(cx.now()),
        &json!({ "project-name": project.0.name }),
    )?;
    let effects = Effects::telling([event]);
    Ok(cx.store(&project).project_drop(&id, effects).await?)
}
