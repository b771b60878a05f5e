//! Namespaces hold tables, views and further namespaces.

use std::collections::HashMap;

use async_trait::async_trait;
use model::{
    Bounds, NamespaceId, NamespacePath, Page, PageItem, PageRequest, TabularId, Timestamp, Version,
    WarehouseId,
};
use store::{
    DropMode, Effects, Entity, Expiry, ListedNamespace, NamespaceDrop, NamespaceMove, NamespaceRow,
    NamespaceTree, Namespaces, NewNamespace, Result, StoreError, TreeNamespace, TreeTabular,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::namespace_move;
use crate::row::{self, PageStart, get};
use crate::tabular;
use crate::task_control::cancel_expiry;

#[async_trait]
impl Namespaces for PostgresStore {
    async fn namespace_create(&self, namespace: NewNamespace, effects: Effects) -> Result<()> {
        self.change(effects, namespace, |db, namespace| {
            Box::pin(create(db, namespace))
        })
        .await
    }

    async fn namespace_load(
        &self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceRow> {
        let db = self.read().await?;
        let found = db
            .query_opt(
                "select id, warehouse_id, path, properties, protected, version, updated_at
                 from namespace where id = $1 and warehouse_id = $2 and dropped_with is null",
                &[&id.as_uuid(), &warehouse.as_uuid()],
            )
            .await?;
        match found {
            None => Err(StoreError::NotFound(Entity::Namespace(id))),
            Some(row) => Ok(namespace(&row)?),
        }
    }

    async fn namespace_list(
        &self,
        warehouse: WarehouseId,
        parent: Option<NamespaceId>,
        page: PageRequest,
    ) -> Result<Page<ListedNamespace>> {
        let db = self.read_list().await?;
        let start = PageStart::of(&page);
        let warehouse = warehouse.as_uuid();
        // `dropped_with` is tested such that the index of live paths does not fit. That index has the same order,
        // but finding children in it reads the whole warehouse, which the planner finds cheap where most
        // namespaces have one parent.
        let rows = match parent {
            None => {
                db.query(
                    "select id, path, protected from namespace
                     where parent_id is null and warehouse_id = $1 and path_key > $2
                         and (dropped_with is null)::integer = 1
                     order by path_key limit $3",
                    &[&warehouse, &start.after, &start.limit],
                )
                .await?
            }
            Some(parent) => {
                db.query(
                    "select id, path, protected from namespace
                     where parent_id = $4 and warehouse_id = $1 and path_key > $2
                         and (dropped_with is null)::integer = 1
                     order by path_key limit $3",
                    &[&warehouse, &start.after, &start.limit, &parent.as_uuid()],
                )
                .await?
            }
        };
        let rows = row::all(&rows, listed)?;
        Ok(Page::cut(rows, page.size, PageItem::page_key))
    }

    async fn namespace_update(&self, namespace: NamespaceRow, effects: Effects) -> Result<()> {
        self.change(effects, namespace, |db, namespace| {
            Box::pin(update(db, namespace))
        })
        .await
    }

    async fn namespace_tree(
        &self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceTree> {
        Ok(tree(&self.read().await?, warehouse, id).await?)
    }

    async fn namespace_drop(&self, drop: NamespaceDrop, effects: Effects) -> Result<()> {
        self.change(effects, drop, |db, drop| Box::pin(remove(db, drop)))
            .await
    }

    async fn namespace_move(&self, namespace_move: NamespaceMove, effects: Effects) -> Result<()> {
        self.change(effects, namespace_move, |db, namespace_move| {
            Box::pin(namespace_move::relocate(db, namespace_move))
        })
        .await
    }
}

async fn create(db: &Session, namespace: &NewNamespace) -> Work<()> {
    let parent = namespace.path.parent();
    let properties = serde_json::to_string(&namespace.properties).map_err(Failure::damaged)?;
    // Locks the warehouse, then the parent, so that both exist until the end of the transaction.
    let row = db
        .query_one(
            "with owner as materialized (
                 select id from warehouse where id = $2 for key share
             ), parent as materialized (
                 select id from namespace where warehouse_id = (select id from owner)
                     and path_key = $3 and dropped_with is null
                     and ($9::uuid is null or id = $9) for key share
             ), made as (
                 insert into namespace (id, warehouse_id, parent_id, path, path_key, protected,
                     version, created_at, updated_at, properties)
                 select $1, owner.id, (select id from parent), $4, $5, false, $6, $7, null, $8
                 from owner where $3::text is null or exists (select from parent)
                 on conflict do nothing returning id
             )
             select exists (select from owner), exists (select from parent),
                 exists (select from made), exists (select from namespace where id = $1)",
            &[
                &namespace.id.as_uuid(),
                &namespace.warehouse.as_uuid(),
                &parent.as_ref().map(|parent| parent.key().as_str()),
                &namespace.path.levels(),
                &namespace.path.key().as_str(),
                &Version::FIRST.as_i64(),
                &namespace.created_at.as_ms(),
                &properties,
                &namespace.parent.map(NamespaceId::as_uuid),
            ],
        )
        .await?;
    let (has_owner, has_parent): (bool, bool) = (get(&row, 0)?, get(&row, 1)?);
    let (is_made, is_known): (bool, bool) = (get(&row, 2)?, get(&row, 3)?);
    match parent {
        _ if is_made => Ok(()),
        _ if !has_owner => Err(not_found(Entity::Warehouse(namespace.warehouse))),
        Some(parent) if !has_parent => Err(not_found(Entity::NamespacePath(parent))),
        _ if is_known => Err(already_exists(Entity::Namespace(namespace.id))),
        _ => Err(already_exists(Entity::NamespacePath(
            namespace.path.clone(),
        ))),
    }
}

async fn update(db: &Session, namespace: &NamespaceRow) -> Work<()> {
    let id = namespace.id.as_uuid();
    let warehouse = namespace.warehouse.as_uuid();
    let properties = serde_json::to_string(&namespace.properties).map_err(Failure::damaged)?;
    let changed = db
        .execute(
            "update namespace set properties = $4, protected = $5, version = $6, updated_at = $7
             where id = $1 and warehouse_id = $2 and version = $3 and dropped_with is null",
            &[
                &id,
                &warehouse,
                &namespace.version.as_i64(),
                &properties,
                &bool::from(namespace.protection),
                &namespace.version.next().as_i64(),
                &namespace.updated_at.map(Timestamp::as_ms),
            ],
        )
        .await?;
    if changed == 1 {
        return Ok(());
    }
    let there = db
        .query_opt(
            "select id from namespace where id = $1 and warehouse_id = $2 and dropped_with is null",
            &[&id, &warehouse],
        )
        .await?;
    Err(match there {
        Some(_) => stale(),
        None => not_found(Entity::Namespace(namespace.id)),
    })
}

async fn tree(db: &Session, warehouse: WarehouseId, id: NamespaceId) -> Work<NamespaceTree> {
    // One statement, so that the whole tree is of one moment. Follows parents, not paths: another namespace that
    // was soft-deleted earlier under the same path is not part of it.
    let rows = db
        .query(
            "with recursive root as materialized (
                 select id, path_key from namespace
                 where id = $1 and warehouse_id = $2 and dropped_with is null
             ), below(id, path, path_key, version, protected, is_live) as (
                 select n.id, n.path, n.path_key, n.version, n.protected, n.dropped_with is null
                 from root join namespace as n on n.parent_id = root.id
                 union all
                 select n.id, n.path, n.path_key, n.version, n.protected, n.dropped_with is null
                 from below cross join lateral (
                     select * from namespace where parent_id = below.id offset 0
                 ) as n
             ), found as materialized (
                 select * from below limit $4
             )
             select 0 as part, $1, null::text[], null::text, null::uuid, null::text, null::text,
                 0::bigint, false, path_key as first, '' as second, null::boolean from root
             union all
             select 1, id, path, null, null, null, null, version, protected, path_key, '', is_live
             from found
             union all
             (select 2, t.id, null, t.kind, t.namespace_id, t.name, t.location, t.version,
                 t.protected, home.path_key, t.name_key, t.purges
             from (select id, path_key from root union all select id, path_key from found) as home
             cross join lateral (select * from tabular where namespace_id = home.id offset 0) as t
             limit $3)
             order by part, first, second",
            &[
                &id.as_uuid(),
                &warehouse.as_uuid(),
                &(i64::from(Bounds::DROPPED_TABULARS) + 1),
                &(i64::from(Bounds::DROPPED_NAMESPACES) + 1),
            ],
        )
        .await?;
    if rows.is_empty() {
        return Err(not_found(Entity::Namespace(id)));
    }
    let mut tree = NamespaceTree::default();
    for row in &rows {
        match get::<i32>(row, 0)? {
            1 => tree.namespaces.push(tree_namespace(row)?),
            2 => tree.tabulars.push(tree_tabular(row)?),
            _ => {}
        }
    }
    Ok(tree)
}

async fn remove(db: &Session, drop: &NamespaceDrop) -> Work<()> {
    let ids = hold(db, drop.id, drop.expected, &drop.tree.namespaces, None).await?;
    remove_tabulars(db, drop).await?;
    let hidden = match drop.mode {
        DropMode::Hard => "false",
        DropMode::Soft(_) => "true",
    };
    let others = db
        .query_opt(
            &format!(
                "select 1 where exists (select from tabular where namespace_id = any($1)
                     and not ({hidden} and deleted_at is not null))
                 or exists (select from namespace where parent_id = any($1) and id <> all($1)
                     and not ({hidden} and dropped_with is not null))"
            ),
            &[&ids],
        )
        .await?;
    if others.is_some() {
        return Err(StoreError::NotEmpty(Entity::Namespace(drop.id)).into());
    }
    match drop.mode {
        DropMode::Hard => {
            let delete = "delete from namespace where id = any($1)";
            db.execute(delete, &[&ids]).await?;
        }
        DropMode::Soft(_) => {
            let hide = "update namespace set dropped_with = $2
                where id = any($1) and dropped_with is null";
            db.execute(hide, &[&ids, &drop.id.as_uuid()]).await?;
        }
    }
    Ok(())
}

