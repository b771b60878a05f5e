//! Searches roles by name.

use authz::ProjectAction;
use model::ProjectId;
use store::{RoleRow, RoleSearch};

use crate::{Catalog, Request, Result, project};

/// Characters of the search text that are used; the rest is ignored.
const LONGEST_CHARS: usize = 64;
const MOST_ROLES: u32 = 10;

/// Roles of a project (the request's own if none is given) whose name is similar to the text, best match first; ten
/// at most.
pub async fn search(
    cx: &Catalog,
    request: &Request,
    project: Option<ProjectId>,
    text: &str,
) -> Result<Vec<RoleRow>> {
    let project = project.map_or_else(|| project::of_request(cx, request), Ok)?;
    let project = project::require(cx, request, &project, ProjectAction::SearchRoles).await?;
    let text: String = text.chars().take(LONGEST_CHARS).collect();
    let search = RoleSearch::of(project.0.id.clone(), &text, MOST_ROLES);
    Ok(cx.store(&project).role_search(search).await?)
}
