//! Lists roles.

use authz::ProjectAction;
use model::{Page, ProjectId};
use store::{RoleFilter, RoleRow};

use crate::{Catalog, ListQuery, Request, Result, project, tabular};

/// The roles of a project (the request's own if none is given) that match the filter, ordered by id.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    project: Option<ProjectId>,
    filter: RoleFilter,
    query: ListQuery,
) -> Result<Page<RoleRow>> {
    let project = project.map_or_else(|| project::of_request(cx, request), Ok)?;
    let project = project::require(cx, request, &project, ProjectAction::ListRoles).await?;
    let (store, id) = (cx.store(&project), &project.0.id);
    tabular::collect(query, async |page| {
        Ok(store.role_list(id, filter.clone(), page).await?)
    })
    .await
}