/// Locks a namespace, what was seen below it, and the namespace `besides`, in the order of their ids: nothing new
/// can be put into them from here on. Returns the ids of the namespace and of those below it.
pub(crate) async fn hold(
    db: &Session,
    id: NamespaceId,
    expected: Version,
    below: &[TreeNamespace],
    besides: Option<NamespaceId>,
) -> Work<Vec<Uuid>> {
    let seen = below
        .iter()
        .map(|below| (below.id, (below.version, below.is_live)));
    let seen: Vec<_> = seen.chain([(id, (expected, true))]).collect();
    let ids: Vec<Uuid> = seen.iter().map(|(id, _)| id.as_uuid()).collect();
    let held = db
        .query(
            "select id, version, dropped_with is null from namespace where id = any($1) or id = $2
             order by id for update",
            &[&ids, &besides.map(NamespaceId::as_uuid)],
        )
        .await?;
    let held = row::all(&held, |row| {
        Ok((row::id(row, 0)?, (row::version(row, 1)?, get(row, 2)?)))
    })?;
    let held: HashMap<NamespaceId, (Version, bool)> = held.into_iter().collect();
    if !held.get(&id).is_some_and(|(_, is_live)| *is_live) {
        return Err(not_found(Entity::Namespace(id)));
    }
    if seen
        .iter()
        .any(|(id, as_seen)| held.get(id) != Some(as_seen))
    {
        return Err(stale());
    }
    Ok(ids)
}

