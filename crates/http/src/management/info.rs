//! `GET /v1/info`.

use axum::Json;
use axum::extract::State;
use objects::{AwsIdentity, AzureIdentity, GcpIdentity};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;

/// Version, configuration and state of the installation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the fields are those of the API"
)]
pub(crate) struct ServerInfo {
    version: &'static str,
    lakekeeper_version: &'static str,
    bootstrapped: bool,
    server_id: Uuid,
    default_project_id: Option<String>,
    authz_backend: &'static str,
    aws_system_identities_enabled: bool,
    azure_system_identities_enabled: bool,
    gcp_system_identities_enabled: bool,
    queues: Vec<String>,
    license_status: LicenseStatus,
}

/// The licence of this build.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LicenseStatus {
    license_type: &'static str,
    valid: bool,
}

/// Get information about the installation
#[utoipa::path(get, path = "/v1/info", tag = "server", operation_id = "get_server_info", responses((status = 200, body = ServerInfo)))]
pub(crate) async fn info(State(app): State<App>) -> ApiResult<Json<ServerInfo>> {
    let server = catalog::server::info(&app.catalog).await?;
    let version = env!("CARGO_PKG_VERSION");
    let policy = app.catalog.settings().storage_policy;
    Ok(Json(ServerInfo {
        version,
        lakekeeper_version: version,
        bootstrapped: server.is_bootstrapped,
        server_id: server.id.as_uuid(),
        default_project_id: server.default_project.map(Into::into),
        authz_backend: server.authorizer,
        aws_system_identities_enabled: policy.aws_identity != AwsIdentity::Refused,
        azure_system_identities_enabled: policy.azure_identity != AzureIdentity::Refused,
        gcp_system_identities_enabled: policy.gcp_identity != GcpIdentity::Refused,
        queues: app.settings.queues.clone(),
        license_status: LicenseStatus {
            license_type: "Apache-2.0",
            valid: true,
        },
    }))
}
