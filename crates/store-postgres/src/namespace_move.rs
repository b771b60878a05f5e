//! Moves namespaces with everything that they hold.

use std::collections::BTreeSet;

use model::{NamespaceId, NamespacePath, SEPARATOR};
use store::{Entity, NamespaceMove};
use uuid::Uuid;

use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::grants::Reach;
use crate::namespace;
use crate::row::{self, get};

/// Locks rows in the order that all transactions keep: the warehouse, namespaces, tables and views. The lock on
/// the warehouse also serializes moves, so two of them cannot form a cycle.
pub(crate) async fn relocate(db: &Session, change: &NamespaceMove) -> Work<()> {
    let warehouses = Reach::Warehouse(change.warehouse.as_uuid())
        .hold(db)
        .await?;
    warehouses.step(db).await?;
    let ids = namespace::hold(db, change.id, change.expected, &change.below, change.parent).await?;
    check(db, change, &ids).await?;
    step_tabulars(db, change, &ids).await?;
    change_paths(db, change).await
}

/// Refuses the move if anything is in its way, now that everything is locked.
async fn check(db: &Session, change: &NamespaceMove, ids: &[Uuid]) -> Work<()> {
    let around = change.path.parent();
    let row = db
        .query_one(
            "select exists (select from namespace where id = $1 and warehouse_id = $2),
                 $3::text is null or exists (select from namespace where id = $4
                     and warehouse_id = $2 and path_key = $3 and dropped_with is null),
                 exists (select from namespace where parent_id = any($5) and id <> all($5)),
                 exists (select from namespace where warehouse_id = $2 and path_key = $6
                     and dropped_with is null and id <> $1)",
            &[
                &change.id.as_uuid(),
                &change.warehouse.as_uuid(),
                &around.as_ref().map(|around| around.key().as_str()),
                &change.parent.map(NamespaceId::as_uuid),
                &ids,
                &change.path.key().as_str(),
            ],
        )
        .await?;
    let (is_there, has_home): (bool, bool) = (get(&row, 0)?, get(&row, 1)?);
    let (holds_others, is_taken): (bool, bool) = (get(&row, 2)?, get(&row, 3)?);
    let is_in_itself = change
        .parent
        .is_some_and(|home| ids.contains(&home.as_uuid()));
    match around {
        _ if !is_there => Err(not_found(Entity::Namespace(change.id))),
        Some(around) if !has_home => Err(not_found(Entity::NamespacePath(around))),
        _ if is_in_itself || holds_others => Err(stale()),
        _ if is_taken => Err(taken(&change.path)),
        _ => Ok(()),
    }
}

fn taken(path: &NamespacePath) -> Failure {
    already_exists(Entity::NamespacePath(path.clone()))
}

/// Increments the versions of the tables and views, so that what was resolved by a former name is resolved again.
/// Runs before the namespaces change: their trigger moves grants, and a table must be locked before the grants on
/// it change.
async fn step_tabulars(db: &Session, change: &NamespaceMove, ids: &[Uuid]) -> Work<()> {
    let hold = "select namespace_id, id, name, deleted_at is null from tabular
        where namespace_id = any($1)
        order by id for no key update";
    let held = db.query(hold, &[&ids]).await?;
    if let Some(seen) = &change.tabulars {
        let mut found = BTreeSet::new();
        for row in &held {
            if get(row, 3)? {
                found.insert((row::id(row, 0)?, row::id(row, 1)?, get(row, 2)?));
            }
        }
        if found != *seen {
            return Err(stale());
        }
    }
    let step = "update tabular set version = version + 1
        where namespace_id = any($1) and deleted_at is null";
    db.execute(step, &[&ids]).await?;
    Ok(())
}

async fn change_paths(db: &Session, change: &NamespaceMove) -> Work<()> {
    let below = change.below.iter().map(|below| (below.id, &below.path));
    let all: Vec<_> = below.chain([(change.id, &change.path)]).collect();
    let ids: Vec<Uuid> = all.iter().map(|(id, _)| id.as_uuid()).collect();
    // The arrays in an array must have the same length, so each path is passed as one text.
    let separator = SEPARATOR.to_string();
    let paths: Vec<String> = all
        .iter()
        .map(|(_, path)| path.levels().join(&separator))
        .collect();
    let keys: Vec<&str> = all.iter().map(|(_, path)| path.key().as_str()).collect();
    let changed = db
        .execute(
            "update namespace set path = string_to_array(new.path, chr(31)), path_key = new.path_key,
                 version = version + 1,
                 parent_id = case when namespace.id = $4 then $5 else parent_id end,
                 updated_at = case when namespace.id = $4 then $6 else updated_at end
             from unnest($1::uuid[], $2::text[], $3::text[]) as new(id, path, path_key)
             where namespace.id = new.id",
            &[
                &ids,
                &paths,
                &keys,
                &change.id.as_uuid(),
                &change.parent.map(NamespaceId::as_uuid),
                &change.at.as_ms(),
            ],
        )
        .await;
    match changed {
        Err(failure) if failure.constraint() == Some("namespace_path") => Err(taken(&change.path)),
        changed => changed.map(|_| ()),
    }
}
