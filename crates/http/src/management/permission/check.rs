//! `POST /v1/permissions/check`.

use axum::Json;
use axum::extract::State;
use catalog::permission::BatchCheck;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::operation::{Operation, unknown};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Posted, UserOrRole};

/// A permission to check.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CheckRequest {
    /// The user or role to check; the caller if absent.
    identity: Option<UserOrRole>,
    /// The resource, and as action a relation of the permissions API, such as `read_assignments` or `grant_select`.
    operation: Operation<String>,
}

/// The result of the check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckResponse {
    allowed: bool,
}

/// Check a permission
///
/// To check another user or role, the caller needs the permission to read the grants on the resource.
#[utoipa::path(post, path = "/v1/permissions/check", tag = "permissions-openfga", operation_id = "check",
    request_body = CheckRequest, responses((status = 200, body = CheckResponse)))]
pub(crate) async fn check(
    State(app): State<App>,
    Posted { request, body }: Posted<CheckRequest>,
) -> ApiResult<Json<CheckResponse>> {
    let (target, action) = body.operation.read(|kind, name| {
        let action = kind.relation(&name);
        action.ok_or_else(|| unknown(kind, &name))
    })?;
    let check = BatchCheck {
        of: body.identity.map(|of| of.read()).transpose()?,
        action,
        target,
    };
    let allowed = catalog::permission::check(&app.catalog, &request, check).await?;
    Ok(Json(CheckResponse { allowed }))
}
