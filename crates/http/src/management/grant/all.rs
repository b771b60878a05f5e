//! `GET /v1/grants` and `GET /v1/grants/grantable-privileges`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::body::{GrantablePrivilegesResponse, ListGrantsQuery, ListGrantsResponse};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Query, ReadRequest};

/// List the grants of a user or role in a project
///
/// Only grants to the user or role itself, not those to its roles. Grants on soft-deleted resources are left out, and so are
/// grants on the server, which belongs to no project.
#[utoipa::path(get, path = "/v1/grants", tag = "grant", operation_id = "list_grants", params(ListGrantsQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListGrantsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<ListGrantsQuery>,
) -> ApiResult<Json<ListGrantsResponse>> {
    let (to, page) = query.decode(&app)?;
    let to = to.ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "MissingGrantPrincipal",
            "set `principalUser` or `principalRole`; to list the grants of everybody on one resource, use the `grants` of \
             that resource",
        )
    })?;
    let found = catalog::grant::of_principal(&app.catalog, &request, to, page).await?;
    Ok(Json(found.into()))
}

/// List the privileges of each kind of resource
#[utoipa::path(get, path = "/v1/grants/grantable-privileges", tag = "grant", operation_id = "get_grantable_privileges",
    responses((status = 200, body = GrantablePrivilegesResponse)))]
pub(crate) async fn grantable(ReadRequest(_): ReadRequest) -> Json<GrantablePrivilegesResponse> {
    Json(GrantablePrivilegesResponse::all())
}
