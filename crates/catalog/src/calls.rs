//! Counts API calls in memory, and writes the counts to the database from time to time.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use foldhash::fast::RandomState;
use jobs::Flush;
use model::{Bounds, Clock, ProjectId, Timestamp, WarehouseId};
use store::{EndpointCalls, hour_of};

use crate::Catalog;

/// Number of parts that the counters are split into. Usually more than there are request threads, so that each thread
/// has its own part.
const PARTS: usize = 64;
/// Most counts in one write.
const PORTION: usize = 1_000;
/// How long the database may take for one write.
const PATIENCE: Duration = Duration::from_secs(10);

/// An API call that has been answered.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The HTTP method.
    pub method: &'static str,
    /// The route, as the OpenAPI description spells it.
    pub route: &'a str,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The warehouse that the call was about.
    pub warehouse: Option<WarehouseId>,
    /// The project that the caller named.
    pub project: Option<ProjectId>,
}

/// Counts of calls since the last write. A thread that counts contends only with the writer, and only for a moment.
pub struct CallCounters {
    parts: [Mutex<Counts>; PARTS],
    /// How many entries all parts have together.
    different: AtomicUsize,
    clock: Arc<dyn Clock>,
}

/// Keyed by route first, so that a lookup can borrow the route instead of copying it.
type Counts = HashMap<Box<str>, HashMap<Kind, Count, RandomState>, RandomState>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    method: &'static str,
    status: u16,
    warehouse: Option<WarehouseId>,
    project: Option<ProjectId>,
    hour: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    calls: u64,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

impl fmt::Debug for CallCounters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("CallCounters")
            .field("different", &self.different)
            .finish_non_exhaustive()
    }
}

/// The number of the current thread's part.
fn own_part() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PART: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % PARTS);
    }
    PART.get()
}

impl CallCounters {
    /// Counters without any counts.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            parts: std::array::from_fn(|_| Mutex::default()),
            different: AtomicUsize::new(0),
            clock,
        }
    }

    /// Counts a call. Once there are [`Bounds::DIFFERENT_CALLS`] entries, calls without an entry are not counted any
    /// more.
    pub fn record(&self, call: Call<'_>) {
        let at = self.clock.now();
        let kind = Kind {
            method: call.method,
            status: call.status,
            warehouse: call.warehouse,
            project: call.project,
            hour: hour_of(at),
        };
        let count = Count {
            calls: 1,
            first_at: at,
            last_at: at,
        };
        self.add(call.route, kind, count);
    }

    fn add(&self, route: &str, kind: Kind, count: Count) {
        let mut counts = self.part(own_part());
        let of_route = counts.get_mut(route);
        if let Some(known) = of_route.and_then(|kinds| kinds.get_mut(&kind)) {
            return known.add(count);
        }
        if self.different.fetch_add(1, Ordering::Relaxed) >= Bounds::DIFFERENT_CALLS {
            self.different.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let of_route = counts.entry(route.into()).or_default();
        of_route.insert(kind, count);
    }

    fn part(&self, number: usize) -> MutexGuard<'_, Counts> {
        // The fallback is never used: there are `PARTS` parts.
        let part = self.parts.get(number % PARTS).unwrap_or(&self.parts[0]);
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all counts, and leaves the counters empty.
    fn take(&self) -> Counts {
        let mut all = Counts::default();
        for number in 0..PARTS {
            let counts = std::mem::take(&mut *self.part(number));
            let different: usize = counts.values().map(HashMap::len).sum();
            self.different.fetch_sub(different, Ordering::Relaxed);
            for (route, kinds) in counts {
                let of_route = all.entry(route).or_default();
                for (kind, count) in kinds {
                    of_route
                        .entry(kind)
                        .and_modify(|known| known.add(count))
                        .or_insert(count);
                }
            }
        }
        all
    }

    /// Writes the counts in portions. After the first portion that fails, the remaining ones are not tried but
    /// counted again, for the next write. The failed portion itself is counted again only if it certainly was not
    /// written, so nothing is counted twice.
    async fn write_down<F>(
        &self,
        default: Option<&ProjectId>,
        write: impl Fn(Vec<EndpointCalls>) -> F,
    ) where
        F: Future<Output = store::Result<()>>,
    {
        let all = self.take().into_iter();
        let all = all.flat_map(|(route, kinds)| {
            let kinds = kinds.into_iter();
            kinds.map(move |(kind, count)| (route.clone(), kind, count))
        });
        let all: Vec<_> = all.collect();
        let mut portions = all.chunks(PORTION);
        while let Some(portion) = portions.next() {
            let calls = portion.iter().map(|one| row(one, default)).collect();
            let (error, is_undone) = match tokio::time::timeout(PATIENCE, write(calls)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => (error.to_string(), error.changed_nothing()),
                Err(elapsed) => (elapsed.to_string(), false),
            };
            tracing::warn!(%error, "calls cannot be written down");
            let left = if is_undone { portion } else { &[] };
            for (route, kind, count) in left.iter().chain(portions.by_ref().flatten()) {
                self.add(route, kind.clone(), *count);
            }
        }
    }
}

