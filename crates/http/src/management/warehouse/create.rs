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
use super::update::manager;
use super::{credential, profile};
use crate::app::{App, to_the_end};
use crate::error::ApiResult;
use crate::extract::Posted;

/// A warehouse that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateWarehouseRequest {
    warehouse_name: String,
    #[schema(value_type = Option<String>)]
    project_id: Option<ProjectId>,
    #[schema(value_type = Object)]
    storage_profile: Value,
    #[schema(value_type = Option<Object>)]
    storage_credential: Option<Value>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    delete_profile: Option<DeleteProfile>,
    allowed_format_versions: Option<Vec<u8>>,
    default_format_version: Option<u8>,
    managed_by: Option<String>,
}

/// Create a warehouse
#[utoipa::path(post, path = "/v1/warehouse", tag = "warehouse", operation_id = "create_warehouse",
    request_body = CreateWarehouseRequest, responses((status = 201, body = GetWarehouseResponse)))]
pub(crate) async fn create(
    State(app): State<App>,
    Posted { request, body }: Posted<CreateWarehouseRequest>,
) -> ApiResult<(StatusCode, Json<GetWarehouseResponse>)> {
    let all = FormatVersions::default();
    let format_versions = FormatVersions {
        allowed: body.allowed_format_versions.unwrap_or(all.allowed),
        default: body.default_format_version,
    };
    let new = WarehouseCreate {
        project: body.project_id,
        name: Name::parse("warehouse", &body.warehouse_name)?,
        profile: profile(&body.storage_profile)?,
        credential: credential(body.storage_credential.as_ref())?,
        settings: WarehouseSettings {
            delete_profile: body.delete_profile.unwrap_or_default(),
            format_versions,
            managed_by: body.managed_by.map(manager).transpose()?,
            ..WarehouseSettings::default()
        },
    };
    let created =
        to_the_end(async move { catalog::warehouse::create(&app.catalog, &request, new).await })
            .await?;
    Ok((StatusCode::CREATED, Json(created.into())))
}
