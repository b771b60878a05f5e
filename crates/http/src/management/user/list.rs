//! `GET /v1/user`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::User;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{PageQuery, Query, ReadRequest, encode_token};

/// Which users to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsersQuery {
    /// Only users whose name contains this text, case-insensitive.
    name: Option<String>,
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of users in the page.
    page_size: Option<u64>,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListUsersResponse {
    users: Vec<User>,
    next_page_token: Option<String>,
}

/// List users
#[utoipa::path(get, path = "/v1/user", tag = "user", operation_id = "list_user", params(ListUsersQuery),
    responses((status = 200, body = ListUsersResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<ListUsersQuery>,
) -> ApiResult<Json<ListUsersResponse>> {
    // Always paged, even without a token: an installation may have very many users.
    let page = PageQuery::always(query.page_token, query.page_size).decode(&app)?;
    let name = query.name.unwrap_or_default();
    let found = catalog::user::list(&app.catalog, &request, &name, page).await?;
    Ok(Json(ListUsersResponse {
        users: found.items.into_iter().map(Into::into).collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}
