//! The feed of events, for consumers without a broker: as durable as the outbox, read from a sequence number on.

use std::time::Duration;

use authz::{Action, Authorized, ServerAction};
use model::ServerId;
use store::{DeadLetter, OutboxRow};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::server::ServerTarget;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// Longest time that a request may wait for an event.
pub const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Requests of this replica that may wait at the same time; more are answered at once.
const MAX_WAITING: usize = 64;
/// How often a waiting request looks for new events.
const POLL: Duration = Duration::from_millis(500);

/// Limits how many requests wait for events at the same time.
#[derive(Debug)]
pub(crate) struct WaitLimit(Semaphore);

impl Default for WaitLimit {
    fn default() -> Self {
        Self(Semaphore::new(MAX_WAITING))
    }
}

/// Which events to read.
#[derive(Debug, Clone, Copy)]
pub struct FeedQuery {
    /// Events after this sequence number; from the oldest one on if absent.
    pub after: Option<i64>,
    /// Most events of the answer.
    pub limit: u32,
    /// How long to wait if there is no event yet; [`LONGEST_WAIT`] at most.
    pub wait: Duration,
}

/// A page of events, in order.
#[derive(Debug)]
pub struct FeedPage {
    /// The installation that the events belong to.
    pub server: ServerId,
    /// The events.
    pub events: Vec<OutboxRow>,
    /// The sequence number to continue after, also if there are no events now.
    pub next: i64,
}

/// Events of the whole installation in the order of their changes; waits for events if there are none.
///
/// A consumer that continues from the last page's `next` misses none. `EventsGone` if events after `after` have been
/// removed.
pub async fn list(cx: &Catalog, request: &Request, query: FeedQuery) -> Result<FeedPage> {
    let proof = require(cx, request).await?;
    let store = cx.store(&proof);
    let mut after = match query.after {
        Some(after) => after,
        None => store.outbox_span().await?.trimmed,
    };
    let deadline = Instant::now() + query.wait.min(LONGEST_WAIT);
    let seat = cx.waiting.0.try_acquire().ok();
    loop {
        let events = store.outbox_read(after, query.limit).await?;
        // Read after the events: events that are removed between the two reads would be missing unnoticed otherwise.
        let trimmed = store.outbox_span().await?.trimmed;
        if after < trimmed {
            match query.after {
                Some(after) => return Err(gone(after, trimmed)),
                None => after = trimmed,
            }
            continue;
        }
        let is_over = seat.is_none() || Instant::now() + POLL > deadline;
        if !events.is_empty() || is_over {
            let next = events.last().map_or(after, |last| last.sequence);
            let server = store.server_load().await?.id;
            return Ok(FeedPage {
                server,
                events,
                next,
            });
        }
        sleep(POLL).await;
    }
}

fn gone(after: i64, trimmed: i64) -> CatalogError {
    let message = format!(
        "the events after position {after} have been removed, up to position {trimmed}: events are kept for a limited time. \
         Begin again without `pageToken`, and look up what has changed in the meantime"
    );
    CatalogError::new(ErrorKind::EventsGone, message)
}

/// Up to `limit` events that a sink refused for good, after the given number, in order.
pub async fn dead_letters(
    cx: &Catalog,
    request: &Request,
    after: i64,
    limit: u32,
) -> Result<Vec<DeadLetter>> {
    let proof = require(cx, request).await?;
    Ok(cx.store(&proof).dead_letter_list(after, limit).await?)
}

async fn require(cx: &Catalog, request: &Request) -> Result<Authorized<ServerTarget>> {
    let action = Action::Server(ServerAction::ReadEvents);
    cx.require(request, action, ServerTarget).await
}
