//! Finds roles by what somebody has typed.

use authz::ProjectAction;
use model::ProjectId;
use store::{RoleRow, RoleSearch};

use crate::{Catalog, Request, Result, project};

/// The rest of a longer text is not looked at.
const LONGEST_CHARS: usize = 64;
const MOST_ROLES: u32 = 10;

/// Roles of a project (the request's own if none is given) whose name is like the text, the best first; ten at most.
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
