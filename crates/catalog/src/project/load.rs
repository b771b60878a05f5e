//! Loads a project.

use authz::{Action, Authorized, ProjectAction, Protected, Resource};
use model::ProjectId;
use store::{ProjectRow, StoreError};

use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A project that a request is about.
#[derive(Debug, Clone)]
pub(crate) struct ProjectTarget(pub(crate) ProjectRow);

impl Protected for ProjectTarget {
    fn resource(&self) -> Resource {
        Resource::Project(self.0.id.clone())
    }
}

/// The project that the request names, or the default project.
pub(crate) fn of_request(cx: &Catalog, request: &Request) -> Result<ProjectId> {
    request
        .project
        .clone()
        .or_else(|| cx.settings.default_project.clone())
        .ok_or_else(|| {
            CatalogError::bad_request(
                "no project is named: send the header `x-project-id`, or set a default project",
            )
        })
}

/// The project, before the caller's rights are checked.
pub(crate) async fn find(cx: &Catalog, id: &ProjectId) -> Result<ProjectTarget> {
    match cx.lookup().project_load(id).await {
        Ok(row) => Ok(ProjectTarget(row)),
        Err(StoreError::NotFound(_)) => Err(missing(cx, id).await?),
        Err(error) => Err(error.into()),
    }
}

/// The error for a project that does not exist. The bootstrap creates the default project.
async fn missing(cx: &Catalog, id: &ProjectId) -> Result<CatalogError> {
    let is_default = cx.settings.default_project.as_ref() == Some(id);
    let message = if is_default && cx.lookup().server_load().await?.bootstrapped_at.is_none() {
        "the catalog is not bootstrapped yet, so there is no default project: call `POST /management/v1/bootstrap` first".to_owned()
    } else {
        format!("Project does not exist: {id}")
    };
    Ok(CatalogError::new(ErrorKind::NoSuchProject, message))
}

/// The project, if the caller may do `action` on it.
pub(crate) async fn require(
    cx: &Catalog,
    request: &Request,
    id: &ProjectId,
    action: ProjectAction,
) -> Result<Authorized<ProjectTarget>> {
    let project = find(cx, id).await?;
    cx.require(request, Action::Project(action), project).await
}

/// The project; the request's own if no id is given.
pub async fn load(cx: &Catalog, request: &Request, id: Option<ProjectId>) -> Result<ProjectRow> {
    let id = id.map_or_else(|| of_request(cx, request), Ok)?;
    Ok(require(cx, request, &id, ProjectAction::GetMetadata)
        .await?
        .into_inner()
        .0)
}
