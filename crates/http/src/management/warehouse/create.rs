//! `POST /v1/warehouse`.

use axum::Json;
use axum::extract::State;
use catalog::warehouse::{DeleteProfile, FormatVersions, WarehouseCreate, WarehouseSettings};
use http::StatusCode;
use model::{Name, ProjectId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::load::GetWarehouseResponse;
use super::storage;
use super::update::manager;
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::Posted;

/// A warehouse to create.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "warehouse-name": "sales",
    "storage-profile": {
        "type": "s3", "bucket": "lake", "key-prefix": "sales", "region": "eu-central-1", "sts-enabled": true,
        "sts-role-arn": "arn:aws:iam::123456789012:role/lake"
    },
    "storage-credential": {
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIA…", "secret-access-key": "…"
    },
    "delete-profile": { "type": "soft", "expiration-seconds": 604_800 }
}))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct CreateWarehouseRequest {
    warehouse_name: String,
    /// The id of the project; if absent, the project of the request.
    #[schema(value_type = Option<String>)]
    project_id: Option<ProjectId>,
    /// Where the warehouse keeps its files.
    /// `type` is `s3`, `s3-tables`, `gcs`, `adls`, `onelake` or `local`; the other fields depend on it.
    #[schema(value_type = Object)]
    storage_profile: Value,
    /// The credential for the storage, if it needs one.
    /// `type` is `s3`, `gcs` or `az`; the other fields depend on it and on `credential-type`.
    #[schema(value_type = Option<Object>)]
    storage_credential: Option<Value>,
    /// `hard` (the default): dropped tables and views are deleted at once. `soft`: they can be undropped for
    /// `expiration-seconds`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    delete_profile: Option<DeleteProfile>,
    /// The Iceberg format versions that tables may have; 1, 2 and 3 if absent.
    allowed_format_versions: Option<Vec<u8>>,
    /// The format version of new tables whose creator asks for none.
    default_format_version: Option<u8>,
    /// Who may change the settings of the warehouse: everybody with the permission (`self-managed`, the default), or only
    /// the administrators in the server's configuration (`instance-admin`).
    managed_by: Option<String>,
}

impl CreateWarehouseRequest {
    pub(super) fn read(self) -> ApiResult<WarehouseCreate> {
        let all = FormatVersions::default();
        let format_versions = FormatVersions {
            allowed: self.allowed_format_versions.unwrap_or(all.allowed),
            default: self.default_format_version,
        };
        Ok(WarehouseCreate {
            project: self.project_id,
            name: Name::parse("warehouse", &self.warehouse_name),
            storage: storage(&self.storage_profile, self.storage_credential.as_ref())?,
            settings: WarehouseSettings {
                delete_profile: self.delete_profile.unwrap_or_default(),
                format_versions,
                managed_by: self
                    .managed_by
                    .as_deref()
                    .map(manager)
                    .transpose()?
                    .unwrap_or_default(),
                ..WarehouseSettings::default()
            },
        })
    }
}

/// Create a warehouse
#[utoipa::path(post, path = "/v1/warehouse", tag = "warehouse", operation_id = "create_warehouse",
    request_body = CreateWarehouseRequest, responses((status = 201, body = GetWarehouseResponse)))]
pub(crate) async fn create(
    State(app): State<App>,
    Posted { request, body }: Posted<CreateWarehouseRequest>,
) -> ApiResult<(StatusCode, Json<GetWarehouseResponse>)> {
    let new = body.read()?;
    let created = run_to_end(app.changes(), async move {
        catalog::warehouse::create(&app.catalog, &request, new).await
    })
    .await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}