/// Writes the catalog's counts to the database.
#[derive(Debug)]
pub struct CallFlusher(pub Arc<Catalog>);

#[async_trait]
impl Flush for CallFlusher {
    async fn flush(&self) {
        let (cx, default) = (&self.0, self.0.settings.default_project.as_ref());
        let write = |calls| cx.background().calls_add(calls);
        cx.calls().write_down(default, write).await;
    }
}

fn row(
    (route, kind, count): &(Box<str>, Kind, Count),
    default: Option<&ProjectId>,
) -> EndpointCalls {
    EndpointCalls {
        warehouse: kind.warehouse,
        project: kind.project.as_ref().or(default).cloned(),
        route: format!("{} {route}", kind.method),
        status: kind.status,
        count: count.calls,
        first_at: count.first_at,
        last_at: count.last_at,
    }
}

#[cfg(test)]
mod tests {
    use model::ManualClock;
    use store::StoreError;

    use super::*;

    const START: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    fn call(route: &str, status: u16) -> Call<'_> {
        Call {
            method: "GET",
            route,
            status,
            warehouse: None,
            project: None,
        }
    }

    fn total(counts: &Counts) -> u64 {
        let kinds = counts.values().flat_map(HashMap::values);
        kinds.map(|count| count.calls).sum()
    }

    #[test]
    fn calls_on_all_threads_add_up_and_are_taken_once() {
        let counters = CallCounters::new(Arc::new(ManualClock::at(START)));
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..1_000 {
                        counters.record(call("/a", 200));
                    }
                });
            }
        });
        let taken = counters.take();
        assert_eq!((total(&taken), taken.len()), (8_000, 1));
        assert_eq!(total(&counters.take()), 0);
        assert_eq!(counters.different.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_hour_ends_a_count() {
        let clock = Arc::new(ManualClock::at(START));
        let counters = CallCounters::new(Arc::clone(&clock) as Arc<dyn Clock>);
        counters.record(call("/a", 200));
        let later = START.plus(Duration::from_mins(59));
        clock.set(later);
        counters.record(call("/a", 200));
        let taken = counters.take();
        let kinds: Vec<_> = taken["/a"].iter().collect();
        assert_eq!(kinds.len(), 2);
        for (kind, count) in kinds {
            assert_eq!(kind.hour, hour_of(count.first_at));
        }
    }

    #[test]
    fn different_calls_are_bounded_and_known_ones_go_on() {
        let counters = CallCounters::new(Arc::new(ManualClock::at(START)));
        counters.record(call("/known", 200));
        for _ in 0..Bounds::DIFFERENT_CALLS + 100 {
            let unknown = Call {
                warehouse: Some(WarehouseId::generate()),
                ..call("/many", 404)
            };
            counters.record(unknown);
        }
        counters.record(call("/known", 200));
        let taken = counters.take();
        let different: usize = taken.values().map(HashMap::len).sum();
        assert_eq!(different, Bounds::DIFFERENT_CALLS);
        assert_eq!(total(&taken), Bounds::DIFFERENT_CALLS as u64 + 1);
        counters.record(call("/new", 200));
        assert_eq!(total(&counters.take()), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_broken_database_does_not_take_is_counted_on_within_the_bound() {
        let counters = CallCounters::new(Arc::new(ManualClock::at(START)));
        let written = Mutex::new(0);
        let add = async |calls: Vec<EndpointCalls>| {
            *written.lock().unwrap() += calls.iter().map(|one| one.count).sum::<u64>();
            Ok(())
        };
        let broken = async |_: Vec<EndpointCalls>| Err(StoreError::Unavailable("down".into()));
        for _ in 0..3 {
            for _ in 0..Bounds::DIFFERENT_CALLS {
                let warehouse = Some(WarehouseId::generate());
                counters.record(Call {
                    warehouse,
                    ..call("/many", 200)
                });
            }
            counters.write_down(None, broken).await;
            let different = counters.different.load(Ordering::Relaxed);
            assert_eq!(different, Bounds::DIFFERENT_CALLS);
        }
        counters.write_down(None, add).await;
        assert_eq!(*written.lock().unwrap(), Bounds::DIFFERENT_CALLS as u64);
        // A database that does not answer may have written the count, so it is not written again.
        counters.record(call("/a", 200));
        counters.write_down(None, |_| std::future::pending()).await;
        counters.write_down(None, add).await;
        assert_eq!(*written.lock().unwrap(), Bounds::DIFFERENT_CALLS as u64);
    }
}
