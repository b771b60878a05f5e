//! `POST /v1/tag-definition`.

use axum::Json;
use axum::extract::State;
use catalog::tag_definition::{TagDefinitionCreate, TagValueKind, values};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TagDefinition, TagScopeField, tag_name};
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::Posted;

/// Which values a tag takes: none (`marker`), any text (`free-text`), or one of its allowed values (`enumerated`).
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[schema(as = TagValueKind)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TagValueKindField {
    Marker,
    FreeText,
    Enumerated,
}

impl From<TagValueKindField> for TagValueKind {
    fn from(field: TagValueKindField) -> Self {
        match field {
            TagValueKindField::Marker => Self::Marker,
            TagValueKindField::FreeText => Self::FreeText,
            TagValueKindField::Enumerated => Self::Enumerated,
        }
    }
}

/// A tag definition to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CreateTagDefinitionRequest {
    /// The name of the tag; dots separate its parts: `pii.level`.
    name: String,
    description: Option<String>,
    scope: Vec<TagScopeField>,
    value_kind: TagValueKindField,
    /// The values of an `enumerated` tag: required for it, not allowed for others.
    allowed_values: Option<Vec<String>>,
}

/// Define a tag
#[utoipa::path(post, path = "/v1/tag-definition", tag = "tag", operation_id = "create_tag_definition",
    request_body = CreateTagDefinitionRequest, responses((status = 201, body = TagDefinition)))]
pub(crate) async fn create(
    State(app): State<App>,
    Posted { request, body }: Posted<CreateTagDefinitionRequest>,
) -> ApiResult<(StatusCode, Json<TagDefinition>)> {
    let new = TagDefinitionCreate {
        name: tag_name(&body.name)?,
        description: body.description,
        scope: body.scope.into_iter().map(Into::into).collect(),
        values: values(body.value_kind.into(), body.allowed_values)?,
    };
    let created = run_to_end(app.changes(), async move {
        catalog::tag_definition::create(&app.catalog, &request, new).await
    });
    Ok((StatusCode::CREATED, Json(created.await?.into())))
}
