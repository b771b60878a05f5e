//! `POST /v1/warehouse-creation-validation`, `POST /v1/warehouse/{warehouse_id}/storage/validate-…`: make the checks of an
//! operation without the operation. A failed check is part of a 200 answer, not an error.

use axum::Json;
use axum::extract::State;
use catalog::warehouse::{self, Check, CheckName, CheckOutcome, Report};
use serde::Serialize;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use uuid::Uuid;

use super::create::CreateWarehouseRequest;
use super::update::{UpdateWarehouseCredentialRequest, UpdateWarehouseStorageRequest};
use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult, ErrorModel};
use crate::extract::{Bodyless, Path, Posted};

/// The outcome of a validation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValidateWarehouseResponse {
    /// Whether no check failed. Skipped checks do not count as failed.
    valid: bool,
    /// All checks, in the order in which they are made.
    checks: Vec<ValidationCheck>,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ValidationCheck {
    /// What the check verifies.
    #[schema(schema_with = check_names)]
    name: &'static str,
    /// The outcome of the check.
    status: ValidationCheckStatus,
    /// How long the check took, in milliseconds; absent if it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// Why the check was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The error with which the operation would be refused, if the check failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorModel>,
}

/// The outcome of a check.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ValidationCheckStatus {
    Passed,
    Failed,
    Skipped,
}

fn check_names() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(CheckName::ALL.map(CheckName::as_str)))
        .build()
}

impl From<Report> for ValidateWarehouseResponse {
    fn from(report: Report) -> Self {
        Self {
            valid: report.is_valid(),
            checks: report.0.into_iter().map(ValidationCheck::from).collect(),
        }
    }
}

impl From<Check> for ValidationCheck {
    fn from(check: Check) -> Self {
        let (status, took, reason, error) = match check.outcome {
            CheckOutcome::Passed { took } => {
                (ValidationCheckStatus::Passed, Some(took), None, None)
            }
            CheckOutcome::Failed { took, error } => {
                let error = ErrorModel::from(ApiError::from(error));
                (ValidationCheckStatus::Failed, Some(took), None, Some(error))
            }
            CheckOutcome::Skipped { reason } => {
                (ValidationCheckStatus::Skipped, None, Some(reason), None)
            }
        };
        Self {
            name: check.name.as_str(),
            status,
            duration_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            reason,
            error,
        }
    }
}

/// Runs a validation to its end even if the client disconnects, so that the files it has written for a trial are removed.
async fn report(
    changes: TaskTracker,
    validation: impl Future<Output = catalog::Result<Report>> + Send + 'static,
) -> ApiResult<Json<ValidateWarehouseResponse>> {
    Ok(Json(run_to_end(changes, validation).await?.into()))
}

/// Validate a warehouse before it is created
#[utoipa::path(post, path = "/v1/warehouse-creation-validation", tag = "warehouse", operation_id = "validate_warehouse",
    request_body = CreateWarehouseRequest, responses((status = 200, body = ValidateWarehouseResponse)))]
pub(crate) async fn creation(
    State(app): State<App>,
    Posted { request, body }: Posted<CreateWarehouseRequest>,
) -> ApiResult<Json<ValidateWarehouseResponse>> {
    let new = body.read()?;
    report(app.changes(), async move {
        warehouse::validate_creation(&app.catalog, &request, new).await
    })
    .await
}

/// Validate a change of a warehouse's storage before it is made
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/storage/validate-profile", tag = "warehouse", operation_id = "validate_storage_profile",
    params(("warehouse_id" = Uuid, Path)), request_body = UpdateWarehouseStorageRequest, responses((status = 200, body = ValidateWarehouseResponse)))]
pub(crate) async fn profile(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<UpdateWarehouseStorageRequest>,
) -> ApiResult<Json<ValidateWarehouseResponse>> {
    let given = body.read()?;
    report(app.changes(), async move {
        warehouse::validate_profile(&app.catalog, &request, id.into(), given).await
    })
    .await
}

/// Validate a change of a warehouse's storage credential before it is made
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/storage/validate-credential", tag = "warehouse", operation_id = "validate_storage_credential",
    params(("warehouse_id" = Uuid, Path)), request_body = UpdateWarehouseCredentialRequest, responses((status = 200, body = ValidateWarehouseResponse)))]
pub(crate) async fn credential(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<UpdateWarehouseCredentialRequest>,
) -> ApiResult<Json<ValidateWarehouseResponse>> {
    let given = body.read()?;
    report(app.changes(), async move {
        warehouse::validate_credential(&app.catalog, &request, id.into(), given).await
    })
    .await
}

/// Validate the present storage of a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/storage/validate-access", tag = "warehouse", operation_id = "validate_storage_access",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = ValidateWarehouseResponse)))]
pub(crate) async fn access(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Bodyless(request): Bodyless,
) -> ApiResult<Json<ValidateWarehouseResponse>> {
    report(app.changes(), async move {
        warehouse::validate_access(&app.catalog, &request, id.into()).await
    })
    .await
}
