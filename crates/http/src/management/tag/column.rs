//! `/v1/warehouse/{warehouse_id}/table/{table_id}/column/{column_name}/tags`, and `…/column-tags`.

use axum::Json;
use axum::extract::State;
use catalog::tag::TagSubject;
use http::StatusCode;
use model::TagTarget;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AppliedTagBody, ListTagsQuery, ListTagsResponse, SetTagRequest, TargetTag};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Bodyless, Path, Posted, Query, ReadRequest};

/// List the tags of a column of a table
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/table/{table_id}/column/{column_name}/tags", tag = "tag", operation_id = "list_table_column_tags",
    params(("warehouse_id" = Uuid, Path), ("table_id" = Uuid, Path), ("column_name" = String, Path), ListTagsQuery), responses((status = 200, body = ListTagsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path((warehouse, table, column)): Path<(Uuid, Uuid, String)>,
    Query(query): Query<ListTagsQuery>,
) -> ApiResult<Json<ListTagsResponse>> {
    let subject = TagSubject::Column(table.into(), column);
    super::list(&app, &request, (warehouse.into(), subject), &query).await
}

/// Attach a tag to a column of a table, or change its value
#[utoipa::path(put, path = "/v1/warehouse/{warehouse_id}/table/{table_id}/column/{column_name}/tags/{tag_name}", tag = "tag", operation_id = "set_table_column_tag",
    params(("warehouse_id" = Uuid, Path), ("table_id" = Uuid, Path), ("column_name" = String, Path), ("tag_name" = String, Path)), request_body = SetTagRequest, responses((status = 200, body = AppliedTagBody)))]
pub(crate) async fn set(
    State(app): State<App>,
    Path((warehouse, table, column, name)): Path<(Uuid, Uuid, String, String)>,
    Posted { request, body }: Posted<SetTagRequest>,
) -> ApiResult<Json<AppliedTagBody>> {
    let subject = TagSubject::Column(table.into(), column);
    super::set(app, request, (warehouse.into(), subject), (name, body)).await
}

/// Detach a tag from a column of a table
#[utoipa::path(delete, path = "/v1/warehouse/{warehouse_id}/table/{table_id}/column/{column_name}/tags/{tag_name}", tag = "tag", operation_id = "delete_table_column_tag",
    params(("warehouse_id" = Uuid, Path), ("table_id" = Uuid, Path), ("column_name" = String, Path), ("tag_name" = String, Path)), responses((status = 204)))]
pub(crate) async fn remove(
    State(app): State<App>,
    Path((warehouse, table, column, name)): Path<(Uuid, Uuid, String, String)>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let subject = TagSubject::Column(table.into(), column);
    super::remove(app, request, (warehouse.into(), subject), name).await
}

/// The tags of a column.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ColumnTags {
    /// The column's field id, which stays the same if the column is renamed.
    field_id: i32,
    #[schema(min_items = 1)]
    tags: Vec<TargetTag>,
}

/// The tags of all columns that have any.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListColumnTagsResponse {
    columns: Vec<ColumnTags>,
}

/// List the tags of all columns of a table
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/table/{table_id}/column-tags", tag = "tag", operation_id = "list_column_tags",
    params(("warehouse_id" = Uuid, Path), ("table_id" = Uuid, Path)), responses((status = 200, body = ListColumnTagsResponse)))]
pub(crate) async fn list_all(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path((warehouse, table)): Path<(Uuid, Uuid)>,
) -> ApiResult<Json<ListColumnTagsResponse>> {
    let warehouse = warehouse.into();
    let found =
        catalog::tag::list_of_columns(&app.catalog, &request, warehouse, table.into()).await?;
    let mut columns: Vec<ColumnTags> = Vec::new();
    for tag in found {
        let TagTarget::Column(_, field_id) = tag.target else {
            continue;
        };
        let tag = TargetTag::of(warehouse, tag.target, tag);
        match columns.last_mut() {
            Some(last) if last.field_id == field_id => last.tags.push(tag),
            _ => columns.push(ColumnTags {
                field_id,
                tags: vec![tag],
            }),
        }
    }
    Ok(Json(ListColumnTagsResponse { columns }))
}
