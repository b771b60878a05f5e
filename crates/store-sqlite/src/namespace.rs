//! Namespaces hold tables, views and further namespaces.

use async_trait::async_trait;
use model::{
    Bounds, NamespaceId, NamespaceKey, NamespacePath, Page, PageItem, PageRequest, Timestamp,
    Version, WarehouseId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    DropMode, Effects, Entity, Expiry, ListedNamespace, NamespaceDrop, NamespaceMove, NamespaceRow,
    NamespaceTree, Namespaces, NewNamespace, Result, SoftDrop, StoreError, TreeNamespace,
    TreeTabular,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::namespace_move;
use crate::row::{self, PageStart};
use crate::soft_deletion::hide;
use crate::tabular;
use crate::task_control::cancel_expiry;

#[async_trait]
impl Namespaces for SqliteStore {
    async fn namespace_create(&self, namespace: NewNamespace, effects: Effects) -> Result<()> {
        self.change(effects, move |db| create(db, &namespace)).await
    }

    async fn namespace_load(
        &self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceRow> {
        self.read(move |db| {
            let found = db
                .prepare_cached(
                    "select id, warehouse_id, path, properties, protected, version, updated_at
                     from namespace where id = ?1 and warehouse_id = ?2 and dropped_with is null",
                )?
                .query_row([id.as_uuid(), warehouse.as_uuid()], |row| {
                    Ok(namespace(row, 0))
                })
                .optional()?;
            found.unwrap_or_else(|| Err(not_found(Entity::Namespace(id))))
        })
        .await
    }

    async fn namespace_list(
        &self,
        warehouse: WarehouseId,
        parent: Option<NamespaceId>,
        page: PageRequest,
    ) -> Result<Page<ListedNamespace>> {
        self.read(move |db| {
            let start = PageStart::of(&page);
            let mut statement = db.prepare_cached(
                "select id, path, protected from namespace
                 where parent_id is ?1 and warehouse_id = ?2 and path_key > ?3 and dropped_with is null
                 order by path_key limit ?4",
            )?;
            let rows = statement.query(params![
                parent.map(NamespaceId::as_uuid),
                warehouse.as_uuid(),
                start.after,
                start.limit
            ])?;
            let rows = row::all(rows, listed)?;
            Ok(Page::cut(rows, page.size, PageItem::page_key))
        })
        .await
    }

    async fn namespace_update(&self, namespace: NamespaceRow, effects: Effects) -> Result<()> {
        self.change(effects, move |db| update(db, &namespace)).await
    }

    async fn namespace_tree(
        &self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceTree> {
        self.read(move |db| tree(db, warehouse, id)).await
    }

    async fn namespace_drop(&self, drop: NamespaceDrop, effects: Effects) -> Result<()> {
        self.change(effects, move |db| remove(db, &drop)).await
    }

    async fn namespace_move(&self, namespace_move: NamespaceMove, effects: Effects) -> Result<()> {
        self.change(effects, move |db| {
            namespace_move::relocate(db, &namespace_move)
        })
        .await
    }
}

fn create(db: &Connection, namespace: &NewNamespace) -> Work<()> {
    let warehouse = namespace.warehouse.as_uuid();
    let found = db
        .prepare_cached("select 1 from warehouse where id = ?1")?
        .exists([warehouse])?;
    if !found {
        return Err(not_found(Entity::Warehouse(namespace.warehouse)));
    }
    let parent = match namespace.path.parent() {
        None => None,
        Some(path) => {
            let wanted = namespace.parent.map(NamespaceId::as_uuid);
            let found = id_of(db, warehouse, &path)?;
            let found = found.filter(|found| wanted.is_none_or(|wanted| wanted == *found));
            Some(found.ok_or_else(|| not_found(Entity::NamespacePath(path)))?)
        }
    };
    if id_of(db, warehouse, &namespace.path)?.is_some() {
        let path = namespace.path.clone();
        return Err(already_exists(Entity::NamespacePath(path)));
    }
    let levels = serde_json::to_string(namespace.path.levels()).map_err(Failure::damaged)?;
    let properties = serde_json::to_string(&namespace.properties).map_err(Failure::damaged)?;
    let inserted = db
        .prepare_cached(
            "insert into namespace (id, warehouse_id, parent_id, path, path_key, protected,
                 version, created_at, updated_at, properties)
             values (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, null, ?8) on conflict (id) do nothing",
        )?
        .execute(params![
            namespace.id.as_uuid(),
            warehouse,
            parent,
            levels,
            namespace.path.key().as_str(),
            Version::FIRST.as_i64(),
            namespace.created_at.as_ms(),
            properties,
        ])?;
    match inserted {
        0 => Err(already_exists(Entity::Namespace(namespace.id))),
        _ => Ok(()),
    }
}

fn id_of(db: &Connection, warehouse: Uuid, path: &NamespacePath) -> Work<Option<Uuid>> {
    let id = db
        .prepare_cached(
            "select id from namespace
             where warehouse_id = ?1 and path_key = ?2 and dropped_with is null",
        )?
        .query_row(params![warehouse, path.key().as_str()], |row| row.get(0))
        .optional()?;
    Ok(id)
}

fn update(db: &Connection, namespace: &NamespaceRow) -> Work<()> {
    let id = namespace.id.as_uuid();
    let warehouse = namespace.warehouse.as_uuid();
    let properties = serde_json::to_string(&namespace.properties).map_err(Failure::damaged)?;
    let changed = db
        .prepare_cached(
            "update namespace set properties = ?4, protected = ?5, version = ?6, updated_at = ?7
             where id = ?1 and warehouse_id = ?2 and version = ?3 and dropped_with is null",
        )?
        .execute(params![
            id,
            warehouse,
            namespace.version.as_i64(),
            properties,
            bool::from(namespace.protection),
            namespace.version.next().as_i64(),
            namespace.updated_at.map(Timestamp::as_ms),
        ])?;
    if changed == 1 {
        return Ok(());
    }
    require(db, warehouse, namespace.id, None)?;
    Err(stale())
}

/// The namespace `?1` of the warehouse `?2` and all namespaces below it. Follows parents, not paths: another
/// namespace that was soft-deleted earlier under the same path is not part of it.
pub(crate) const BELOW: &str = "with recursive below(id) as (
        select id from namespace where id = ?1 and warehouse_id = ?2 and dropped_with is null
        union all
        select namespace.id from below join namespace on namespace.parent_id = below.id
    )";

fn tree(db: &Connection, warehouse: WarehouseId, id: NamespaceId) -> Work<NamespaceTree> {
    let at = [id.as_uuid(), warehouse.as_uuid()];
    require(db, at[1], id, None)?;
    let mut namespaces = db.prepare_cached(&format!(
        "{BELOW} select namespace.id, path, version, protected, dropped_with is null
         from (select id from below limit ?3) as found
         join namespace on namespace.id = found.id
         where namespace.id <> ?1 order by path_key"
    ))?;
    let mut tabulars = db.prepare_cached(&format!(
        "{BELOW} select id, kind, namespace_id, name, location, version, protected, purges
         from (
             select tabular.id, tabular.kind, tabular.namespace_id, tabular.name, tabular.location,
                 tabular.version, tabular.protected, tabular.purges, namespace.path_key,
                 tabular.name_key
             from (select id from below limit ?3) as found
             join namespace on namespace.id = found.id
             join tabular on tabular.namespace_id = namespace.id
             limit ?4
         ) order by path_key, name_key"
    ))?;
    // The namespace itself is among the namespaces found.
    let (most, limit) = (Bounds::DROPPED_NAMESPACES + 2, Bounds::DROPPED_TABULARS + 1);
    let below = namespaces.query(params![at[0], at[1], most])?;
    let within = tabulars.query(params![at[0], at[1], most, limit])?;
    Ok(NamespaceTree {
        namespaces: row::all(below, tree_namespace)?,
        tabulars: row::all(within, tree_tabular)?,
    })
}

/// Refuses if the namespace is not in the warehouse or, with a path, no longer at this path.
pub(crate) fn require(
    db: &Connection,
    warehouse: Uuid,
    id: NamespaceId,
    path: Option<&NamespaceKey>,
) -> Work<()> {
    let there = db
        .prepare_cached(
            "select 1 from namespace where id = ?1 and warehouse_id = ?2 and dropped_with is null
             and path_key = coalesce(?3, path_key)",
        )?
        .exists(params![
            id.as_uuid(),
            warehouse,
            path.map(NamespaceKey::as_str)
        ])?;
    if there {
        Ok(())
    } else {
        Err(not_found(Entity::Namespace(id)))
    }
}

fn remove(db: &Connection, drop: &NamespaceDrop) -> Work<()> {
    let there = db
        .prepare_cached("select 1 from namespace where id = ?1 and dropped_with is null")?
        .exists([drop.id.as_uuid()])?;
    if !there {
        return Err(not_found(Entity::Namespace(drop.id)));
    }
    remove_tabulars(db, drop)?;
    match drop.mode {
        DropMode::Hard => remove_namespaces(db, drop),
        DropMode::Soft(_) => hide_namespaces(db, drop),
    }
}

fn remove_namespaces(db: &Connection, drop: &NamespaceDrop) -> Work<()> {
    // Innermost first: a namespace to which a row still refers cannot be removed.
    let mut below: Vec<&TreeNamespace> = drop.tree.namespaces.iter().collect();
    below.sort_unstable_by_key(|namespace| std::cmp::Reverse(namespace.path.levels().len()));
    let seen = below.into_iter().map(|below| (below.id, below.version));
    // `Stale` takes precedence over `NotEmpty`, so look at all namespaces first.
    let mut holds_others = false;
    for (id, version) in seen.chain([(drop.id, drop.expected)]) {
        let removed = db
            .prepare_cached("delete from namespace where id = ?1 and version = ?2")?
            .execute(params![id.as_uuid(), version.as_i64()])
            .map_err(Failure::from);
        match removed {
            Ok(0) => return Err(stale()),
            Ok(_) => {}
            Err(error) if error.is_still_referred_to() => holds_others = true,
            Err(error) => return Err(error),
        }
    }
    if holds_others {
        return Err(StoreError::NotEmpty(Entity::Namespace(drop.id)).into());
    }
    Ok(())
}

/// Soft-deletes the namespace and the live namespaces of the tree.
fn hide_namespaces(db: &Connection, drop: &NamespaceDrop) -> Work<()> {
    let live = drop.tree.namespaces.iter().filter(|below| below.is_live);
    let live = live.map(|below| (below.id, below.version));
    let mut hide = db.prepare_cached(
        "update namespace set dropped_with = ?3
         where id = ?1 and version = ?2 and dropped_with is null",
    )?;
    for (id, version) in live.chain([(drop.id, drop.expected)]) {
        let hidden = params![id.as_uuid(), version.as_i64(), drop.id.as_uuid()];
        if hide.execute(hidden)? == 0 {
            return Err(stale());
        }
    }
    let others = db
        .prepare_cached(
            "select 1 from namespace as gone where gone.dropped_with = ?1 and (
                 exists (select 1 from tabular
                     where namespace_id = gone.id and deleted_at is null)
                 or exists (select 1 from namespace as inner_one
                     where inner_one.parent_id = gone.id and inner_one.dropped_with is null))",
        )?
        .exists([drop.id.as_uuid()])?;
    if others {
        return Err(StoreError::NotEmpty(Entity::Namespace(drop.id)).into());
    }
    Ok(())
}

