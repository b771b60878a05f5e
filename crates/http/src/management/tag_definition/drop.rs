//! `DELETE /v1/tag-definition/{tag_definition_id}`.

use axum::extract::State;
use http::StatusCode;
use uuid::Uuid;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Bodyless, Path};

/// Delete a tag definition; it must be attached to nothing
#[utoipa::path(delete, path = "/v1/tag-definition/{tag_definition_id}", tag = "tag", operation_id = "delete_tag_definition",
    params(("tag_definition_id" = Uuid, Path)), responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    run_to_end(app.changes(), async move {
        catalog::tag_definition::drop(&app.catalog, &request, id.into()).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
