//! `DELETE /v1/{prefix}/namespaces/{namespace}`.

use axum::extract::State;
use catalog::namespace::{Children, Files, NamespaceDropOptions, Protections};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{AtNamespace, Bodyless, Query};
use crate::iceberg::{Flag, is_set};

/// How to drop the namespace.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DropNamespaceQuery {
    /// Whether to drop everything in it, too: namespaces, tables, views and generic tables. Otherwise a namespace that is not empty is refused (409).
    #[param(value_type = Option<bool>)]
    recursive: Option<Flag>,
    /// Whether to drop the namespace, and with `recursive` its contents, even if they are protected.
    #[param(value_type = Option<bool>)]
    force: Option<Flag>,
    /// Whether to delete the files of the tables and views that are dropped with `recursive`. Generic tables keep their files.
    #[param(value_type = Option<bool>)]
    purge: Option<Flag>,
}

impl DropNamespaceQuery {
    fn options(&self) -> NamespaceDropOptions {
        NamespaceDropOptions {
            children: if is_set(self.recursive) {
                Children::Drop
            } else {
                Children::Refuse
            },
            files: if is_set(self.purge) {
                Files::Purge
            } else {
                Files::Keep
            },
            protections: if is_set(self.force) {
                Protections::Override
            } else {
                Protections::Respect
            },
        }
    }
}

/// Drop a namespace
#[utoipa::path(delete, path = "/v1/{prefix}/namespaces/{namespace}", tag = "iceberg", operation_id = "dropNamespace",
    params(("prefix" = String, Path), ("namespace" = String, Path), DropNamespaceQuery), responses((status = 204)))]
pub(crate) async fn drop(
    State(app): State<App>,
    at: AtNamespace,
    Query(query): Query<DropNamespaceQuery>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let options = query.options();
    run_to_end(app.changes(), async move {
        catalog::namespace::drop(&app.catalog, &request, at.warehouse, &at.namespace, options).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
