//! `/v1/warehouse/{warehouse_id}/tags`.

use axum::Json;
use axum::extract::State;
use catalog::tag::TagSubject;
use http::StatusCode;
use uuid::Uuid;

use super::{AppliedTagBody, ListTagsQuery, ListTagsResponse, SetTagRequest};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Bodyless, Path, Posted, Query, ReadRequest};

/// List the tags of a warehouse
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/tags", tag = "tag", operation_id = "list_warehouse_tags",
    params(("warehouse_id" = Uuid, Path), ListTagsQuery), responses((status = 200, body = ListTagsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(warehouse): Path<Uuid>,
    Query(query): Query<ListTagsQuery>,
) -> ApiResult<Json<ListTagsResponse>> {
    let subject = TagSubject::Warehouse;
    super::list(&app, &request, (warehouse.into(), subject), &query).await
}

/// Attach a tag to a warehouse, or change its value
#[utoipa::path(put, path = "/v1/warehouse/{warehouse_id}/tags/{tag_name}", tag = "tag", operation_id = "set_warehouse_tag",
    params(("warehouse_id" = Uuid, Path), ("tag_name" = String, Path)), request_body = SetTagRequest, responses((status = 200, body = AppliedTagBody)))]
pub(crate) async fn set(
    State(app): State<App>,
    Path((warehouse, name)): Path<(Uuid, String)>,
    Posted { request, body }: Posted<SetTagRequest>,
) -> ApiResult<Json<AppliedTagBody>> {
    let subject = TagSubject::Warehouse;
    super::set(app, request, (warehouse.into(), subject), (name, body)).await
}

/// Detach a tag from a warehouse
#[utoipa::path(delete, path = "/v1/warehouse/{warehouse_id}/tags/{tag_name}", tag = "tag", operation_id = "delete_warehouse_tag",
    params(("warehouse_id" = Uuid, Path), ("tag_name" = String, Path)), responses((status = 204)))]
pub(crate) async fn remove(
    State(app): State<App>,
    Path((warehouse, name)): Path<(Uuid, String)>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let subject = TagSubject::Warehouse;
    super::remove(app, request, (warehouse.into(), subject), name).await
}
