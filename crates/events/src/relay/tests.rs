//! Relays between a real store and sinks whose behaviour the tests control.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use model::{Event, EventKind, Origin, ProjectId, SystemClock};
use serde_json::value::RawValue;
use store::{Effects, OutboxBounds, ProjectRow};
use store_sqlite::SqliteStore;
use tokio::task::JoinHandle;

use super::*;
use crate::PublishError;

/// A sink that records the keys of events, unless it is down or panics.
#[derive(Debug, Default)]
struct Sink {
    name: &'static str,
    got: Mutex<Vec<String>>,
    is_down: AtomicBool,
    panics: AtomicBool,
}

impl Sink {
    fn named(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            name,
            ..Self::default()
        })
    }

    async fn wait_for(&self, count: usize) -> Vec<String> {
        for _ in 0..1_000 {
            let got = self.got.lock().unwrap().clone();
            if got.len() >= count {
                return got;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!(
            "{} of {count} events have come",
            self.got.lock().unwrap().len()
        );
    }
}

#[async_trait]
impl Publisher for Sink {
    fn name(&self) -> &str {
        self.name
    }

    async fn publish(&self, event: &CloudEvent) -> Result<(), PublishError> {
        assert!(!self.panics.swap(false, Ordering::SeqCst), "as it was told");
        if self.is_down.load(Ordering::SeqCst) {
            return Err(PublishError::Unavailable("down".to_owned()));
        }
        self.got.lock().unwrap().push(event.key().to_owned());
        Ok(())
    }
}

/// A running relay.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(store: &Arc<dyn Store>, sink: &Arc<Sink>) -> Self {
        Self::of(relay(store, sink))
    }

    fn of(relay: Relay) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(relay.run(stop.clone()));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn relay(store: &Arc<dyn Store>, sink: &Arc<Sink>) -> Relay {
    let publisher = Arc::clone(sink) as Arc<dyn Publisher>;
    Relay::new(Arc::clone(store), Arc::new(SystemClock), publisher)
}

fn store() -> Arc<dyn Store> {
    Arc::new(SqliteStore::temporary().unwrap())
}

async fn tell(store: &Arc<dyn Store>, numbers: std::ops::Range<usize>) {
    let events = numbers.map(|number| Event {
        kind: EventKind::CreateProject,
        at: SystemClock.now(),
        warehouse: None,
        subject: number.to_string(),
        body: RawValue::from_string("{}".to_owned()).unwrap(),
        origin: Origin::generate(),
    });
    let effects = Effects {
        events: events.collect(),
        ..Effects::none()
    };
    let project = ProjectRow {
        id: ProjectId::generate(),
        name: "p".to_owned(),
        created_at: SystemClock.now(),
    };
    store.project_create(project, effects).await.unwrap();
}

fn sorted(mut keys: Vec<String>) -> Vec<usize> {
    keys.sort_by_key(|key| key.parse::<usize>().unwrap());
    keys.iter().map(|key| key.parse().unwrap()).collect()
}

#[tokio::test]
async fn every_sink_gets_all_events_at_its_own_pace() {
    let (store, fast, slow) = (store(), Sink::named("fast"), Sink::named("slow"));
    slow.is_down.store(true, Ordering::SeqCst);
    let running = [Running::start(&store, &fast), Running::start(&store, &slow)];
    tell(&store, 0..700).await;
    tell(&store, 700..1_300).await;
    let got = fast.wait_for(1_300).await;
    assert_eq!(sorted(got), (0..1_300).collect::<Vec<_>>());
    assert!(slow.got.lock().unwrap().is_empty());
    slow.is_down.store(false, Ordering::SeqCst);
    let got = slow.wait_for(1_300).await;
    assert_eq!(sorted(got), (0..1_300).collect::<Vec<_>>());
    for one in running {
        one.stop().await;
    }
}

