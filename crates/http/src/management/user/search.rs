//! `POST /v1/search/user`.

use axum::Json;
use axum::extract::State;
use model::UserId;
use serde::{Deserialize, Serialize};
use store::UserRow;
use utoipa::ToSchema;

use super::UserTypeField;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::Posted;

/// The text to search for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SearchUserRequest {
    /// A part of a name, an e-mail address or an id. Only the first 64 characters count.
    search: String,
}

/// At most 10 users, the best match first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchUserResponse {
    users: Vec<SearchUser>,
}

/// A user that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SearchUser {
    name: String,
    #[schema(value_type = String)]
    id: UserId,
    user_type: UserTypeField,
    email: Option<String>,
}

impl From<UserRow> for SearchUser {
    fn from(row: UserRow) -> Self {
        Self {
            name: row.name,
            id: row.id,
            user_type: row.user_type.into(),
            email: row.email,
        }
    }
}

/// Search users
///
/// Finds names with typing errors, too.
#[utoipa::path(post, path = "/v1/search/user", tag = "user", operation_id = "search_user", request_body = SearchUserRequest,
    responses((status = 200, body = SearchUserResponse)))]
pub(crate) async fn search(
    State(app): State<App>,
    Posted { request, body }: Posted<SearchUserRequest>,
) -> ApiResult<Json<SearchUserResponse>> {
    let found = catalog::user::search(&app.catalog, &request, &body.search).await?;
    Ok(Json(SearchUserResponse {
        users: found.into_iter().map(Into::into).collect(),
    }))
}
