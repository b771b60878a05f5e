//! `POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics`.

use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{AtTabular, Posted};

/// Report metrics of a scan or a commit
#[utoipa::path(post, path = "/v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics", tag = "iceberg", operation_id = "reportMetrics",
    params(("prefix" = String, Path), ("namespace" = String, Path), ("table" = String, Path)), request_body = Object, responses((status = 204)))]
pub(crate) async fn report_metrics(
    State(app): State<App>,
    table: AtTabular,
    Posted { request, body }: Posted<Value>,
) -> ApiResult<StatusCode> {
    let kind = match body.get("report-type").and_then(Value::as_str) {
        Some("scan-report") => "scan",
        Some("commit-report") => "commit",
        _ => {
            return Err(ApiError::bad_request(
                "`report-type` must be `scan-report` or `commit-report`",
            ));
        }
    };
    catalog::table::report_metrics(&app.catalog, &request, table.at()).await?;
    metrics::counter!("lakekeeper_metrics_reports_total", "type" => kind).increment(1);
    Ok(StatusCode::NO_CONTENT)
}
