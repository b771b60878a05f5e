//! The feed as a sink: a consumer that keeps its cursor, and asks a random replica each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::Rng as _;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::seen_event;
use crate::Error;
use crate::client::{ApiRequest, Reply};
use crate::history::SeenEvent;
use crate::world::World;

const PAUSE: Duration = Duration::from_millis(50);

/// A consumer of the feed.
#[derive(Debug)]
pub(super) struct Feed {
    is_over: Arc<AtomicBool>,
    consumer: JoinHandle<Result<Vec<SeenEvent>, Error>>,
}

impl Feed {
    pub(super) fn follow(world: Arc<World>) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        Self {
            consumer: tokio::spawn(consume(world, Arc::clone(&is_over))),
            is_over,
        }
    }

    /// Reads the feed to its end; returns all events that have come.
    pub(super) async fn end(self) -> Result<Vec<SeenEvent>, Error> {
        self.is_over.store(true, Ordering::SeqCst);
        let ended = self.consumer.await;
        ended.map_err(|error| Error::system("the feed's consumer")(std::io::Error::other(error)))?
    }
}

async fn consume(world: Arc<World>, is_over: Arc<AtomicBool>) -> Result<Vec<SeenEvent>, Error> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        // Read before the request, so that the last page is asked for after all events were written.
        let is_last = is_over.load(Ordering::SeqCst);
        let request = ApiRequest::get(format!(
            "/management/v1/events?pageSize=500&waitSeconds=1{token}"
        ));
        let replica = rand::rng().random_range(0..world.client.replicas());
        let page = match world.client.ask(replica, &request, None).await.1 {
            Reply::Answer(answer) => answer.body,
            Reply::NotReached | Reply::Unavailable | Reply::Unknown => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let events = page.get("events").and_then(Value::as_array);
        let next = page.get("next-page-token").and_then(Value::as_str);
        let (Some(events), Some(next)) = (events, next) else {
            let (about, answer) = ("for events".to_owned(), page.to_string());
            return Err(Error::Catalog { about, answer });
        };
        if events.is_empty() && is_last {
            return Ok(all);
        }
        all.extend(events.iter().filter_map(seen_event));
        token = format!("&pageToken={next}");
    }
}
