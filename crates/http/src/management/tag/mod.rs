//! Operations on the tags of resources.

pub(crate) mod column;
pub(crate) mod generic_table;
pub(crate) mod namespace;
pub(crate) mod table;
pub(crate) mod view;
pub(crate) mod warehouse;

use axum::Json;
use catalog::Request;
use catalog::tag::{AppliedTag, Inheritance, TagSubject};
use http::StatusCode;
use model::{TagTarget, WarehouseId};
use serde::{Deserialize, Serialize};
use store::AttachedTag;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::tag_definition::tag_name;
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::iceberg::{Flag, is_set};

/// Which tags to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTagsQuery {
    /// Whether to include inherited tags: those of the namespaces and the warehouse that contain the resource. If several have
    /// the same tag, the nearest one counts. Columns inherit no tags.
    #[param(value_type = Option<bool>)]
    effective: Option<Flag>,
}

/// How a tag was attached.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TagSource {
    /// By a request of this API.
    Manual,
}

/// The resource from which a tag is inherited.
#[derive(Debug, Serialize, ToSchema)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub(crate) enum TagInheritanceSource {
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
}

/// A tag of a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TargetTag {
    tag_definition_id: Uuid,
    name: String,
    value: Option<String>,
    source: TagSource,
    created_at: String,
    updated_at: Option<String>,
    /// The resource from which the tag is inherited; left out if the tag is attached to the resource itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_from: Option<TagInheritanceSource>,
}

/// The tags of a resource.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListTagsResponse {
    tags: Vec<TargetTag>,
}

/// The value of the tag.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetTagRequest {
    /// Absent for a `marker` tag, required for all others.
    value: Option<String>,
}

/// The attached tag.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AppliedTag)]
pub(crate) struct AppliedTagBody {
    tag_definition_id: Uuid,
    name: String,
    value: Option<String>,
    /// Since when the tag is attached with this value (RFC 3339).
    applied_at: String,
}

impl From<AppliedTag> for AppliedTagBody {
    fn from(tag: AppliedTag) -> Self {
        Self {
            tag_definition_id: tag.definition.as_uuid(),
            name: tag.name,
            value: tag.value,
            applied_at: tag.applied_at.to_string(),
        }
    }
}

impl TargetTag {
    /// A tag of the resource `asked`: inherited, if it is attached to another resource.
    fn of(warehouse: WarehouseId, asked: TagTarget, tag: AttachedTag) -> Self {
        let warehouse_id = warehouse.as_uuid();
        let inherited_from = match tag.target {
            own if own == asked => None,
            TagTarget::Namespace(id) => Some(TagInheritanceSource::Namespace {
                warehouse_id,
                namespace_id: id.as_uuid(),
            }),
            _ => Some(TagInheritanceSource::Warehouse { warehouse_id }),
        };
        Self {
            tag_definition_id: tag.definition.as_uuid(),
            name: tag.name,
            value: tag.value,
            source: TagSource::Manual,
            created_at: tag.created_at.to_string(),
            updated_at: tag.updated_at.map(|at| at.to_string()),
            inherited_from,
        }
    }
}

type At = (WarehouseId, TagSubject);

async fn list(
    app: &App,
    request: &Request,
    (warehouse, subject): At,
    query: &ListTagsQuery,
) -> ApiResult<Json<ListTagsResponse>> {
    let inheritance = if is_set(query.effective) {
        Inheritance::Effective
    } else {
        Inheritance::Own
    };
    let at = (warehouse, &subject);
    let (asked, tags) = catalog::tag::list(&app.catalog, request, at, inheritance).await?;
    let tags = tags.into_iter();
    Ok(Json(ListTagsResponse {
        tags: tags
            .map(|tag| TargetTag::of(warehouse, asked, tag))
            .collect(),
    }))
}

async fn set(
    app: App,
    request: Request,
    (warehouse, subject): At,
    (name, body): (String, SetTagRequest),
) -> ApiResult<Json<AppliedTagBody>> {
    let name = tag_name(&name)?;
    let applied = run_to_end(app.changes(), async move {
        let at = (warehouse, &subject);
        catalog::tag::attach(&app.catalog, &request, at, &name, body.value).await
    });
    Ok(Json(applied.await?.into()))
}

async fn remove(
    app: App,
    request: Request,
    (warehouse, subject): At,
    name: String,
) -> ApiResult<StatusCode> {
    let name = tag_name(&name)?;
    run_to_end(app.changes(), async move {
        let at = (warehouse, &subject);
        catalog::tag::detach(&app.catalog, &request, at, &name).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
