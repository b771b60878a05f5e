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
use crate::extract::{Asked, PageQuery, Path, Query, encode_token, time};
use crate::management::tag::TagSource;

/// Which attachments: those for which all that is said holds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTagAttachmentsQuery {
    /// Where the page starts: what the last answer said; nothing for the first page.
    page_token: Option<String>,
    /// How many attachments the page may have.
    page_size: Option<u64>,
    /// Those with exactly this value.
    value: Option<String>,
    /// Those to such things.
    target_type: Option<TagScopeField>,
    /// Those that were made then or later (RFC 3339).
    #[param(format = DateTime)]
    created_after: Option<String>,
    /// Those that were made then or earlier (RFC 3339).
    #[param(format = DateTime)]
    created_before: Option<String>,
    /// Those in this warehouse.
    warehouse_id: Option<Uuid>,
}

/// What a tag is attached to.
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
        /// The column's field id, which stays when it gets another name.
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

/// One thing that a tag is attached to.
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

/// What a tag is attached to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListTagAttachmentsResponse {
    attachments: Vec<TagAttachmentBody>,
    next_page_token: Option<String>,
}

/// List what a tag is attached to
#[utoipa::path(get, path = "/v1/tag-definition/{tag_definition_id}/attachments", tag = "tag", operation_id = "list_tag_attachments",
    params(("tag_definition_id" = Uuid, Path), ListTagAttachmentsQuery), responses((status = 200, body = ListTagAttachmentsResponse)))]
pub(crate) async fn attachments(
    State(app): State<App>,
    Asked(request): Asked,
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
    let (id, page) = (id.into(), page.one(&app)?);
    let found = catalog::tag_definition::attachments(&app.catalog, &request, id, filter, page);
    let found = found.await?;
    Ok(Json(ListTagAttachmentsResponse {
        attachments: found.items.into_iter().map(Into::into).collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}
