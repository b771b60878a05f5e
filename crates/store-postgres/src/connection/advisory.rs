//! Locks on things that have no row yet.
//!
//! They are the first locks of a transaction and are taken in the order of their numbers, so that no deadlock is
//! possible. Rows are locked after them: warehouses, namespaces, tables and views, each by id.

use std::collections::BTreeMap;

use model::WarehouseId;
use uuid::Uuid;

/// The deepest level that has a lock of its own; everything below shares the lock of this level.
const DEEPEST: usize = 32;

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Shared,
    Exclusive,
}

/// The locks of one transaction.
#[derive(Debug, Default)]
pub(crate) struct AdvisoryLocks(BTreeMap<i64, Mode>);

impl AdvisoryLocks {
    /// The number of the lock for delivering the mirror's feed, one replica at a time. No hash yields it except by
    /// chance.
    pub(crate) const MIRROR: i64 = 0x6d69_7272_6f72;

    /// Takes all locks, in order. Its parameters are [`AdvisoryLocks::columns`].
    pub(crate) const SQL: &str = "select case when exclusive then pg_advisory_xact_lock(number) \
         else pg_advisory_xact_lock_shared(number) end \
         from unnest($1::bigint[], $2::boolean[]) as wanted(number, exclusive)";

    /// Serializes requests with this idempotency key.
    pub(crate) fn key(&mut self, key: Uuid) {
        self.add(hash("key", &[key.as_bytes()]), Mode::Exclusive);
    }

    /// Serializes the creation of entries with this id.
    pub(crate) fn id(&mut self, id: Uuid) {
        self.add(hash("id", &[id.as_bytes()]), Mode::Exclusive);
    }

    /// Serializes claims of locations at, in and around this one: locks the location exclusively and everything
    /// around it in shared mode.
    pub(crate) fn location(&mut self, warehouse: WarehouseId, location: &str) {
        let warehouse = warehouse.as_uuid();
        let number = |prefix: &str| {
            let parts: [&[u8]; 2] = [warehouse.as_bytes(), prefix.as_bytes()];
            hash("location", &parts)
        };
        // No location is as short as the scheme and `://`.
        let authority = location.find("://").map_or(0, |at| at + 3);
        let around = location.match_indices('/').map(|(at, _)| at);
        let around = around.filter(|at| *at >= authority);
        for (depth, at) in around.enumerate() {
            let prefix = location.get(..at).unwrap_or(location);
            if depth == DEEPEST {
                return self.add(number(prefix), Mode::Exclusive);
            }
            self.add(number(prefix), Mode::Shared);
        }
        self.add(number(location), Mode::Exclusive);
    }

    /// Serializes the creation and update of warehouses, changes of role members, and changes of grants that count
    /// in several warehouses.
    pub(crate) fn rights(&mut self) {
        self.add(hash("warehouses", &[]), Mode::Exclusive);
    }

    /// Serializes claims of tasks in this queue.
    pub(crate) fn queue(&mut self, queue: &str) {
        self.add(hash("queue", &[queue.as_bytes()]), Mode::Exclusive);
    }

    /// Serializes the assignment of places to events.
    pub(crate) fn outbox(&mut self) {
        self.add(hash("outbox", &[]), Mode::Exclusive);
    }

    fn add(&mut self, number: i64, mode: Mode) {
        let held = self.0.entry(number).or_insert(mode);
        *held = mode.max(*held);
    }

    /// The numbers in order, and whether each lock is exclusive.
    pub(crate) fn columns(&self) -> (Vec<i64>, Vec<bool>) {
        let locks = self.0.iter();
        locks
            .map(|(number, mode)| (*number, *mode == Mode::Exclusive))
            .unzip()
    }
}

/// FNV-1a: the same number on every replica, whatever its build. A collision costs only waiting time.
fn hash(class: &str, parts: &[&[u8]]) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut feed = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    feed(class.as_bytes());
    for part in parts {
        feed(part);
    }
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(warehouse: WarehouseId, location: &str) -> BTreeMap<i64, Mode> {
        let mut locks = AdvisoryLocks::default();
        locks.location(warehouse, location);
        locks.0
    }

    fn collide(one: &str, two: &str) -> bool {
        let warehouse = WarehouseId::generate();
        let two = held(warehouse, two);
        held(warehouse, one).iter().any(|(number, mode)| {
            two.get(number)
                .is_some_and(|other| (*other).max(*mode) == Mode::Exclusive)
        })
    }

    #[test]
    fn places_that_overlap_exclude_each_other_and_no_others_do() {
        let deep = |levels: usize| format!("s3://b{}", "/x".repeat(levels));
        assert!(collide("s3://b/a", "s3://b/a"));
        assert!(collide("s3://b/a", "s3://b/a/b/c"));
        assert!(collide("s3://b", "s3://b/a/b/c"));
        for depth in [30, 31, 32, 33, 34, 60] {
            assert!(collide(&deep(depth), &deep(80)), "{depth}");
            assert!(collide(&deep(80), &deep(depth)), "{depth}");
        }
        assert!(!collide("s3://b/a", "s3://b/ab"));
        assert!(!collide("s3://b/a/1", "s3://b/a/2"));
        assert!(!collide("s3://b/a/1", "s3://c/a/1"));
    }

    #[test]
    fn numbers_are_the_same_in_every_build() {
        assert_eq!(hash("queue", &[b"purge"]), -85_551_750_466_716_735);
    }
}
