//! Which roles somebody is in.

use authz::{Authorized, ProjectAction, RoleAction};
use model::{Page, Principal, ProjectId, RoleId};
use store::{Membership, RoleRow};

use super::{find, missing, require};
use crate::{Catalog, ListQuery, Request, Result, project, tabular};

/// The roles that the role is in, by id. Roles above those are seen by whoever may see all roles of the project.
pub async fn member_of(
    cx: &Catalog,
    request: &Request,
    (id, membership): (RoleId, Membership),
    query: ListQuery,
) -> Result<Page<RoleRow>> {
    let of = Principal::Role(id);
    match membership {
        Membership::Direct => {
            let role = require(cx, request, id, RoleAction::ReadRoleAssignments).await?;
            let which = (&of, &role.0.project, membership);
            roles_of(cx, &role, which, query).await
        }
        Membership::Transitive => {
            let project = project::of_request(cx, request)?;
            let project = project::require(cx, request, &project, ProjectAction::ListRoles).await?;
            if find(cx, id).await?.project != project.0.id {
                return Err(missing(id));
            }
            let which = (&of, &project.0.id, membership);
            roles_of(cx, &project, which, query).await
        }
    }
}

/// The roles of a project that somebody is in.
pub(crate) async fn roles_of<T: Sync>(
    cx: &Catalog,
    proof: &Authorized<T>,
    (of, project, membership): (&Principal, &ProjectId, Membership),
    query: ListQuery,
) -> Result<Page<RoleRow>> {
    let store = cx.store(proof);
    let which = (project, membership);
    tabular::collect(query, async |page| {
        Ok(store.role_member_of(of, which, page).await?)
    })
    .await
}
