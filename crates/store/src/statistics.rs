//! How often operations were called, and how many tables and views there were, by the hour.

use std::time::Duration;

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, Timestamp, WarehouseId};

use crate::Result;

/// What is counted together.
pub const STATISTICS_SPAN: Duration = Duration::from_hours(1);

const SPAN_MS: i64 = 3_600_000;

/// The beginning of the hour that a point in time lies in; saturates at the beginning of time.
pub const fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_ms(at.as_ms().div_euclid(SPAN_MS).saturating_mul(SPAN_MS))
}

/// Calls of one operation with one outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCalls {
    /// The warehouse that the calls were about, if they named one.
    pub warehouse: Option<WarehouseId>,
    /// The project that the callers named; of a warehouse, its own counts instead.
    pub project: Option<ProjectId>,
    /// Method and path of the operation, as its description spells them.
    pub route: String,
    /// The status that was answered.
    pub status: u16,
    /// How many.
    pub count: u64,
    /// When the first was answered; all of them in the same hour.
    pub first_at: Timestamp,
    /// When the last was answered.
    pub last_at: Timestamp,
}

/// Which calls.
#[derive(Debug, Clone)]
pub struct CallsQuery {
    /// Of this project.
    pub project: ProjectId,
    /// About what.
    pub about: CallsAbout,
    /// Only with these statuses; with any if none are named.
    pub statuses: Option<Vec<u16>>,
    /// In hours that begin later.
    pub after: Timestamp,
    /// In hours that begin then or earlier.
    pub until: Timestamp,
}

/// What calls were about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallsAbout {
    /// Anything.
    Anything,
    /// No warehouse.
    NoWarehouse,
    /// One warehouse.
    Warehouse(WarehouseId),
}

/// Calls of one operation with one outcome in one hour, on all replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedCalls {
    /// When the hour began.
    pub hour: Timestamp,
    /// Method and path of the operation.
    pub route: String,
    /// The status that was answered.
    pub status: u16,
    /// The warehouse, with its name if it is there still.
    pub warehouse: Option<(WarehouseId, Option<String>)>,
    /// How many.
    pub count: u64,
    /// When the first was answered.
    pub first_at: Timestamp,
    /// When the last was answered.
    pub last_at: Timestamp,
}

/// What a warehouse held at the end of an hour in which that changed; soft-deleted tables and views included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarehouseCounts {
    /// When the hour began.
    pub hour: Timestamp,
    /// Tables.
    pub tables: i64,
    /// Views.
    pub views: i64,
    /// When it changed last in this hour.
    pub updated_at: Timestamp,
}

/// Statistics.
#[async_trait]
pub trait Statistics {
    /// Adds to what has been counted, by the hour of the first call. What is about no warehouse that is there counts for the project
    /// that was named; what is about no project that is there either is nobody's and left out.
    async fn calls_add(&self, calls: Vec<EndpointCalls>) -> Result<()>;

    /// The calls, the latest hour first, then by operation and status; one more than
    /// [`Bounds::COUNTED_CALLS`](model::Bounds::COUNTED_CALLS) at most.
    async fn calls_list(&self, query: CallsQuery) -> Result<Vec<CountedCalls>>;

    /// Removes up to `limit` counts of hours that began before; says how many.
    async fn calls_trim(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// What the warehouse held at the end of each hour in which that changed, the latest first. `NotFound` if it is not there.
    async fn warehouse_counts(
        &self,
        warehouse: WarehouseId,
        page: PageRequest,
    ) -> Result<Page<WarehouseCounts>>;

    /// Makes one entry of all for an hour, and one of all for hours that began before: nothing that is told of the hours since
    /// changes by it.
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
