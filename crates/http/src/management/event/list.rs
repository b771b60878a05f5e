//! `GET /v1/events`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use catalog::feed::{self, FeedQuery};
use events::{CloudEvent, Source};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Part, part, token};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Query, ReadRequest};

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEventsQuery {
    /// The `next-page-token` of the last answer; without it, the list begins with the oldest event that is kept.
    page_token: Option<String>,
    /// The largest number of events in the answer. It may have fewer even if there are more.
    page_size: Option<u64>,
    /// How many seconds to wait for an event if there is none: 20 at most, 0 if absent.
    #[param(maximum = 20)]
    wait_seconds: Option<u64>,
}

/// Events in the order in which their changes were committed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListEventsResponse {
    /// CloudEvents 1.0 in their JSON format.
    #[schema(value_type = Vec<Object>)]
    events: Vec<CloudEvent>,
    /// The `pageToken` of the next request. Always there, even without events: a client that goes on from it misses no event.
    next_page_token: String,
}

/// List events
///
/// The durable feed of all changes in the installation. Call it again with `next-page-token` to get the events since.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "list_events", params(ListEventsQuery),
    responses((status = 200, body = ListEventsResponse),
        (status = 410, description = "Events after `pageToken` have been removed already", body = crate::error::ErrorBody)))]
pub(crate) async fn list(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<ListEventsQuery>,
) -> ApiResult<Json<ListEventsResponse>> {
    let Part { after, limit } = part(&app, query.page_token, query.page_size)?;
    let wait = Duration::from_secs(query.wait_seconds.unwrap_or(0));
    if wait > feed::LONGEST_WAIT {
        return Err(ApiError::bad_request(format!(
            "`waitSeconds` is {}, it may be {} at most",
            wait.as_secs(),
            feed::LONGEST_WAIT.as_secs()
        )));
    }
    let query = FeedQuery { after, limit, wait };
    let page = feed::list(&app.catalog, &request, query).await?;
    let source = Source::of(page.server);
    let events = page.events.into_iter();
    Ok(Json(ListEventsResponse {
        events: events.map(|row| CloudEvent::of(row, &source)).collect(),
        next_page_token: token(page.next),
    }))
}
