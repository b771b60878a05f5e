//! Changes to tables and views: all of them or none.

use model::{TableFormat, TabularId, Timestamp, Version};
use rusqlite::{Connection, OptionalExtension, params};
use store::{AtVersion, Commit, Entity, NewTabular, StoreError, Swap};
use uuid::Uuid;

use crate::error::{Work, already_exists};
use crate::grants::Reach;
use crate::row::Around;
use crate::{namespace, obsolete_file, tabular};

/// Makes all changes. A lost race is reported before any other error; locations are checked last, when every table
/// and view has its new one.
pub(crate) fn apply(db: &Connection, commit: &Commit) -> Work<()> {
    let warehouse = commit.warehouse.as_uuid();
    let mut lost = Vec::new();
    for at in commit.creates.iter().filter_map(|new| new.replaces) {
        if !make_room(db, warehouse, at)? {
            lost.push(at.id);
        }
    }
    for swap in &commit.swaps {
        if !swap_content(db, warehouse, swap, commit.at)? {
            lost.push(swap.id);
        }
    }
    if !lost.is_empty() {
        return Err(tabular::stale(db, &lost));
    }
    for new in &commit.creates {
        create(db, warehouse, new, commit.at)?;
    }
    // A reused id: rights may be cached for its former bearer.
    if commit
        .creates
        .iter()
        .any(|new| new.version != Version::FIRST)
    {
        Reach::Warehouse(warehouse).step(db)?;
    }
    let moved = commit.swaps.iter().filter_map(|swap| {
        let location = swap.claimed_location.as_deref()?;
        Some((swap.id, location))
    });
    let created = commit.creates.iter();
    let created = created.map(|new| (new.id, new.claimed_location.as_str()));
    for (id, location) in moved.chain(created) {
        refuse_taken_location(db, warehouse, id, location)?;
    }
    Ok(())
}

/// Removes the entry that a new one replaces; returns whether it was still as expected.
fn make_room(db: &Connection, warehouse: Uuid, at: AtVersion) -> Work<bool> {
    let removed = db
        .prepare_cached(
            "delete from tabular
             where id = ?1 and version = ?2 and warehouse_id = ?3 and deleted_at is null",
        )?
        .execute(params![at.id.as_uuid(), at.version.as_i64(), warehouse])?;
    Ok(removed == 1)
}

/// Replaces the content if the version is the expected one; returns whether it was.
fn swap_content(db: &Connection, warehouse: Uuid, swap: &Swap, at: Timestamp) -> Work<bool> {
    if let Some(location) = &swap.claimed_location {
        keep_present_location(db, swap.id, location)?;
    }
    let swapped = db
        .prepare_cached(
            "update tabular set version = ?4, location_claim = coalesce(?5, location_claim),
                 updated_at = ?6, location = ?7, metadata_location = ?8, metadata = ?9
             where id = ?1 and version = ?2 and warehouse_id = ?3 and deleted_at is null",
        )?
        .execute(params![
            swap.id.as_uuid(),
            swap.expected.as_i64(),
            warehouse,
            swap.expected.next().as_i64(),
            swap.claimed_location,
            at.as_ms(),
            swap.content.location,
            swap.content.metadata_location,
            swap.content.metadata.as_stored(),
        ])?;
    if let Some(obsolete) = swap.obsolete.as_ref().filter(|_| swapped == 1) {
        obsolete_file::note(db, swap.id, obsolete)?;
    }
    Ok(swapped == 1)
}

/// Keeps the location that the table is about to leave. A refused swap undoes this too.
fn keep_present_location(db: &Connection, id: TabularId, next: &str) -> Work<()> {
    db.prepare_cached(
        "insert into tabular_former_location (tabular_id, location, warehouse_id)
         select id, location_claim, warehouse_id from tabular
         where id = ?1 and location_claim <> ?2
         on conflict do nothing",
    )?
    .execute(params![id.as_uuid(), next])?;
    Ok(())
}

fn create(db: &Connection, warehouse: Uuid, new: &NewTabular, at: Timestamp) -> Work<()> {
    let (id, namespace) = (new.id.as_uuid(), new.namespace.as_uuid());
    namespace::require(db, warehouse, new.namespace, new.found_at.as_ref())?;
    let taken = db
        .prepare_cached(
            "select 1 from tabular
             where namespace_id = ?1 and name_key = ?2 and deleted_at is null",
        )?
        .exists(params![namespace, new.name.key().as_str()])?;
    if taken {
        return Err(already_exists(Entity::TabularName(new.name.clone())));
    }
    let inserted = db
        .prepare_cached(
            "insert into tabular (id, warehouse_id, namespace_id, kind, format, name, name_key,
                 location_claim, protected, version, created_at, updated_at, deleted_at,
                 location, metadata_location, metadata)
             values (?1, ?2, ?3, ?4, ?13, ?5, ?6, ?7, 0, ?8, ?9, null, null, ?10, ?11, ?12)
             on conflict (id) do nothing",
        )?
        .execute(params![
            id,
            warehouse,
            namespace,
            new.kind.as_str(),
            new.name.as_str(),
            new.name.key().as_str(),
            new.claimed_location,
            new.version.as_i64(),
            at.as_ms(),
            new.content.location,
            new.content.metadata_location,
            new.content.metadata.as_stored(),
            new.format.as_ref().map(TableFormat::as_str),
        ])?;
    match inserted {
        0 => Err(already_exists(Entity::Tabular(new.id))),
        _ => Ok(()),
    }
}

/// The locations of others that are, contain or lie in a location: six index probes.
const TAKEN: &str = "select location_claim from tabular
     where warehouse_id = ?1 and id <> ?2
         and location_claim in (select value from json_each(?3))
     union all
     select location_claim from tabular
     where warehouse_id = ?1 and id <> ?2
         and location_claim >= ?4 and location_claim < ?5
     union all
     select location from tabular_former_location
     where warehouse_id = ?1 and tabular_id <> ?2
         and location in (select value from json_each(?3))
     union all
     select location from tabular_former_location
     where warehouse_id = ?1 and tabular_id <> ?2 and location >= ?4 and location < ?5
     union all
     select subject from task
     where warehouse_id = ?1 and subject in (select value from json_each(?3))
     union all
     select subject from task
     where warehouse_id = ?1 and subject >= ?4 and subject < ?5
     limit 1";

/// Refuses a location that overlaps with a present or former location of another table or view, soft-deleted ones
/// included, or with one that is being purged.
fn refuse_taken_location(
    db: &Connection,
    warehouse: Uuid,
    id: TabularId,
    location: &str,
) -> Work<()> {
    match place_taken(db, warehouse, id.as_uuid(), location)? {
        None => Ok(()),
        Some(other) => Err(StoreError::LocationTaken {
            location: location.to_owned(),
            other,
        }
        .into()),
    }
}

/// The location that `location` overlaps with, if any, without the locations of the tabular `id` itself.
pub(crate) fn place_taken(
    db: &Connection,
    warehouse: Uuid,
    id: Uuid,
    location: &str,
) -> Work<Option<String>> {
    let around = Around::of(location);
    let other = db
        .prepare_cached(TAKEN)?
        .query_row(
            params![
                warehouse,
                id,
                around.at_and_above,
                around.below,
                around.beyond
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(other)
}

#[cfg(test)]
mod tests;
