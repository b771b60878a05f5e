//! `POST /v1/action/batch-check`.

use axum::Json;
use axum::extract::State;
use catalog::permission::{BatchCheck, Missing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::operation::{Operation, unknown};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Posted, UserOrRole};

/// Permissions to check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CatalogActionsBatchCheckRequest {
    /// The checks, at most 1,000.
    checks: Vec<CatalogActionCheckItem>,
    /// Whether to refuse the whole request if a resource does not exist or the caller may not see it. Otherwise only the check on
    /// that resource answers `false`.
    #[serde(default)]
    error_on_not_found: bool,
}

/// One check: whether a user or role may perform an action on a resource.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CatalogActionCheckItem {
    /// Any text; the result repeats it.
    id: Option<String>,
    /// The user or role to check; the caller if absent.
    identity: Option<UserOrRole>,
    operation: Operation<NamedAction>,
}

/// An action. Further fields, such as a name or properties, are accepted and ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NamedAction {
    action: String,
}

/// The results, in the order of the checks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogActionsBatchCheckResponse {
    results: Vec<CatalogActionsBatchCheckResult>,
}

/// The result of one check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogActionsBatchCheckResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    allowed: bool,
}

/// Check many permissions at once
///
/// To check another user or role, the caller needs the permission to read the grants on each of the resources.
#[utoipa::path(post, path = "/v1/action/batch-check", tag = "authorization", operation_id = "batch_check_actions",
    request_body = CatalogActionsBatchCheckRequest, responses((status = 200, body = CatalogActionsBatchCheckResponse)))]
pub(crate) async fn batch_check(
    State(app): State<App>,
    Posted { request, body }: Posted<CatalogActionsBatchCheckRequest>,
) -> ApiResult<Json<CatalogActionsBatchCheckResponse>> {
    let missing = if body.error_on_not_found {
        Missing::Refused
    } else {
        Missing::Denied
    };
    let (mut ids, mut checks) = (Vec::new(), Vec::new());
    for item in body.checks {
        let (target, action) = item.operation.read(|kind, named| {
            let action = kind.action(&named.action);
            action.ok_or_else(|| unknown(kind, &named.action))
        })?;
        checks.push(BatchCheck {
            of: item.identity.map(|of| of.read()).transpose()?,
            action,
            target,
        });
        ids.push(item.id);
    }
    let answers = catalog::permission::check_all(&app.catalog, &request, &checks, missing).await?;
    let results = ids.into_iter().zip(answers);
    let results = results.map(|(id, allowed)| CatalogActionsBatchCheckResult { id, allowed });
    Ok(Json(CatalogActionsBatchCheckResponse {
        results: results.collect(),
    }))
}
