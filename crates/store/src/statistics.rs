//! Hourly counts of the calls to each operation, and of tables and views.

use std::time::Duration;

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, Timestamp, WarehouseId};

use crate::Result;

/// The length of time over which calls are counted together.
pub const STATISTICS_SPAN: Duration = Duration::from_hours(1);

const SPAN_MS: i64 = 3_600_000;

/// The beginning of the hour in which a point in time lies; saturates at the smallest timestamp.
pub const fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_ms(at.as_ms().div_euclid(SPAN_MS).saturating_mul(SPAN_MS))
}

/// Calls of one operation with one outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCalls {
    /// The warehouse that the calls were about, if they named one.
    pub warehouse: Option<WarehouseId>,
    /// The project that the callers named. If the warehouse exists, its own project counts instead.
    pub project: Option<ProjectId>,
    /// Method and path of the operation, as in the API description.
    pub route: String,
    /// The status that was answered.
    pub status: u16,
    /// How many.
    pub count: u64,
    /// When the first of them was answered; all calls are of the same hour.
    pub first_at: Timestamp,
    /// When the last of them was answered.
    pub last_at: Timestamp,
}

/// A query for counted calls.
#[derive(Debug, Clone)]
pub struct CallsQuery {
    /// The project.
    pub project: ProjectId,
    /// What the calls were about.
    pub about: CallsAbout,
    /// Only calls with one of these statuses; `None` for all.
    pub statuses: Option<Vec<u16>>,
    /// Only hours that begin after this time.
    pub after: Timestamp,
    /// Only hours that begin at this time or before.
    pub until: Timestamp,
}

/// What calls were about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallsAbout {
    /// Anything.
    Anything,
    /// Calls that are about no warehouse.
    NoWarehouse,
    /// One warehouse.
    Warehouse(WarehouseId),
}

/// Calls of one operation with one outcome in one hour, summed over all replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedCalls {
    /// When the hour began.
    pub hour: Timestamp,
    /// Method and path of the operation.
    pub route: String,
    /// The status that was answered.
    pub status: u16,
    /// The warehouse that the calls were about, with its name if it still exists.
    pub warehouse: Option<(WarehouseId, Option<String>)>,
    /// How many.
    pub count: u64,
    /// When the first was answered.
    pub first_at: Timestamp,
    /// When the last was answered.
    pub last_at: Timestamp,
}

/// The numbers of tables and views of a warehouse, soft-deleted ones included, at the end of an hour in which they
/// changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarehouseCounts {
    /// When the hour began.
    pub hour: Timestamp,
    /// Tables.
    pub tables: i64,
    /// Views.
    pub views: i64,
    /// When the numbers last changed in this hour.
    pub updated_at: Timestamp,
}

/// Statistics.
#[async_trait]
pub trait Statistics {
    /// Adds to the counts of the hour of the first call. Calls whose warehouse is unknown count for the named
    /// project; if that is unknown too, they are ignored.
    async fn calls_add(&self, calls: Vec<EndpointCalls>) -> Result<()>;

    /// The counts, the latest hour first, then by operation and status; at most one more than
    /// [`Bounds::COUNTED_CALLS`](model::Bounds::COUNTED_CALLS).
    async fn calls_list(&self, query: CallsQuery) -> Result<Vec<CountedCalls>>;

    /// Removes up to `limit` counts of hours that began before `before`; returns how many it has removed.
    async fn calls_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// The numbers at the end of each hour in which they changed, the latest first. `NotFound` if there is no such
    /// warehouse.
    async fn warehouse_counts(
        &self,
        warehouse: WarehouseId,
        page: PageRequest,
    ) -> Result<Page<WarehouseCounts>>;

    /// Merges the entries of each warehouse: those of one hour into one, and those of all hours that began before
    /// `before` into one. What is reported for the hours since then does not change.
    async fn warehouse_counts_merge(&self, before: Timestamp) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_begins_on_the_hour() {
        let hour = "2024-05-01T10:00:00Z".parse().unwrap();
        for text in ["2024-05-01T10:00:00Z", "2024-05-01T10:59:59.999Z"] {
            assert_eq!(hour_of(text.parse().unwrap()), hour);
        }
        assert_eq!(
            hour_of(Timestamp::from_ms(-1)),
            Timestamp::from_ms(-SPAN_MS)
        );
        let first = Timestamp::from_ms(i64::MIN);
        assert_eq!(hour_of(first), first);
        assert_eq!(hour.plus(STATISTICS_SPAN).as_ms(), hour.as_ms() + SPAN_MS);
    }
}
