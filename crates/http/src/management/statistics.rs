//! `POST /v1/endpoint-statistics` and `GET /v1/warehouse/{warehouse_id}/statistics`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::statistics::Window;
use http::StatusCode;
use model::{Excerpt, Timestamp, WarehouseId, parse_iso_8601};
use serde::{Deserialize, Serialize};
use store::{CallsAbout, CountedCalls, STATISTICS_SPAN, WarehouseCounts};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{PageQuery, Path, Posted, Query, ReadRequest, encode_token, time};

/// The longest window that a request may ask for.
const LONGEST: Duration = Duration::from_hours(366 * 24);
/// The length of the window if a request names none.
const USUAL: Duration = Duration::from_hours(24);

/// Which calls to count.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GetEndpointStatisticsRequest {
    warehouse: WarehouseFilter,
    /// Only calls that were answered with one of these HTTP statuses.
    #[serde(default)]
    status_codes: Option<Vec<u16>>,
    /// The time window; the last 24 hours if absent.
    #[serde(default)]
    range_specifier: Option<TimeWindowSelector>,
}

/// Which calls to count, by their warehouse.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum WarehouseFilter {
    /// Calls to one warehouse.
    WarehouseId {
        /// The id of the warehouse.
        id: Uuid,
    },
    /// Calls to no warehouse.
    Unmapped,
    /// All calls in the project.
    All,
}

/// A time window in which calls were answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum TimeWindowSelector {
    /// A window by its end and length.
    Window {
        /// The end of the window (RFC 3339).
        end: String,
        /// The length of the window, an ISO 8601 duration from `PT1H` to `P366D`.
        interval: String,
    },
    /// The window before or after that of another answer.
    PageToken {
        /// The `previous-page-token` or `next-page-token` of that answer.
        token: String,
    },
}

/// The calls of each hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EndpointStatisticsResponse {
    /// The end of each hour, the latest first. Hours without calls are left out.
    timestamps: Vec<String>,
    /// The calls in each of these hours, in the same order.
    called_endpoints: Vec<Vec<EndpointStatistic>>,
    /// A token for the window before this one.
    previous_page_token: String,
    /// A token for the window after this one.
    next_page_token: String,
}

/// The calls of one operation with the same warehouse and status in one hour.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EndpointStatistic {
    count: u64,
    /// Method and path of the operation, with parameters in braces.
    http_route: String,
    status_code: u16,
    warehouse_id: Option<Uuid>,
    warehouse_name: Option<String>,
    /// When the first of these calls was answered.
    created_at: String,
    /// When the last of these calls was answered, if there was more than one.
    updated_at: Option<String>,
}

impl From<CountedCalls> for EndpointStatistic {
    fn from(counted: CountedCalls) -> Self {
        let (warehouse_id, warehouse_name) = match counted.warehouse {
            Some((id, name)) => (Some(id.as_uuid()), name),
            None => (None, None),
        };
        Self {
            count: counted.count,
            http_route: counted.route,
            status_code: counted.status,
            warehouse_id,
            warehouse_name,
            created_at: counted.first_at.to_string(),
            updated_at: (counted.count > 1).then(|| counted.last_at.to_string()),
        }
    }
}

/// Count the calls of each operation
#[utoipa::path(post, path = "/v1/endpoint-statistics", tag = "project", operation_id = "get_endpoint_statistics",
    request_body = GetEndpointStatisticsRequest, responses((status = 200, body = EndpointStatisticsResponse)))]
pub(crate) async fn of_endpoints(
    State(app): State<App>,
    Posted { request, body }: Posted<GetEndpointStatisticsRequest>,
) -> ApiResult<Json<EndpointStatisticsResponse>> {
    let about = match body.warehouse {
        WarehouseFilter::WarehouseId { id } => CallsAbout::Warehouse(WarehouseId::from(id)),
        WarehouseFilter::Unmapped => CallsAbout::NoWarehouse,
        WarehouseFilter::All => CallsAbout::Anything,
    };
    let window = match body.range_specifier {
        None => Window {
            end: app.catalog.now(),
            length: USUAL,
        },
        Some(TimeWindowSelector::Window { end, interval }) => window(&end, &interval)?,
        Some(TimeWindowSelector::PageToken { token }) => of_token(&token)?,
    };
    let statuses = body.status_codes;
    let found = catalog::statistics::endpoints(&app.catalog, &request, about, window, statuses);
    let found = found.await?;
    let (mut timestamps, mut called_endpoints) = (Vec::new(), Vec::<Vec<_>>::new());
    let mut hour = None;
    for counted in found {
        if hour.replace(counted.hour) != Some(counted.hour) {
            timestamps.push(counted.hour.plus(STATISTICS_SPAN).to_string());
            called_endpoints.push(Vec::new());
        }
        if let Some(of_hour) = called_endpoints.last_mut() {
            of_hour.push(counted.into());
        }
    }
    Ok(Json(EndpointStatisticsResponse {
        timestamps,
        called_endpoints,
        previous_page_token: token(window.previous()),
        next_page_token: token(window.next()),
    }))
}

