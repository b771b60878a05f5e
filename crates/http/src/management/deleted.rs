//! `/v1/warehouse/{warehouse_id}/deleted-tabulars`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::{Excerpt, TabularKind};
use serde::{Deserialize, Serialize};
use store::DeletedTabular;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{PageQuery, Path, Posted, Query, ReadRequest, encode_token};

/// Which soft-deleted tables and views to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDeletedTabularsQuery {
    /// Only those that were directly in this namespace.
    namespace_id: Option<Uuid>,
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of entries in the page.
    page_size: Option<u64>,
}

/// A page of soft-deleted tables and views.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListDeletedTabularsResponse {
    tabulars: Vec<DeletedTabularResponse>,
    next_page_token: Option<String>,
}

/// A soft-deleted table or view.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeletedTabularResponse {
    id: Uuid,
    name: String,
    namespace: Vec<String>,
    /// `table`, `view` or `generic-table`.
    #[schema(value_type = String)]
    typ: TabularKind,
    warehouse_id: Uuid,
    created_at: String,
    deleted_at: String,
    /// When it is deleted for good (RFC 3339).
    expiration_date: String,
}

impl DeletedTabularResponse {
    fn of(warehouse_id: Uuid, one: DeletedTabular) -> Self {
        Self {
            id: one.id.as_uuid(),
            name: one.name,
            namespace: one.path.levels().to_vec(),
            typ: one.kind,
            warehouse_id,
            created_at: one.created_at.to_string(),
            deleted_at: one.deleted_at.to_string(),
            expiration_date: one.expires_at.to_string(),
        }
    }
}

/// List soft-deleted tables and views
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/deleted-tabulars", tag = "warehouse", operation_id = "list_deleted_tabulars",
    params(("warehouse_id" = Uuid, Path), ListDeletedTabularsQuery), responses((status = 200, body = ListDeletedTabularsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    Path(warehouse): Path<Uuid>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<ListDeletedTabularsQuery>,
) -> ApiResult<Json<ListDeletedTabularsResponse>> {
    let page = PageQuery::always(query.page_token, query.page_size).decode(&app)?;
    let namespace = query.namespace_id.map(Into::into);
    let found =
        catalog::tabular::deleted(&app.catalog, &request, warehouse.into(), namespace, page)
            .await?;
    let items = found.items.into_iter();
    Ok(Json(ListDeletedTabularsResponse {
        tabulars: items
            .map(|one| DeletedTabularResponse::of(warehouse, one))
            .collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}

/// The tables and views to undrop.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct UndropTabularsRequest {
    targets: Vec<TabularIdentUuid>,
}

/// A table or view.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct TabularIdentUuid {
    /// `table`, `view` or `generic-table`.
    r#type: String,
    id: Uuid,
}

/// Undrop soft-deleted tables and views, all or none
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/deleted-tabulars/undrop", tag = "warehouse", operation_id = "undrop_tabulars",
    params(("warehouse_id" = Uuid, Path)), request_body = UndropTabularsRequest, responses((status = 204)))]
pub(crate) async fn undrop(
    State(app): State<App>,
    Path(warehouse): Path<Uuid>,
    Posted { request, body }: Posted<UndropTabularsRequest>,
) -> ApiResult<StatusCode> {
    let targets = body.targets.iter().map(|target| {
        let kind = TabularKind::from_stored(&target.r#type).ok_or_else(|| {
            let shown = Excerpt(&target.r#type);
            ApiError::bad_request(format!(
                "type is `{shown}`; it must be `table`, `view` or `generic-table`"
            ))
        });
        Ok((kind?, target.id.into()))
    });
    let targets = targets.collect::<ApiResult<Vec<_>>>()?;
    run_to_end(app.changes(), async move {
        catalog::tabular::undrop(&app.catalog, &request, warehouse.into(), &targets).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
