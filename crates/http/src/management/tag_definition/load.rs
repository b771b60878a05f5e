//! `GET /v1/tag-definition/{tag_definition_id}`.

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use super::TagDefinition;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, ReadRequest};

/// Load a tag definition
#[utoipa::path(get, path = "/v1/tag-definition/{tag_definition_id}", tag = "tag", operation_id = "get_tag_definition",
    params(("tag_definition_id" = Uuid, Path)), responses((status = 200, body = TagDefinition)))]
pub(crate) async fn load(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<TagDefinition>> {
    let found = catalog::tag_definition::load(&app.catalog, &request, id.into()).await?;
    Ok(Json(found.into()))
}
