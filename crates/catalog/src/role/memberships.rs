//! Lists the roles that a principal is a member of.

use authz::{ProjectAction, RoleAction};
use model::{Page, Principal, ProjectId, RoleId};
use store::{Membership, RoleRow, Store};

use super::{find, missing, require};
use crate::{Catalog, ListQuery, Request, Result, project, tabular};

/// The roles that the role is a member of, ordered by id. To list transitive ones, the caller must be allowed to list
/// all roles of the project.
pub async fn member_of(
    cx: &Catalog,
    request: &Request,
    id: RoleId,
    membership: Membership,
    query: ListQuery,
) -> Result<Page<RoleRow>> {
    let of = Principal::Role(id);
    match membership {
        Membership::Direct => {
            let role = require(cx, request, id, RoleAction::ReadRoleAssignments).await?;
            roles_of(cx.store(&role), &of, &role.0.project, membership, query).await
        }
        Membership::Transitive => {
            let project = project::of_request(cx, request)?;
            let project = project::require(cx, request, &project, ProjectAction::ListRoles).await?;
            if find(cx, id).await?.project != project.0.id {
                return Err(missing(id));
            }
            roles_of(cx.store(&project), &of, &project.0.id, membership, query).await
        }
    }
}

/// The roles of a project that a principal is a member of.
pub(crate) async fn roles_of(
    store: &dyn Store,
    of: &Principal,
    project: &ProjectId,
    membership: Membership,
    query: ListQuery,
) -> Result<Page<RoleRow>> {
    tabular::collect(query, async |page| {
        Ok(store.role_member_of(of, project, membership, page).await?)
    })
    .await
}
