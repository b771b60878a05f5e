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
use crate::extract::{Asked, Query};

/// Which dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDeadLettersQuery {
    /// Where to go on: what the last answer said.
    page_token: Option<String>,
    /// How many the answer may have.
    page_size: Option<u64>,
}

/// Events that sinks have refused, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListDeadLettersResponse {
    dead_letters: Vec<DeadLetterItem>,
    /// Where to go on.
    next_page_token: String,
}

/// An event that a sink has refused for good.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeadLetterItem {
    /// The sink.
    sink: String,
    /// The event's id.
    #[schema(value_type = Uuid)]
    event_id: EventId,
    /// A `pageToken` with which the list of events begins with this event, as long as that is kept.
    event_page_token: String,
    /// What the sink has said.
    reason: String,
    /// How many times it was tried.
    attempts: u32,
    /// When it was given up.
    failed_at: String,
}

/// List events that a sink has refused
#[utoipa::path(get, path = "/v1/events/dead-letters", tag = "events", operation_id = "list_dead_letters",
    params(ListDeadLettersQuery), responses((status = 200, body = ListDeadLettersResponse)))]
pub(crate) async fn dead_letters(
    State(app): State<App>,
    Asked(request): Asked,
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
