//! Lists the roles of a user.

use authz::UserAction;
use model::{Page, Principal, UserId};
use store::{Membership, RoleRow};

use super::{refused, require};
use crate::{Catalog, ListQuery, Request, Result, project, role};

/// The roles of the request's project that the user is a member of, ordered by id.
pub async fn roles(
    cx: &Catalog,
    request: &Request,
    id: &UserId,
    membership: Membership,
    query: ListQuery,
) -> Result<Page<RoleRow>> {
    let user = require(cx, request, id, UserAction::ReadRoleAssignments).await?;
    let project = project::of_request(cx, request)?;
    cx.store(&user).user_load(id).await.map_err(refused)?;
    let of = Principal::User(id.clone());
    role::roles_of(cx.store(&user), &of, &project, membership, query).await
}