fn remove_tabulars(db: &Connection, drop: &NamespaceDrop) -> Work<()> {
    let mut find = db.prepare_cached(
        "select 1 from tabular where id = ?1 and version = ?2 and namespace_id = ?3",
    )?;
    let (mut moved_on, mut expiring) = (Vec::new(), Vec::new());
    for listed in &drop.tree.tabulars {
        let (id, namespace) = (listed.id.as_uuid(), listed.namespace.as_uuid());
        if !find.exists(params![id, listed.version.as_i64(), namespace])? {
            moved_on.push(listed.id);
            continue;
        }
        match (drop.mode, listed.deleted) {
            (DropMode::Soft(_), Some(_)) => {}
            (DropMode::Soft(how), None) => {
                let expiry = how.expiry.of_one(listed.kind);
                hide(db, listed.id, SoftDrop { expiry, ..how })?;
            }
            (DropMode::Hard, deleted) => {
                expiring.extend(deleted.map(|_| listed.id));
                tabular::remove(db, listed.id)?;
            }
        }
    }
    if !moved_on.is_empty() {
        return Err(tabular::stale(db, &moved_on));
    }
    cancel_expiry(
        db,
        expiring.into_iter(),
        "dropped with its namespace",
        drop.at,
    )
}

/// A row of `id, warehouse_id, path, properties, protected, version, updated_at` from the given column on.
pub(crate) fn namespace(row: &Row<'_>, first: usize) -> Work<NamespaceRow> {
    let properties: String = row.get(first + 3)?;
    Ok(NamespaceRow {
        id: row.get::<_, Uuid>(first)?.into(),
        warehouse: row.get::<_, Uuid>(first + 1)?.into(),
        path: path(&row.get::<_, String>(first + 2)?)?,
        properties: serde_json::from_str(&properties).map_err(Failure::damaged)?,
        protection: row.get::<_, bool>(first + 4)?.into(),
        version: Version::from_i64(row.get(first + 5)?),
        updated_at: row
            .get::<_, Option<i64>>(first + 6)?
            .map(Timestamp::from_ms),
    })
}

