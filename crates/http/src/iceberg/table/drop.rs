//! `DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}`.

use axum::extract::State;
use catalog::namespace::{Files, Protections};
use catalog::tabular::{self, DropOptions};
use http::StatusCode;
use model::TabularKind;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::{App, PurgeDefault, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtTabular, Bodyless, Query};
use crate::iceberg::{Flag, is_set};

/// How to drop the table or view.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct DropQuery {
    /// Whether to delete the files, too. If absent, the server's configuration decides; by default it keeps them.
    #[param(value_type = Option<bool>)]
    purge_requested: Option<Flag>,
    /// Whether to drop the table or view even if it is protected.
    #[param(value_type = Option<bool>)]
    force: Option<Flag>,
}

impl DropQuery {
    pub(crate) fn options(&self, default: PurgeDefault) -> DropOptions {
        let purges = self
            .purge_requested
            .map_or(default == PurgeDefault::Purge, |flag| flag.0);
        let files = if purges { Files::Purge } else { Files::Keep };
        let protections = if is_set(self.force) {
            Protections::Override
        } else {
            Protections::Respect
        };
        DropOptions { files, protections }
    }
}

/// Drop a table
#[utoipa::path(delete, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}", tag = "iceberg", operation_id = "dropTable",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path), DropQuery), responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    table: AtTabular,
    Query(query): Query<DropQuery>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let kind = TabularKind::Table;
    let options = query.options(app.settings.purge_default);
    run_to_end(app.changes(), async move {
        tabular::drop(&app.catalog, &request, table.at(), kind, options).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
