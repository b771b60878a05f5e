//! `POST /v1/warehouse/{warehouse_id}/search-tabular`.

use axum::Json;
use axum::extract::State;
use model::{TabularId, TabularKind};
use serde::{Deserialize, Serialize};
use store::FoundTabular;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, Posted};

/// The text to search for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SearchTabularRequest {
    /// A part of a name, a whole path (`namespace.table`), the id of a table or view, or the id of a namespace to find what is
    /// directly in it. Only the first 64 characters count.
    search: String,
}

/// At most 10 tables and views, the best match first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchTabularResponse {
    tabulars: Vec<SearchTabular>,
}

/// A table or view that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SearchTabular {
    namespace_name: Vec<String>,
    tabular_name: String,
    tabular_id: TabularIdentUuid,
    /// How much it differs from the text: from 0 (equal) to 1.
    distance: f32,
}

/// The kind and id of a table or view.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum TabularIdentUuid {
    /// A table.
    Table {
        /// Its id.
        #[schema(value_type = Uuid)]
        id: TabularId,
    },
    /// A view.
    View {
        /// Its id.
        #[schema(value_type = Uuid)]
        id: TabularId,
    },
    /// A generic table.
    GenericTable {
        /// Its id.
        #[schema(value_type = Uuid)]
        id: TabularId,
    },
}

impl From<(f32, FoundTabular)> for SearchTabular {
    fn from((distance, found): (f32, FoundTabular)) -> Self {
        let id = found.id;
        Self {
            namespace_name: found.path.levels().to_vec(),
            tabular_name: found.name,
            tabular_id: match found.kind {
                TabularKind::Table => TabularIdentUuid::Table { id },
                TabularKind::View => TabularIdentUuid::View { id },
                TabularKind::GenericTable => TabularIdentUuid::GenericTable { id },
            },
            distance,
        }
    }
}

/// Search tables and views
///
/// Finds names with typing errors, too.
#[utoipa::path(post, path = "/v1/warehouse/{warehouse_id}/search-tabular", tag = "warehouse", operation_id = "search_tabular",
    params(("warehouse_id" = Uuid, Path)), request_body = SearchTabularRequest, responses((status = 200, body = SearchTabularResponse)))]
pub(crate) async fn search(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Posted { request, body }: Posted<SearchTabularRequest>,
) -> ApiResult<Json<SearchTabularResponse>> {
    let found = catalog::warehouse::search(&app.catalog, &request, id.into(), &body.search).await?;
    Ok(Json(SearchTabularResponse {
        tabulars: found.into_iter().map(Into::into).collect(),
    }))
}
