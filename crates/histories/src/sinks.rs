//! Every sink that events can be delivered to, and the events that have arrived there.

mod feed;
mod kafka;
mod log;
mod nats;
mod receiver;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::history::{Arrivals, SeenEvent};
use crate::world::World;
use crate::{Error, Plan};
use feed::Feed;
use kafka::Kafka;
use nats::Nats;
use receiver::Receiver;

/// How long events may take to arrive when nothing is killed any more: leases have to run out first.
const PATIENCE: Duration = Duration::from_mins(4);
const POLL: Duration = Duration::from_millis(300);

/// The sinks of a run.
#[derive(Debug)]
pub(crate) struct Sinks {
    receiver: Receiver,
    nats: Option<Nats>,
    kafka: Option<Kafka>,
    feed: Option<Feed>,
    /// The file that the replicas write their log to.
    log: PathBuf,
}

impl Sinks {
    /// Starts the receiver of webhooks, and NATS and Kafka if their programs are given. `log` is the replicas' log file.
    pub(crate) async fn start(plan: &Plan, log: PathBuf) -> Result<Self, Error> {
        let nats = match &plan.nats {
            Some(program) => Some(Nats::start(program).await?),
            None => None,
        };
        let kafka = match (&plan.kafka_jars, &plan.java) {
            (Some(jars), Some(java)) => Some(Kafka::start(jars, java).await?),
            _ => None,
        };
        Ok(Self {
            receiver: Receiver::start().await?,
            nats,
            kafka,
            feed: None,
            log,
        })
    }

    /// The environment variables that make replicas deliver events to all sinks.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("LAKEKEEPER__LOG_CLOUDEVENTS", "true".to_owned()),
            ("LAKEKEEPER__WEBHOOK_URL", self.receiver.url.clone()),
        ];
        all.extend(self.nats.iter().flat_map(Nats::variables));
        all.extend(self.kafka.iter().flat_map(Kafka::variables));
        all
    }

    /// Follows the feed from now on.
    pub(crate) fn follow(&mut self, world: &Arc<World>) {
        self.feed = Some(Feed::follow(Arc::clone(world)));
    }

    /// Waits until every sink has as many events as the feed, which gets no more of them; returns what has arrived at each.
    pub(crate) async fn arrivals(mut self) -> Result<Vec<Arrivals>, Error> {
        let seen = match self.feed.take() {
            Some(feed) => feed.end().await?,
            None => Vec::new(),
        };
        let expected = distinct(&seen);
        let end = Instant::now() + PATIENCE;
        loop {
            let mut all = vec![
                arrived("log", log::read(&self.log)?),
                arrived("webhook", self.receiver.got()),
            ];
            if let Some(nats) = &mut self.nats {
                all.push(arrived("nats", nats.read().await?));
            }
            if let Some(kafka) = &mut self.kafka {
                all.push(arrived("kafka", kafka.read().await?));
            }
            let is_there = |one: &Arrivals| distinct(&one.events) >= expected;
            if all.iter().all(is_there) || Instant::now() > end {
                all.push(arrived("feed", seen));
                return Ok(all);
            }
            sleep(POLL).await;
        }
    }
}

fn arrived(sink: &'static str, events: Vec<SeenEvent>) -> Arrivals {
    Arrivals { sink, events }
}

fn distinct(events: &[SeenEvent]) -> usize {
    let ids: HashSet<_> = events.iter().map(|event| &event.id).collect();
    ids.len()
}

/// Reads an event in the JSON format of CloudEvents.
fn seen_event(event: &serde_json::Value) -> Option<SeenEvent> {
    let text = |name: &str| event.get(name)?.as_str();
    Some(SeenEvent {
        id: text("id")?.to_owned(),
        subject: text("subject")?.to_owned(),
        sequence: text("sequence")?.parse().ok()?,
    })
}
