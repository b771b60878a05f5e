//! `GET /v1/events/dead-letters`.

use axum::Json;
use axum::extract::State;
use catalog::feed;
use model::EventId;
use serde::{Deserialize, Serialize};
use store::DeadLetter;
use utoipa::{IntoParams, ToSchema};

use super::{Part, part, token};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Query, ReadRequest};

/// Which dead letters to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDeadLettersQuery {
    /// The `next-page-token` of the last answer; without it, the list begins with the oldest dead letter.
    page_token: Option<String>,
    /// The largest number of dead letters in the answer.
    page_size: Option<u64>,
}

/// Events that sinks have refused for good, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListDeadLettersResponse {
    dead_letters: Vec<DeadLetterItem>,
    /// The `pageToken` of the next request. Always there: it also finds dead letters that are added later.
    next_page_token: String,
}

/// An event that a sink has refused for good.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeadLetterItem {
    /// The name of the sink.
    sink: String,
    /// The event's id.
    #[schema(value_type = Uuid)]
    event_id: EventId,
    /// A `pageToken` with which `GET /v1/events` begins with this event, as long as the event is kept.
    event_page_token: String,
    /// Why the sink refused the event.
    reason: String,
    /// How many times delivery was tried.
    attempts: u32,
    /// When delivery was given up (RFC 3339).
    failed_at: String,
}

/// List the events that sinks have refused for good
#[utoipa::path(get, path = "/v1/events/dead-letters", tag = "events", operation_id = "list_dead_letters",
    params(ListDeadLettersQuery), responses((status = 200, body = ListDeadLettersResponse)))]
pub(crate) async fn dead_letters(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(query): Query<ListDeadLettersQuery>,
) -> ApiResult<Json<ListDeadLettersResponse>> {
    let Part { after, limit } = part(&app, query.page_token, query.page_size)?;
    let after = after.unwrap_or(0);
    let found = feed::dead_letters(&app.catalog, &request, after, limit).await?;
    let last = found.last().map_or(after, |last| last.number);
    Ok(Json(ListDeadLettersResponse {
        dead_letters: found.into_iter().map(Into::into).collect(),
        next_page_token: token(last),
    }))
}

impl From<DeadLetter> for DeadLetterItem {
    fn from(dead: DeadLetter) -> Self {
        Self {
            sink: dead.sink,
            event_id: dead.letter.event,
            event_page_token: token(dead.letter.sequence - 1),
            reason: dead.letter.reason,
            attempts: dead.letter.attempts,
            failed_at: dead.letter.at.to_string(),
        }
    }
}
