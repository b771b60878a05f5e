//! `GET /v1/role`.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::{Deserialize, Serialize};
use store::RoleFilter;
use utoipa::{IntoParams, ToSchema};

use super::{Role, decode, role_id};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Query, ReadRequest, encode_token, project_id, query_values};

/// Which roles to list. A filter may be repeated: a role must match one of its values.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRolesQuery {
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of roles in the page.
    page_size: Option<u64>,
    /// The id of the project. Deprecated: send the header `x-project-id` instead.
    project_id: Option<String>,
}

/// A page of roles.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListRolesResponse {
    roles: Vec<Role>,
    next_page_token: Option<String>,
}

/// List roles
#[utoipa::path(get, path = "/v1/role", tag = "role", operation_id = "list_roles",
    params(ListRolesQuery,
        ("roleIds" = Option<Vec<uuid::Uuid>>, Query, description = "Only roles with these ids"),
        ("sourceIds" = Option<Vec<String>>, Query, description = "Only roles with these ids at their providers (`source-id`)"),
        ("providerIds" = Option<Vec<String>>, Query, description = "Only roles of these providers (`provider-id`)"),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListRolesResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<ListRolesQuery>,
    RawQuery(raw): RawQuery,
) -> ApiResult<Json<ListRolesResponse>> {
    let raw = raw.unwrap_or_default();
    let some = |key| Some(query_values(&raw, key)).filter(|values| !values.is_empty());
    let ids = some("roleIds").map(|ids| ids.iter().map(|id| role_id(id)).collect());
    let filter = RoleFilter {
        ids: ids.transpose()?,
        providers: some("providerIds"),
        sources: some("sourceIds"),
    };
    let project = query.project_id.as_deref().map(project_id).transpose()?;
    let page = decode(&app, query.page_token, query.page_size)?;
    let found = catalog::role::list(&app.catalog, &request, project, filter, page).await?;
    Ok(Json(ListRolesResponse {
        next_page_token: found.next.as_ref().map(encode_token),
        roles: found.items.into_iter().map(Into::into).collect(),
    }))
}