fn listed(row: &Row<'_>) -> Work<ListedNamespace> {
    Ok(ListedNamespace {
        id: row.get::<_, Uuid>(0)?.into(),
        path: path(&row.get::<_, String>(1)?)?,
        protection: row.get::<_, bool>(2)?.into(),
    })
}

fn tree_namespace(row: &Row<'_>) -> Work<TreeNamespace> {
    Ok(TreeNamespace {
        id: row.get::<_, Uuid>(0)?.into(),
        path: path(&row.get::<_, String>(1)?)?,
        version: Version::from_i64(row.get(2)?),
        protection: row.get::<_, bool>(3)?.into(),
        is_live: row.get(4)?,
    })
}

fn tree_tabular(row: &Row<'_>) -> Work<TreeTabular> {
    Ok(TreeTabular {
        id: row.get::<_, Uuid>(0)?.into(),
        kind: row::kind(&row.get::<_, String>(1)?)?,
        namespace: row.get::<_, Uuid>(2)?.into(),
        name: row.get(3)?,
        location: row.get(4)?,
        version: Version::from_i64(row.get(5)?),
        protection: row.get::<_, bool>(6)?.into(),
        deleted: row.get::<_, Option<bool>>(7)?.map(Expiry::from),
    })
}

pub(crate) fn path(levels: &str) -> Work<NamespacePath> {
    let levels = serde_json::from_str(levels).map_err(Failure::damaged)?;
    NamespacePath::parse(levels).map_err(Failure::damaged)
}
