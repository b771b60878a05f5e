//! Lists projects.

use authz::{Action, ProjectAction, ServerAction};
use store::ProjectRow;

use super::load::ProjectTarget;
use crate::server::ServerTarget;
use crate::{Catalog, ListQuery, Request, Result, tabular};

/// The projects that the caller may see.
pub async fn list(cx: &Catalog, request: &Request) -> Result<Vec<ProjectRow>> {
    let server = cx
        .require(
            request,
            Action::Server(ServerAction::ListProjects),
            ServerTarget,
        )
        .await?;
    let store = cx.store(&server);
    let all = tabular::collect(ListQuery::Everything, async |page| {
        Ok(store.project_list(page).await?)
    })
    .await?;
    let seen = all.items.into_iter().map(ProjectTarget).collect();
    let visible = cx
        .filter(request, Action::Project(ProjectAction::GetMetadata), seen)
        .await?;
    Ok(visible.into_iter().map(|one| one.into_inner().0).collect())
}
