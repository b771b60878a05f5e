//! `/v1/role/{role_id}/member-of` and `/v1/user/{user_id}/roles`.

use axum::Json;
use axum::extract::State;
use store::Membership;

use super::{ListRoleMembershipsResponse, PagedQuery, role_id};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::user_id;
use crate::extract::{Path, Query, ReadRequest};

/// List the roles that a role is a direct member of
#[utoipa::path(get, path = "/v1/role/{role_id}/member-of", tag = "role", operation_id = "list_role_member_of",
    params(("role_id" = String, Path), PagedQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListRoleMembershipsResponse)))]
pub(crate) async fn of_role(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
    Query(query): Query<PagedQuery>,
) -> ApiResult<Json<ListRoleMembershipsResponse>> {
    let (page, id) = (query.decode(&app)?, role_id(&id)?);
    let membership = Membership::Direct;
    let found = catalog::role::member_of(&app.catalog, &request, id, membership, page).await?;
    Ok(Json(found.into()))
}

/// List all roles that a role is a member of, directly or through other roles
#[utoipa::path(get, path = "/v1/role/{role_id}/member-of/transitive", tag = "role",
    operation_id = "list_role_transitive_member_of",
    params(("role_id" = String, Path), PagedQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListRoleMembershipsResponse)))]
pub(crate) async fn of_role_transitive(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
    Query(query): Query<PagedQuery>,
) -> ApiResult<Json<ListRoleMembershipsResponse>> {
    let (page, id) = (query.decode(&app)?, role_id(&id)?);
    let membership = Membership::Transitive;
    let found = catalog::role::member_of(&app.catalog, &request, id, membership, page).await?;
    Ok(Json(found.into()))
}

/// List the roles that a user is a direct member of
#[utoipa::path(get, path = "/v1/user/{user_id}/roles", tag = "role", operation_id = "list_user_roles",
    params(("user_id" = String, Path), PagedQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListRoleMembershipsResponse)))]
pub(crate) async fn of_user(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
    Query(query): Query<PagedQuery>,
) -> ApiResult<Json<ListRoleMembershipsResponse>> {
    let (page, id) = (query.decode(&app)?, user_id(&id)?);
    let membership = Membership::Direct;
    let found = catalog::user::roles(&app.catalog, &request, &id, membership, page).await?;
    Ok(Json(found.into()))
}

/// List all roles that a user is a member of, directly or through other roles
#[utoipa::path(get, path = "/v1/user/{user_id}/roles/transitive", tag = "role", operation_id = "list_user_transitive_roles",
    params(("user_id" = String, Path), PagedQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListRoleMembershipsResponse)))]
pub(crate) async fn of_user_transitive(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
    Query(query): Query<PagedQuery>,
) -> ApiResult<Json<ListRoleMembershipsResponse>> {
    let (page, id) = (query.decode(&app)?, user_id(&id)?);
    let membership = Membership::Transitive;
    let found = catalog::user::roles(&app.catalog, &request, &id, membership, page).await?;
    Ok(Json(found.into()))
}
