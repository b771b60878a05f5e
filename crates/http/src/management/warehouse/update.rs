//! `POST /v1/warehouse/{warehouse_id}/…`: one operation for each setting of a warehouse.

use axum::Json;
use axum::extract::State;
use catalog::CatalogError;
use catalog::warehouse::{
    DeleteProfile, FormatVersions, ManagedBy, Storage, WarehouseChange, WarehouseView,
};
use http::StatusCode;
use model::Name;
use objects::StorageCredential;
use serde::Deserialize;
use serde_json::Value;
use store::{Protection, WarehouseStatus};
use utoipa::ToSchema;
use uuid::Uuid;

use super::load::GetWarehouseResponse;
use super::{Read, credential, storage};
use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Bodyless, Path, Posted};
use crate::management::protection::{ProtectionResponse, SetProtectionRequest};

async fn change(
    app: App,
    request: catalog::Request,
    id: Uuid,
    change: WarehouseChange,
) -> ApiResult<WarehouseView> {
    run_to_end(app.changes(), async move {
        catalog::warehouse::update(&app.catalog, &request, id.into(), change).await
    })
    .await
}

/// The new name of a warehouse.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct RenameWarehouseRequest {
    new_name: String,
}

/// Rename a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/rename", tag = "warehouse", operation_id = "rename_warehouse",
    params(("warehouse_id" = Uuid, Path)), request_body = RenameWarehouseRequest, responses((status = 200, body = GetWarehouseResponse)))]
pub(crate) async fn rename(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<RenameWarehouseRequest>,
) -> ApiResult<Json<GetWarehouseResponse>> {
    let to = WarehouseChange::Rename(Name::parse("warehouse", &body.new_name)?);
    Ok(Json(change(app, request, id, to).await?.into()))
}

/// Activate a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/activate", tag = "warehouse", operation_id = "activate_warehouse",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200)))]
pub(crate) async fn activate(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    change(
        app,
        request,
        id,
        WarehouseChange::SetStatus(WarehouseStatus::Active),
    )
    .await?;
    Ok(StatusCode::OK)
}

/// Deactivate a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/deactivate", tag = "warehouse", operation_id = "deactivate_warehouse",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200)))]
pub(crate) async fn deactivate(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    change(
        app,
        request,
        id,
        WarehouseChange::SetStatus(WarehouseStatus::Inactive),
    )
    .await?;
    Ok(StatusCode::OK)
}

/// Set whether a warehouse is protected from deletion
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/protection", tag = "warehouse", operation_id = "set_warehouse_protection",
    params(("warehouse_id" = Uuid, Path)), request_body = SetProtectionRequest, responses((status = 200, body = ProtectionResponse)))]
pub(crate) async fn protect(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<SetProtectionRequest>,
) -> ApiResult<Json<ProtectionResponse>> {
    let protection = Protection::from(body.protected);
    let row = change(app, request, id, WarehouseChange::Protect(protection))
        .await?
        .row;
    Ok(Json(ProtectionResponse::of(row.protection, row.updated_at)))
}

/// A new storage profile, and its credential. If the credential is absent, the warehouse has none any more.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "storage-profile": {
        "type": "s3", "bucket": "lake", "key-prefix": "sales", "region": "eu-central-1", "sts-enabled": true,
        "sts-role-arn": "arn:aws:iam::123456789012:role/lake"
    },
    "storage-credential": {
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIA…", "secret-access-key": "…"
    }
}))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct UpdateWarehouseStorageRequest {
    /// `type` is `s3`, `s3-tables`, `gcs`, `adls`, `onelake` or `local`; the other fields depend on it.
    #[schema(value_type = Object)]
    storage_profile: Value,
    /// `type` is `s3`, `gcs` or `az`; the other fields depend on it and on `credential-type`.
    #[schema(value_type = Option<Object>)]
    storage_credential: Option<Value>,
}

impl UpdateWarehouseStorageRequest {
    pub(super) fn read(&self) -> ApiResult<Read<Storage>> {
        storage(&self.storage_profile, self.storage_credential.as_ref())
    }
}

/// Replace the storage profile and credential of a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/storage", tag = "warehouse", operation_id = "update_storage_profile",
    params(("warehouse_id" = Uuid, Path)), request_body = UpdateWarehouseStorageRequest, responses((status = 200, body = GetWarehouseResponse)))]
