//! Operations on tag definitions.

pub(crate) mod attachments;
pub(crate) mod create;
pub(crate) mod drop;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod update;

use std::collections::BTreeSet;

use http::StatusCode;
use model::{InvalidTagName, TagName, TagScope};
use serde::{Deserialize, Serialize};
use store::TagDefinitionRow;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};

/// A kind of resource that a tag can be attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = TagScope)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TagScopeField {
    Warehouse,
    Namespace,
    Table,
    View,
    GenericTable,
    Column,
}

impl From<TagScopeField> for TagScope {
    fn from(field: TagScopeField) -> Self {
        match field {
            TagScopeField::Warehouse => Self::Warehouse,
            TagScopeField::Namespace => Self::Namespace,
            TagScopeField::Table => Self::Table,
            TagScopeField::View => Self::View,
            TagScopeField::GenericTable => Self::GenericTable,
            TagScopeField::Column => Self::Column,
        }
    }
}

/// A tag definition.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TagDefinition {
    id: Uuid,
    name: String,
    description: Option<String>,
    #[schema(value_type = Vec<TagScopeField>)]
    scope: BTreeSet<TagScope>,
    /// `marker`, `free-text` or `enumerated`.
    value_kind: &'static str,
    /// The values of an `enumerated` tag; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_values: Option<BTreeSet<String>>,
    created_at: String,
    updated_at: Option<String>,
}

impl From<TagDefinitionRow> for TagDefinition {
    fn from(row: TagDefinitionRow) -> Self {
        Self {
            id: row.id.as_uuid(),
            name: row.name.to_string(),
            description: row.description,
            value_kind: row.values.kind(),
            allowed_values: row.values.allowed().cloned(),
            scope: row.scope,
            created_at: row.created_at.to_string(),
            updated_at: row.updated_at.map(|at| at.to_string()),
        }
    }
}

/// Parses the name of a tag.
pub(super) fn tag_name(text: &str) -> ApiResult<TagName> {
    TagName::parse(text).map_err(|error| invalid_name(&error))
}

fn invalid_name(error: &InvalidTagName) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "InvalidTagName", error.to_string())
}
