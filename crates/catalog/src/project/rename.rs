//! Renames a project.

use authz::ProjectAction;
use model::{EventKind, ProjectId};
use serde_json::json;
use store::Effects;

use super::check_name;
use super::load::{of_request, require};
use crate::{Catalog, Request, Result, events};

/// Gives the project (the request's own if no id is given) another name.
pub async fn rename(
    cx: &Catalog,
    request: &Request,
    id: Option<ProjectId>,
    name: &str,
) -> Result<()> {
    let id = id.map_or_else(|| of_request(cx, request), Ok)?;
    let project = require(cx, request, &id, ProjectAction::Rename).await?;
    check_name(name)?;
    let event = events::of_server(
        EventKind::RenameProject,
        &id,
        request.at(cx.now()),
        &json!({ "project-name": name }),
    )?;
    let effects = Effects::telling([event]);
    Ok(cx
        .store(&project)
        .project_rename(&id, name, effects)
        .await?)
}
