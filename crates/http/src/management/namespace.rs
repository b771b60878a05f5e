//! `POST /v1/warehouse/{warehouse_id}/namespace/{namespace_id}/move`.

use axum::Json;
use axum::extract::State;
use catalog::namespace::Protections;
use http::StatusCode;
use model::NamespacePath;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Path, Posted};

/// Where to move a namespace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveNamespaceRequest {
    /// The levels of its new path: the path of its new parent namespace, then its new name.
    destination: Vec<String>,
    /// Whether to move the namespace even if it is protected.
    #[serde(default)]
    force: bool,
}

/// The namespace after the move.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct MoveNamespaceResponse {
    /// The levels of its new path.
    namespace: Vec<String>,
    /// Its id, which a move does not change.
    namespace_id: Uuid,
    /// The id of its new parent namespace; null at the top level.
    parent_namespace_id: Option<Uuid>,
}

/// Move or rename a namespace with its contents
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/namespace/{namespace_id}/move", tag = "warehouse", operation_id = "move_namespace",
    params(("warehouse_id" = Uuid, Path), ("namespace_id" = Uuid, Path)), request_body = MoveNamespaceRequest, responses((status = 200, body = MoveNamespaceResponse)))]
pub(crate) async fn move_to(
    State(app): State<App>,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
    Posted { request, body }: Posted<MoveNamespaceRequest>,
) -> ApiResult<Json<MoveNamespaceResponse>> {
    if body.destination.is_empty() {
        let message = "`destination` must name at least one level";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "NamespaceEmpty",
            message,
        ));
    }
    let destination = NamespacePath::parse(body.destination)?;
    let protections = if body.force {
        Protections::Override
    } else {
        Protections::Respect
    };
    let at = (warehouse.into(), id.into());
    let moved = run_to_end(app.changes(), async move {
        catalog::namespace::move_to(&app.catalog, &request, at, &destination, protections).await
    });
    let moved = moved.await?;
    Ok(Json(MoveNamespaceResponse {
        namespace: moved.path.levels().to_vec(),
        namespace_id: id,
        parent_namespace_id: moved.parent.map(model::NamespaceId::as_uuid),
    }))
}
