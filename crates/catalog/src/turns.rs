//! Changes of one table take turns within a replica: without that, concurrent changes would write metadata files for
//! nothing and lose the race in the database. A waiting request may leave its work to the request whose turn it is.

use std::collections::{HashMap, VecDeque};
use std::fmt::{self, Display};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Bounds, NameKey, NamespaceKey, TabularPath, WarehouseId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{CatalogError, ErrorKind, Result};

/// The path of a table or view, which need not exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place(WarehouseId, NamespaceKey, NameKey);

impl Place {
    fn of(warehouse: WarehouseId, path: &TabularPath) -> Self {
        let (namespace, name) = (path.namespace.key(), path.name.key());
        Self(warehouse, namespace.clone(), name.clone())
    }
}

/// The lines of requests that change tables or views, and the work `T` that they leave to each other. Not needed for
/// correctness: the database decides.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    lines: Mutex<HashMap<Place, Line<T>>>,
}

/// The requests that want to change one table.
#[derive(Debug)]
struct Line<T> {
    /// Number of requests in line, including the one whose turn it is.
    requests: usize,
    turn: Arc<Semaphore>,
    left: VecDeque<T>,
}

/// A place in the line of one table; dropping it leaves the line.
pub(crate) struct InLine<'a, T> {
    turns: &'a Turns<T>,
    place: Place,
    turn: Arc<Semaphore>,
}

/// The turn to change a table, first come first served; dropping it ends the turn.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// The turn on several tables. The turns end before the places in line are given up.
#[derive(Debug)]
pub(crate) struct Turned<'a, T>(#[expect(dead_code, reason = "held")] Vec<(Turn, InLine<'a, T>)>);

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
        }
    }
}

impl<T> fmt::Debug for InLine<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("InLine").field(&self.place).finish()
    }
}

impl<T> Turns<T> {
    /// Gets in line. `Unavailable` if [`Bounds::CHANGES_IN_LINE`] requests are already in line.
    pub(crate) fn join(&self, warehouse: WarehouseId, path: &TabularPath) -> Result<InLine<'_, T>> {
        self.join_at(Place::of(warehouse, path), path)
    }

    /// Waits for the turn on all of the tables. The turns are taken in the order of the paths, so that no two
    /// requests wait for each other. `Unavailable` if the line of one of the tables is full.
    pub(crate) async fn take(
        &self,
        warehouse: WarehouseId,
        paths: impl IntoIterator<Item = &TabularPath>,
    ) -> Result<Turned<'_, T>> {
        let places = paths
            .into_iter()
            .map(|path| (Place::of(warehouse, path), path));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        places.dedup_by(|one, other| one.0 == other.0);
        let mut turned = Vec::with_capacity(places.len());
        for (place, path) in places {
            let line = self.join_at(place, path)?;
            turned.push((line.turn().await, line));
        }
        Ok(Turned(turned))
    }

    fn join_at(&self, place: Place, shown: &dyn Display) -> Result<InLine<'_, T>> {
        let mut lines = self.lines();
        let line = lines.entry(place.clone()).or_insert_with(|| Line {
            requests: 0,
            turn: Arc::new(Semaphore::new(1)),
            left: VecDeque::new(),
        });
        let most = Bounds::CHANGES_IN_LINE;
        if line.requests >= most {
            let message = format!(
                "{most} requests are changing `{shown}` already, no more may wait; nothing was changed, try again"
            );
            return Err(CatalogError::new(ErrorKind::Unavailable, message));
        }
        line.requests += 1;
        let turn = Arc::clone(&line.turn);
        Ok(InLine {
            turns: self,
            place,
            turn,
        })
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Place, Line<T>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> InLine<'_, T> {
    /// Waits for the turn.
    pub(crate) async fn turn(&self) -> Turn {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.turn).acquire_owned().await.ok();
        Turn { _permit: permit }
    }

    /// Leaves work to the request that has the turn next.
    pub(crate) fn leave(&self, work: T) {
        if let Some(line) = self.turns.lines().get_mut(&self.place) {
            line.left.push_back(work);
        }
    }

    /// Takes at most `most` pieces of work that were left, oldest first.
    pub(crate) fn collect(&self, most: usize) -> Vec<T> {
        let mut lines = self.turns.lines();
        let Some(line) = lines.get_mut(&self.place) else {
            return Vec::new();
        };
        let amount = line.left.len().min(most);
        line.left.drain(..amount).collect()
    }
}

impl<T> Drop for InLine<'_, T> {
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        if let Some(line) = lines.get_mut(&self.place) {
            line.requests -= 1;
            if line.requests == 0 {
                lines.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{Name, NamespacePath};

    use super::*;

    fn path(name: &str) -> TabularPath {
        TabularPath {
            namespace: NamespacePath::parse(vec!["ns".to_owned()]).unwrap(),
            name: Name::parse("table", name).unwrap(),
        }
    }

    fn turns() -> (Arc<Turns<u32>>, WarehouseId) {
        (Arc::default(), WarehouseId::generate())
    }

    #[tokio::test]
    async fn one_at_a_time_and_no_deadlock_whatever_the_order() {
        let (turns, warehouse) = turns();
        let first = turns.take(warehouse, &[path("a"), path("b")]).await;
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move {
                let paths = [path("B"), path("a"), path("b")];
                turns.take(warehouse, &paths).await.map(|_| ())
            }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap().unwrap();
        assert!(turns.lines().is_empty());
    }

    #[tokio::test]
    async fn a_line_that_is_full_takes_nobody_until_somebody_leaves() {
        let (turns, warehouse) = turns();
        let most = Bounds::CHANGES_IN_LINE;
        let join = |name| turns.join(warehouse, &path(name));
        let mut line: Vec<_> = (0..most).map(|_| join("t").unwrap()).collect();
        let refused = join("T").unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Unavailable);
        assert!(refused.message.contains("`ns.T`"), "{}", refused.message);
        assert!(turns.take(warehouse, &[path("t")]).await.is_err());
        assert!(join("u").is_ok());
        line.pop();
        assert!(join("t").is_ok());
    }

    #[tokio::test]
    async fn work_is_left_in_order_and_gone_with_the_line() {
        let (turns, warehouse) = turns();
        let (one, other) = (
            turns.join(warehouse, &path("t")).unwrap(),
            turns.join(warehouse, &path("t")).unwrap(),
        );
        let turn = one.turn().await;
        for work in 0..5 {
            other.leave(work);
        }
        assert_eq!(one.collect(3), [0, 1, 2]);
        drop(turn);
        drop(one);
        assert_eq!(other.collect(1), [3]);
        drop(other);
        let again = turns.join(warehouse, &path("t")).unwrap();
        assert_eq!(again.collect(9), [0_u32; 0]);
    }
}
