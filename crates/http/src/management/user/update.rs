//! `PUT /v1/user/{user_id}`.

use axum::extract::State;
use catalog::user::UserUpdate;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::UserTypeField;
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted, user_id};

/// The new data of a user. It replaces the old data as a whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UpdateUserRequest {
    name: String,
    /// If absent, the user has no e-mail address any more.
    email: Option<String>,
    #[serde(alias = "user_type")]
    user_type: UserTypeField,
}

/// Update a user
#[utoipa::path(put, path = "/v1/user/{user_id}", tag = "user", operation_id = "update_user",
    params(("user_id" = String, Path)), request_body = UpdateUserRequest, responses((status = 200)))]
pub(crate) async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { request, body }: Posted<UpdateUserRequest>,
) -> ApiResult<StatusCode> {
    let id = user_id(&id)?;
    let update = UserUpdate {
        name: body.name,
        email: body.email,
        user_type: body.user_type.into(),
    };
    run_to_end(app.changes(), async move {
        catalog::user::update(&app.catalog, &request, &id, update).await
    })
    .await?;
    Ok(StatusCode::OK)
}
