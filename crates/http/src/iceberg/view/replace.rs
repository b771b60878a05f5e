//! `POST /v1/{prefix}/namespaces/{namespace}/views/{view}`.

use ::iceberg::{ViewRequirement, ViewUpdate};
use axum::extract::State;
use axum::response::Response;
use catalog::view::ViewReplace;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{AtTabular, Identifier, Posted, identifier};
use crate::iceberg::loaded::{Shape, answer, check_links};

/// A commit to a view.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CommitViewRequest {
    identifier: Option<Identifier>,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    requirements: Vec<ViewRequirement>,
    #[schema(value_type = Vec<Object>)]
    updates: Vec<ViewUpdate>,
}

/// Replace a view
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/views/{view}", tag = "iceberg", operation_id = "replaceView",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("view" = String, Path)), request_body = CommitViewRequest,
    responses((status = 200, body = Object)))]
pub(crate) async fn replace(
    State(app): State<App>,
    at: AtTabular,
    headers: HeaderMap,
    Posted { request, body }: Posted<CommitViewRequest>,
) -> ApiResult<Response> {
    if let Some(given) = &body.identifier {
        let named = identifier("view", given)?;
        if named.namespace.key() != at.path.namespace.key()
            || named.name.key() != at.path.name.key()
        {
            let message = format!(
                "the body is about view `{named}`, the path about `{}`",
                at.path
            );
            return Err(ApiError::new(
                http::StatusCode::BAD_REQUEST,
                "ViewIdentifierMismatch",
                message,
            ));
        }
    }
    let commit = ViewReplace {
        requirements: body.requirements,
        updates: body.updates,
    };
    check_links(&app, &headers)?;
    let catalog = app.catalog.clone();
    let loaded = run_to_end(app.changes(), async move {
        catalog::view::replace(&catalog, &request, at.warehouse, &at.path, commit).await
    });
    answer(&app, &headers, &loaded.await?, Shape::View).await
}
