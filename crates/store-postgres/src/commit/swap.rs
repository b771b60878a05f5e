//! A commit to one table or view, which is the most frequent kind.

use store::{Commit, Effects, Swap};
use tokio_postgres::types::ToSql;

use super::noted::{Noted, noting};
use super::verdict::stale;
use crate::connection::Session;
use crate::effects::Events;
use crate::error::{Failure, Work};

/// The swap, if it is the only change and needs nothing but its row.
pub(super) fn one_swap<'a>(commit: &'a Commit, effects: &Effects) -> Option<&'a Swap> {
    match commit.swaps.as_slice() {
        [swap]
            if commit.creates.is_empty()
                && swap.claimed_location.is_none()
                && effects.tasks.is_empty()
                && effects.grants.is_empty()
                && effects.idempotency.is_empty() =>
        {
            Some(swap)
        }
        _ => None,
    }
}

/// Compares and swaps, and writes the events: a transaction of one statement. `is not distinct from` and
/// `coalesce` fit no index, so the planner is left with the index by id, even if it has seen an empty table.
macro_rules! swap {
    ($($also:tt)*) => {
        concat!(
            "with swapped as (
                update tabular set version = version + 1, updated_at = $4, location = $5,
                    metadata_location = $6, metadata = $7
                where id = $1 and version = $2 and warehouse_id is not distinct from $3
                    and coalesce(deleted_at, 0) = 0
                returning id
            ), told as (
                insert into outbox (kind, at, warehouse_id, subject, body, origin)
                select e.* from swapped, unnest($8::text[], $9::bigint[], $10::uuid[], $11::text[],
                    $12::text[], $13::text[]) as e
            )",
            $($also)*,
            " select id from swapped"
        )
    };
}
const SWAP: &str = swap!("");
/// The same statement, which also notes obsolete files.
const SWAP_NOTING: &str = swap!(
    ", fit as materialized (select exists (select from swapped) as is_fit)",
    noting!(
        "$14", "$15", "$16", "$17", "$18", "$19", "$20", "$21", "$22", "$23"
    )
);

pub(super) async fn swap_one(
    db: &Session,
    commit: &Commit,
    swap: &Swap,
    effects: &Effects,
) -> Work<()> {
    let events = Events::of(&effects.events)?;
    let noted = Noted::of(std::slice::from_ref(swap));
    #[rustfmt::skip]
    let params: [&(dyn ToSql + Sync); 13] = [
        &swap.id.as_uuid(), &swap.expected.as_i64(), &commit.warehouse.as_uuid(),
        &commit.at.as_ms(), &swap.content.location, &swap.content.metadata_location,
        &swap.content.metadata.as_stored(),
        &events.kinds, &events.times, &events.warehouses, &events.subjects, &events.bodies,
        &events.origins,
    ];
    let swapped = if noted.is_empty() {
        db.query_opt(SWAP, &params).await
    } else {
        let params = [&params[..], &noted.columns()].concat();
        db.query_opt(SWAP_NOTING, &params).await
    };
    match swapped.map_err(Failure::after_commit_was_sent)? {
        Some(_) => Ok(()),
        None => Err(stale(db, commit.warehouse, &[swap.id]).await),
    }
}
