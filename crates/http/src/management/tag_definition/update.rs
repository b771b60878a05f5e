//! `POST /v1/tag-definition/{tag_definition_id}`.

use axum::Json;
use axum::extract::State;
use catalog::tag_definition::TagDefinitionUpdate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{TagDefinition, TagScopeField, tag_name};
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted};

/// The new name, description and scope of a tag definition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UpdateTagDefinitionRequest {
    name: String,
    /// If absent, the definition has no description any more.
    description: Option<String>,
    /// The kinds of resources that the tag can be attached to. Must include all present ones, and may add others.
    scope: Vec<TagScopeField>,
    /// Values to add to an `enumerated` tag.
    add_allowed_values: Option<Vec<String>>,
}

/// Update a tag definition
#[utoipa::path(post, path = "/v1/tag-definition/{tag_definition_id}", tag = "tag", operation_id = "update_tag_definition",
    params(("tag_definition_id" = Uuid, Path)), request_body = UpdateTagDefinitionRequest, responses((status = 200, body = TagDefinition)))]
pub(crate) async fn update(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<UpdateTagDefinitionRequest>,
) -> ApiResult<Json<TagDefinition>> {
    let update = TagDefinitionUpdate {
        name: tag_name(&body.name)?,
        description: body.description,
        scope: body.scope.into_iter().map(Into::into).collect(),
        more_values: body.add_allowed_values.unwrap_or_default(),
    };
    let updated = run_to_end(app.changes(), async move {
        catalog::tag_definition::update(&app.catalog, &request, id.into(), update).await
    });
    Ok(Json(updated.await?.into()))
}
