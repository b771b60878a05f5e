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

/// What to search for.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SearchTabularRequest {
    /// A part of a name, a name behind its namespace, the id of a table or view, or that of a namespace; its first 64
    /// characters count.
    search: String,
}

/// Tables and views that were found, the best first.
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
    /// How far it is from what was searched for: from 0, which is just that, to 1.
    distance: f32,
}

/// What it is, and its id.
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
    /// A table of another format.
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

/// Find tables and views
///
/// Names with a mistake are found, too.
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
