//! `GET /v1/tag-definition/{tag_definition_id}/attachments`.

use axum::Json;
use axum::extract::State;
use model::{TabularKind, TagTarget, Timestamp, WarehouseId};
use serde::{Deserialize, Serialize};
use store::{TagAttachment, TagFilter};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::TagScopeField;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{PageQuery, Path, Query, ReadRequest, encode_token, time};
use crate::management::tag::TagSource;

/// Which attachments to list: those to which all given conditions apply.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTagAttachmentsQuery {
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of attachments in the page.
    page_size: Option<u64>,
    /// Only attachments with exactly this value.
    value: Option<String>,
    /// Only attachments to this kind of resource.
    target_type: Option<TagScopeField>,
    /// Only attachments made at this time (RFC 3339) or later.
    #[param(format = DateTime)]
    created_after: Option<String>,
    /// Only attachments made at this time (RFC 3339) or earlier.
    #[param(format = DateTime)]
    created_before: Option<String>,
    /// Only attachments in this warehouse.
    warehouse_id: Option<Uuid>,
}

/// The resource to which a tag is attached.
#[derive(Debug, Serialize, ToSchema)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(crate) enum TagAttachmentTarget {
    Warehouse {
        #[schema(rename = "warehouse-id")]
        warehouse_id: Uuid,
    },
    Namespace {
        #[schema(rename = "warehouse-id")]
        warehouse_id: Uuid,
        #[schema(rename = "namespace-id")]
        namespace_id: Uuid,
    },
    Table {
        #[schema(rename = "warehouse-id")]
        warehouse_id: Uuid,
        #[schema(rename = "table-id")]
        table_id: Uuid,
    },
    View {
        #[schema(rename = "warehouse-id")]
        warehouse_id: Uuid,
        #[schema(rename = "view-id")]
        view_id: Uuid,
    },
    GenericTable {
        #[schema(rename = "warehouse-id")]
        warehouse_id: Uuid,
        #[schema(rename = "generic-table-id")]
        generic_table_id: Uuid,
    },
    Column {
        #[schema(rename = "warehouse-id")]
        warehouse_id: Uuid,
        #[schema(rename = "table-id")]
        table_id: Uuid,
        /// The column's field id, which stays the same if the column is renamed.
        #[schema(rename = "field-id")]
        field_id: i32,
    },
}

impl TagAttachmentTarget {
    fn of(warehouse: WarehouseId, target: TagTarget) -> Self {
        let warehouse_id = warehouse.as_uuid();
        match target {
            TagTarget::Warehouse => Self::Warehouse { warehouse_id },
            TagTarget::Namespace(id) => Self::Namespace {
                warehouse_id,
                namespace_id: id.as_uuid(),
            },
            TagTarget::Tabular(TabularKind::Table, id) => Self::Table {
                warehouse_id,
                table_id: id.as_uuid(),
            },
            TagTarget::Tabular(TabularKind::View, id) => Self::View {
                warehouse_id,
                view_id: id.as_uuid(),
            },
            TagTarget::Tabular(TabularKind::GenericTable, id) => Self::GenericTable {
                warehouse_id,
                generic_table_id: id.as_uuid(),
            },
            TagTarget::Column(table, field_id) => Self::Column {
                warehouse_id,
                table_id: table.as_uuid(),
                field_id,
            },
        }
    }
}

/// An attachment of a tag to a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = TagAttachment)]
pub(crate) struct TagAttachmentBody {
    target: TagAttachmentTarget,
    value: Option<String>,
    source: TagSource,
    created_at: String,
    updated_at: Option<String>,
}

impl From<TagAttachment> for TagAttachmentBody {
    fn from(attachment: TagAttachment) -> Self {
        Self {
            target: TagAttachmentTarget::of(attachment.warehouse, attachment.target),
            value: attachment.value,
            source: TagSource::Manual,
            created_at: attachment.created_at.to_string(),
            updated_at: attachment.updated_at.map(|at| at.to_string()),
        }
    }
}

/// A page of attachments.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListTagAttachmentsResponse {
    attachments: Vec<TagAttachmentBody>,
    next_page_token: Option<String>,
}

/// List the resources to which a tag is attached
///
/// Resources that only inherit the tag are left out.
#[utoipa::path(get, path = "/v1/tag-definition/{tag_definition_id}/attachments", tag = "tag", operation_id = "list_tag_attachments",
    params(("tag_definition_id" = Uuid, Path), ListTagAttachmentsQuery), responses((status = 200, body = ListTagAttachmentsResponse)))]
pub(crate) async fn attachments(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<Uuid>,
    Query(query): Query<ListTagAttachmentsQuery>,
) -> ApiResult<Json<ListTagAttachmentsResponse>> {
    let page = PageQuery {
        page_token: query.page_token,
        page_size: query.page_size,
    };
    let time = |field: &str, given: Option<String>| -> ApiResult<Option<Timestamp>> {
        given.map(|text| time(field, &text)).transpose()
    };
    let filter = TagFilter {
        value: query.value,
        scope: query.target_type.map(Into::into),
        created_from: time("createdAfter", query.created_after)?,
        created_until: time("createdBefore", query.created_before)?,
        warehouse: query.warehouse_id.map(Into::into),
    };
    let (id, page) = (id.into(), page.decode_page(&app)?);
    let found = catalog::tag_definition::attachments(&app.catalog, &request, id, filter, page);
    let found = found.await?;
    Ok(Json(ListTagAttachmentsResponse {
        attachments: found.items.into_iter().map(Into::into).collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}