#[tokio::test]
async fn whoever_comes_next_goes_on_where_the_last_one_ended() {
    let (store, sink) = (store(), Sink::named("sink"));
    let first = Running::start(&store, &sink);
    tell(&store, 0..3).await;
    sink.wait_for(3).await;
    // Progress is recorded shortly after the delivery.
    tokio::time::sleep(PAUSE).await;
    first.stop().await;
    tell(&store, 3..5).await;
    let second = Running::start(&store, &sink);
    let got = sink.wait_for(5).await;
    assert_eq!(sorted(got), [0, 1, 2, 3, 4]);
    second.stop().await;
}

#[tokio::test]
async fn one_of_several_works_and_the_others_take_over() {
    let (store, sink) = (store(), Sink::named("sink"));
    let first = Running::start(&store, &sink);
    tell(&store, 0..1).await;
    sink.wait_for(1).await;
    let second = Running::start(&store, &sink);
    tell(&store, 1..50).await;
    let got = sink.wait_for(50).await;
    assert_eq!(sorted(got), (0..50).collect::<Vec<_>>(), "each once");
    tokio::time::sleep(PAUSE).await;
    first.stop().await;
    tell(&store, 50..51).await;
    sink.wait_for(51).await;
    second.stop().await;
}

#[tokio::test]
async fn a_panic_is_not_the_end() {
    let (store, sink) = (store(), Sink::named("sink"));
    sink.panics.store(true, Ordering::SeqCst);
    let running = Running::start(&store, &sink);
    tell(&store, 0..1).await;
    assert_eq!(sink.wait_for(1).await, ["0"]);
    running.stop().await;
}

#[tokio::test]
async fn a_sink_that_was_behind_for_too_long_goes_on_with_what_is_left() {
    let (store, sink) = (store(), Sink::named("sink"));
    let running = Running::start(&store, &sink);
    tell(&store, 0..2).await;
    sink.wait_for(2).await;
    tokio::time::sleep(PAUSE).await;
    running.stop().await;
    tell(&store, 2..6).await;
    store
        .outbox_cut(OutboxBounds::of_events(2), 100)
        .await
        .unwrap();
    let running = Running::start(&store, &sink);
    let got = sink.wait_for(4).await;
    assert_eq!(sorted(got), [0, 1, 4, 5]);
    running.stop().await;
}

/// The value of a metric of the sink.
fn shown(metrics: &PrometheusHandle, name: &str) -> f64 {
    let all = metrics.render();
    let line = all.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.rsplit(' ').next());
    value.map_or(0.0, |value| value.parse().unwrap())
}

async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("that has not come");
}

#[tokio::test]
async fn what_a_sink_lacks_is_seen_to_grow_while_it_is_down() {
    let (store, sink) = (store(), Sink::named("sink"));
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let relay = metrics::with_local_recorder(&recorder, || relay(&store, &sink));
    sink.is_down.store(true, Ordering::SeqCst);
    tell(&store, 0..1).await;
    let running = Running::of(relay);
    until(|| shown(&metrics, "lakekeeper_events_lag_seconds") > 0.4).await;
    tell(&store, 1..3).await;
    until(|| shown(&metrics, "lakekeeper_events_waiting") > 2.0).await;
    // The first event is being delivered already, so only the second one is lost.
    let keep = OutboxBounds::of_events(1);
    store.outbox_cut(keep, 100).await.unwrap();
    let missed = || shown(&metrics, "lakekeeper_events_missed_total");
    until(|| missed() > 0.0).await;
    sink.is_down.store(false, Ordering::SeqCst);
    assert_eq!(sorted(sink.wait_for(2).await), [0, 2]);
    assert!((missed() - 1.0).abs() < f64::EPSILON, "{}", missed());
    running.stop().await;
}

#[test]
fn delays_grow_and_are_bounded() {
    assert!(delay(0) <= FIRST_DELAY);
    assert!(delay(3) > FIRST_DELAY);
    for failures in [10, 100, u32::MAX] {
        assert!(delay(failures) <= LONGEST_DELAY);
    }
}