pub(crate) async fn storage_profile(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<UpdateWarehouseStorageRequest>,
) -> ApiResult<Json<GetWarehouseResponse>> {
    let new = body.read()?.map_err(CatalogError::from)?;
    let to = WarehouseChange::Storage(Box::new(new));
    Ok(Json(change(app, request, id, to).await?.into()))
}

/// A new storage credential. If it is absent, the warehouse has none any more.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "new-storage-credential": {
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIA…", "secret-access-key": "…"
    }
}))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct UpdateWarehouseCredentialRequest {
    /// `type` is `s3`, `gcs` or `az`; the other fields depend on it and on `credential-type`.
    #[schema(value_type = Option<Object>)]
    new_storage_credential: Option<Value>,
}

impl UpdateWarehouseCredentialRequest {
    pub(super) fn read(&self) -> ApiResult<Read<Option<StorageCredential>>> {
        credential(self.new_storage_credential.as_ref())
    }
}

/// Replace the storage credential of a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/storage-credential", tag = "warehouse", operation_id = "update_storage_credential",
    params(("warehouse_id" = Uuid, Path)), request_body = UpdateWarehouseCredentialRequest, responses((status = 200, body = GetWarehouseResponse)))]
pub(crate) async fn storage_credential(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<UpdateWarehouseCredentialRequest>,
) -> ApiResult<Json<GetWarehouseResponse>> {
    let to = WarehouseChange::Credential(body.read()?.map_err(CatalogError::from)?);
    Ok(Json(change(app, request, id, to).await?.into()))
}

/// Whether dropped tables and views are deleted at once or soft-deleted for a while.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct UpdateWarehouseDeleteProfileRequest {
    #[schema(value_type = Object)]
    delete_profile: DeleteProfile,
}

/// Set whether dropped tables and views are soft-deleted
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/delete-profile", tag = "warehouse", operation_id = "update_warehouse_delete_profile",
    params(("warehouse_id" = Uuid, Path)), request_body = UpdateWarehouseDeleteProfileRequest, responses((status = 200, body = GetWarehouseResponse)))]
pub(crate) async fn delete_profile(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<UpdateWarehouseDeleteProfileRequest>,
) -> ApiResult<Json<GetWarehouseResponse>> {
    let to = WarehouseChange::DeleteProfile(body.delete_profile);
    Ok(Json(change(app, request, id, to).await?.into()))
}

/// Which Iceberg format versions tables may have, and which one new tables get by default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct UpdateWarehouseFormatVersionPolicyRequest {
    allowed_format_versions: Vec<u8>,
    default_format_version: Option<u8>,
}

/// Set which Iceberg format versions tables may have
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/format-version-policy", tag = "warehouse", operation_id = "update_warehouse_format_version_policy",
    params(("warehouse_id" = Uuid, Path)), request_body = UpdateWarehouseFormatVersionPolicyRequest, responses((status = 200, body = GetWarehouseResponse)))]
pub(crate) async fn format_version_policy(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<UpdateWarehouseFormatVersionPolicyRequest>,
) -> ApiResult<Json<GetWarehouseResponse>> {
    let (allowed, default) = (body.allowed_format_versions, body.default_format_version);
    let to = WarehouseChange::FormatVersions(FormatVersions { allowed, default });
    Ok(Json(change(app, request, id, to).await?.into()))
}

/// Who may change the settings of a warehouse: everybody with the permission (`self-managed`), or only the administrators in
/// the server's configuration (`instance-admin`).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SetWarehouseManagedByRequest {
    managed_by: String,
}

/// Set who manages a warehouse
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/managed-by", tag = "warehouse", operation_id = "set_warehouse_managed_by",
    params(("warehouse_id" = Uuid, Path)), request_body = SetWarehouseManagedByRequest, responses((status = 200, body = GetWarehouseResponse)))]
pub(crate) async fn managed_by(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<SetWarehouseManagedByRequest>,
) -> ApiResult<Json<GetWarehouseResponse>> {
    let to = WarehouseChange::ManagedBy(manager(&body.managed_by)?);
    Ok(Json(change(app, request, id, to).await?.into()))
}

/// Parses `managed-by`.
pub(super) fn manager(text: &str) -> ApiResult<ManagedBy> {
    let all = [ManagedBy::SelfManaged, ManagedBy::InstanceAdmin];
    let found = all.into_iter().find(|one| one.as_str() == text);
    found.ok_or_else(|| {
        ApiError::bad_request("`managed-by` must be `self-managed` or `instance-admin`")
    })
}