fn window(end: &str, interval: &str) -> ApiResult<Window> {
    let wrong = |message: String| ApiError::bad_request(format!("`range-specifier`: {message}"));
    let end = time("range-specifier.end", end)?;
    let length = parse_iso_8601(interval).ok_or_else(|| {
        wrong(format!(
            "`interval` `{interval}` must be an ISO 8601 duration in weeks, or in days, hours, minutes and seconds"
        ))
    })?;
    if !(STATISTICS_SPAN..=LONGEST).contains(&length) {
        let message = format!(
            "`interval` `{interval}` must be between one hour (`PT1H`) and one year (`P366D`)"
        );
        return Err(wrong(message));
    }
    Ok(Window { end, length })
}

fn token(window: Window) -> String {
    let seconds = window.length.as_secs();
    URL_SAFE_NO_PAD.encode(format!("{} {seconds}", window.end.as_ms()))
}

fn of_token(token: &str) -> ApiResult<Window> {
    let text = URL_SAFE_NO_PAD.decode(token).ok();
    let text = text.and_then(|text| String::from_utf8(text).ok());
    let window = text.and_then(|text| {
        let (end, seconds) = text.split_once(' ')?;
        let length = Duration::from_secs(seconds.parse().ok()?);
        let end = Timestamp::from_ms(end.parse().ok()?);
        (STATISTICS_SPAN..=LONGEST)
            .contains(&length)
            .then_some(Window { end, length })
    });
    window.ok_or_else(|| {
        let shown = Excerpt(token);
        let message = format!("`token` `{shown}` was not returned by the statistics");
        ApiError::new(StatusCode::BAD_REQUEST, "InvalidPaginationToken", message)
    })
}

/// Which page of a warehouse's statistics to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WarehouseStatisticsQuery {
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    #[serde(alias = "pageToken")]
    page_token: Option<String>,
    /// The largest number of entries in the page.
    #[serde(alias = "pageSize")]
    page_size: Option<u64>,
}

/// How many tables and views a warehouse had.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WarehouseStatisticsResponse {
    warehouse_ident: Uuid,
    /// One entry for each hour in which a number changed, the latest first.
    stats: Vec<WarehouseStatistics>,
    next_page_token: Option<String>,
}

/// How many tables and views a warehouse had at the end of an hour. Soft-deleted ones count.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WarehouseStatistics {
    /// The end of the hour.
    timestamp: String,
    number_of_tables: i64,
    number_of_views: i64,
    /// When a number last changed in this hour.
    updated_at: String,
}

impl From<WarehouseCounts> for WarehouseStatistics {
    fn from(counts: WarehouseCounts) -> Self {
        Self {
            timestamp: counts.hour.plus(STATISTICS_SPAN).to_string(),
            number_of_tables: counts.tables,
            number_of_views: counts.views,
            updated_at: counts.updated_at.to_string(),
        }
    }
}

/// Get the numbers of tables and views that a warehouse had over time
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/statistics", tag = "warehouse", operation_id = "get_warehouse_statistics",
    params(("warehouse_id" = Uuid, Path), WarehouseStatisticsQuery), responses((status = 200, body = WarehouseStatisticsResponse)))]
pub(crate) async fn of_warehouse(
    State(app): State<App>,
    Path(warehouse): Path<Uuid>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<WarehouseStatisticsQuery>,
) -> ApiResult<Json<WarehouseStatisticsResponse>> {
    let page = PageQuery::always(query.page_token, query.page_size).decode_page(&app)?;
    let found =
        catalog::statistics::of_warehouse(&app.catalog, &request, warehouse.into(), page).await?;
    Ok(Json(WarehouseStatisticsResponse {
        warehouse_ident: warehouse,
        stats: found.items.into_iter().map(Into::into).collect(),
        next_page_token: found.next.as_ref().map(encode_token),
    }))
}
