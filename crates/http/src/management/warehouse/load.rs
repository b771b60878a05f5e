//! `GET /v1/warehouse/{warehouse_id}`.

use axum::Json;
use axum::extract::State;
use catalog::warehouse::{CredentialKind, DeleteProfile, WarehouseView};
use objects::StorageProfile;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, ReadRequest};

/// A warehouse.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GetWarehouseResponse {
    id: Uuid,
    /// The same as `id`.
    warehouse_id: Uuid,
    name: String,
    project_id: String,
    #[schema(value_type = Object)]
    storage_profile: StorageProfile,
    #[schema(value_type = Option<Object>)]
    storage_credential_type: Option<StorageCredentialType>,
    #[schema(value_type = Object)]
    delete_profile: DeleteProfile,
    /// `active` or `inactive`.
    status: &'static str,
    /// Whether the warehouse is protected from deletion.
    protected: bool,
    allowed_format_versions: Vec<i32>,
    default_format_version: Option<i32>,
    /// `self-managed` or `instance-admin`.
    managed_by: &'static str,
    updated_at: Option<String>,
}

/// The kind of a warehouse's storage credential.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StorageCredentialType {
    r#type: String,
    credential_type: String,
}

impl From<CredentialKind> for StorageCredentialType {
    fn from(kind: CredentialKind) -> Self {
        Self {
            r#type: kind.r#type,
            credential_type: kind.credential_type,
        }
    }
}

impl From<WarehouseView> for GetWarehouseResponse {
    fn from(view: WarehouseView) -> Self {
        let WarehouseView {
            row,
            profile,
            settings,
        } = view;
        Self {
            id: row.id.as_uuid(),
            warehouse_id: row.id.as_uuid(),
            name: row.name.as_str().to_owned(),
            project_id: row.project.into(),
            storage_profile: profile,
            storage_credential_type: settings.credential.map(StorageCredentialType::from),
            delete_profile: settings.delete_profile,
            status: row.status.as_str(),
            protected: row.protection.into(),
            allowed_format_versions: settings
                .format_versions
                .allowed
                .into_iter()
                .map(i32::from)
                .collect(),
            default_format_version: settings.format_versions.default.map(i32::from),
            managed_by: settings.managed_by.as_str(),
            updated_at: row.updated_at.map(|at| at.to_string()),
        }
    }
}

/// Load a warehouse
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}", tag = "warehouse", operation_id = "get_warehouse",
    params(("warehouse_id" = Uuid, Path)), responses((status = 200, body = GetWarehouseResponse)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<GetWarehouseResponse>> {
    Ok(Json(
        catalog::warehouse::load(&app.catalog, &request, id.into())
            .await?
            .into(),
    ))
}