async fn remove_tabulars(db: &Session, drop: &NamespaceDrop) -> Work<()> {
    let listed = &drop.tree.tabulars;
    if listed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = listed.iter().map(|listed| listed.id.as_uuid()).collect();
    let held = db
        .query(
            "select id, version, namespace_id from tabular where id = any($1)
             order by id for update",
            &[&ids],
        )
        .await?;
    let held = row::all(&held, |row| {
        Ok((row::id(row, 0)?, (row::version(row, 1)?, row::id(row, 2)?)))
    })?;
    let held: HashMap<TabularId, (Version, NamespaceId)> = held.into_iter().collect();
    let moved_on: Vec<_> = listed
        .iter()
        .filter(|listed| held.get(&listed.id) != Some(&(listed.version, listed.namespace)))
        .map(|listed| listed.id)
        .collect();
    if !moved_on.is_empty() {
        return Err(tabular::stale(db, &moved_on).await);
    }
    match drop.mode {
        DropMode::Hard => {
            db.execute("delete from tabular where id = any($1)", &[&ids])
                .await?;
            let expiring = listed.iter().filter(|listed| listed.deleted.is_some());
            let expiring = expiring.map(|listed| listed.id);
            cancel_expiry(db, expiring, "dropped with its namespace", drop.at).await
        }
        DropMode::Soft(how) => {
            let hide =
                "update tabular set deleted_at = $2, purges = fate.purges, version = version + 1
                from unnest($1::uuid[], $3::bool[]) as fate(id, purges)
                where tabular.id = fate.id and deleted_at is null";
            let purges = listed.iter().map(|one| how.expiry.of_one(one.kind));
            let purges: Vec<bool> = purges.map(bool::from).collect();
            db.execute(hide, &[&ids, &how.at.as_ms(), &purges]).await?;
            Ok(())
        }
    }
}

/// A row of `id, warehouse_id, path, properties, protected, version, updated_at`.
fn namespace(row: &Row) -> Work<NamespaceRow> {
    Ok(NamespaceRow {
        id: row::id(row, 0)?,
        warehouse: row::id(row, 1)?,
        path: path(get(row, 2)?)?,
        properties: serde_json::from_str(get(row, 3)?).map_err(Failure::damaged)?,
        protection: get::<bool>(row, 4)?.into(),
        version: row::version(row, 5)?,
        updated_at: row::time(row, 6)?,
    })
}

fn listed(row: &Row) -> Work<ListedNamespace> {
    Ok(ListedNamespace {
        id: row::id(row, 0)?,
        path: path(get(row, 1)?)?,
        protection: get::<bool>(row, 2)?.into(),
    })
}

fn tree_namespace(row: &Row) -> Work<TreeNamespace> {
    Ok(TreeNamespace {
        id: row::id(row, 1)?,
        path: path(get(row, 2)?)?,
        version: row::version(row, 7)?,
        protection: get::<bool>(row, 8)?.into(),
        is_live: get(row, 11)?,
    })
}

fn tree_tabular(row: &Row) -> Work<TreeTabular> {
    Ok(TreeTabular {
        id: row::id(row, 1)?,
        kind: row::kind(get(row, 3)?)?,
        namespace: row::id(row, 4)?,
        name: get(row, 5)?,
        location: get(row, 6)?,
        version: row::version(row, 7)?,
        protection: get::<bool>(row, 8)?.into(),
        deleted: get::<Option<bool>>(row, 11)?.map(Expiry::from),
    })
}

pub(crate) fn path(levels: Vec<String>) -> Work<NamespacePath> {
    NamespacePath::parse(levels).map_err(Failure::damaged)
}
