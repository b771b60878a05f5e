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

/// Questions about permissions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CatalogActionsBatchCheckRequest {
    /// 1,000 at most.
    checks: Vec<CatalogActionCheckItem>,
    /// Whether the request is refused if something is not there or not to be seen. Otherwise the answer for it is no.
    #[serde(default)]
    error_on_not_found: bool,
}

/// One question.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CatalogActionCheckItem {
    /// Comes back with the answer.
    id: Option<String>,
    /// Whose permission; the caller's if absent.
    identity: Option<UserOrRole>,
    operation: Operation<NamedAction>,
}

/// An action. What else one may say about it (a name, properties) is for engines that decide by it; those of this build do not.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NamedAction {
    action: String,
}

/// The answers, in the order of the questions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogActionsBatchCheckResponse {
    results: Vec<CatalogActionsBatchCheckResult>,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogActionsBatchCheckResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    allowed: bool,
}

/// Ask about many permissions at once
///
/// To ask about somebody else, one must be allowed to see the grants on each of the things.
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
