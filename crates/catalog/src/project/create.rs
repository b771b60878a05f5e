//! Creates a project.

use authz::{Action, ServerAction};
use model::{EventKind, Privilege, ProjectId, Securable};
use serde_json::json;
use store::{Effects, ProjectRow, StoreError};

use super::check_name;
use crate::server::ServerTarget;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events};

/// A project to be created.
#[derive(Debug, Clone)]
pub struct ProjectCreate {
    /// Its id; a generated one if absent.
    pub id: Option<ProjectId>,
    /// Its name.
    pub name: String,
}

/// Creates the project and returns its id. The caller becomes its administrator.
pub async fn create(cx: &Catalog, request: &Request, new: ProjectCreate) -> Result<ProjectId> {
    let server = cx
        .require(
            request,
            Action::Server(ServerAction::CreateProject),
            ServerTarget,
        )
        .await?;
    check_name(&new.name)?;
    let (id, now) = (new.id.unwrap_or_else(ProjectId::generate), cx.now());
    let event = events::of_server(
        EventKind::CreateProject,
        &id,
        request.at(now),
        &json!({ "project-name": new.name }),
    )?;
    let row = ProjectRow {
        id: id.clone(),
        name: new.name,
        created_at: now,
    };
    let effects = Effects {
        grants: request.creators_grant(Securable::Project(id.clone()), Privilege::ProjectAdmin),
        ..Effects::telling([event])
    };
    cx.store(&server)
        .project_create(row, effects)
        .await
        .map_err(|error| match error {
            StoreError::AlreadyExists(_) => CatalogError::new(
                ErrorKind::AlreadyExists,
                format!("a project with the id `{id}` exists already"),
            ),
            other => other.into(),
        })?;
    Ok(id)
}
