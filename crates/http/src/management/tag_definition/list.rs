//! `GET /v1/tag-definition`.

use axum::Json;
use axum::extract::State;
use catalog::tag_definition::TagDefinitionQuery;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{TagDefinition, tag_name};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{PageQuery, Query, ReadRequest, encode_token};

/// Which tag definitions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTagDefinitionsQuery {
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of definitions in the page.
    page_size: Option<u64>,
    /// Only the definition with this name, case-insensitive.
    name: Option<String>,
}

/// A page of tag definitions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListTagDefinitionsResponse {
    tag_definitions: Vec<TagDefinition>,
    next_page_token: Option<String>,
}

/// List tag definitions
#[utoipa::path(get, path = "/v1/tag-definition", tag = "tag", operation_id = "list_tag_definitions", params(ListTagDefinitionsQuery),
    responses((status = 200, body = ListTagDefinitionsResponse)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<ListTagDefinitionsQuery>,
) -> ApiResult<Json<ListTagDefinitionsResponse>> {
    let page = PageQuery {
        page_token: query.page_token,
        page_size: query.page_size,
    };
    let query = match query.name {
        None => TagDefinitionQuery::Page(page.decode_page(&app)?),
        Some(name) => TagDefinitionQuery::Named(tag_name(&name)?),
    };
    let found = catalog::tag_definition::list(&app.catalog, &request, query).await?;
    let listed = found.items.into_iter().map(|row| TagDefinition {
        allowed_values: None,
        ..row.into()
    });
    Ok(Json(ListTagDefinitionsResponse {
        tag_definitions: listed.collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}
