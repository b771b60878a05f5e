//! `POST /v1/user`.

use axum::Json;
use axum::extract::State;
use catalog::user::{Created, Existing, NewUser, UserCreate};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{User, UserTypeField};
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Posted, user_id};

/// A user to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateUserRequest {
    /// The user's id: `oidc~<subject>`, `kubernetes~<uid>`, …; the caller's if absent.
    id: Option<String>,
    /// Required for another user than the caller; for the caller, taken from the token if absent.
    name: Option<String>,
    /// For the caller, taken from the token if absent.
    email: Option<String>,
    /// Required for another user than the caller; for the caller, taken from the token if absent.
    user_type: Option<UserTypeField>,
    /// Whether to update an existing user; otherwise the request is refused for it (409).
    #[serde(default)]
    update_if_exists: bool,
}

/// Create a user
///
/// Every caller may create itself.
#[utoipa::path(post, path = "/v1/user", tag = "user", operation_id = "create_user", request_body = CreateUserRequest,
    responses((status = 201, body = User),
        (status = 200, body = User, description = "The user existed already and was updated")))]
pub(crate) async fn create(
    State(app): State<App>,
    Posted { request, body }: Posted<CreateUserRequest>,
) -> ApiResult<(StatusCode, Json<User>)> {
    let new = UserCreate {
        id: body.id.as_deref().map(user_id).transpose()?,
        user: NewUser {
            name: body.name,
            email: body.email,
            user_type: body.user_type.map(Into::into),
        },
        existing: if body.update_if_exists {
            Existing::Updated
        } else {
            Existing::Refused
        },
    };
    let changes = app.changes();
    let act = async move { catalog::user::create(&app.catalog, &request, new).await };
    Ok(match run_to_end(changes, act).await? {
        Created::New(user) => (StatusCode::CREATED, Json(user.into())),
        Created::Known(user) => (StatusCode::OK, Json(user.into())),
    })
}
