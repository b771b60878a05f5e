//! Tables and views that were dropped and can be undropped for a while.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use model::{
    NamespaceId, NamespacePath, Page, PageItem, PageToken, TabularId, TabularKind, Timestamp,
    Version, WarehouseId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    AtVersion, DeletedQuery, DeletedTabular, Effects, Result, SOFT_DELETION, SoftDeletions,
    SoftDrop, StoreError, Undrop,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Work, stale};
use crate::namespace::path;
use crate::row;
use crate::tabular;
use crate::task_control::cancel_expiry;

#[async_trait]
impl SoftDeletions for SqliteStore {
    async fn soft_drop(&self, at: AtVersion, how: SoftDrop, effects: Effects) -> Result<()> {
        self.change(effects, move |db| {
            tabular::expect(db, at)?;
            hide(db, at.id, how)
        })
        .await
    }

    async fn deleted_list(&self, query: DeletedQuery) -> Result<Page<DeletedTabular>> {
        self.read(move |db| list(db, &query)).await
    }

    async fn deleted_find(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<DeletedTabular>> {
        self.read(move |db| {
            let mut statement =
                db.prepare_cached(&format!("{DELETED} and t.warehouse_id = ?2 and t.id = ?3"))?;
            let mut found = Vec::new();
            for id in ids {
                let of = params![SOFT_DELETION, warehouse.as_uuid(), id.as_uuid()];
                found.extend(row::all(statement.query(of)?, deleted)?);
            }
            Ok(found)
        })
        .await
    }

    async fn tabular_homes(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<(TabularId, TabularKind, NamespaceId)>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "select kind, namespace_id from tabular where id = ?1 and warehouse_id = ?2",
            )?;
            let mut found = Vec::new();
            for id in ids {
                let rows = statement.query(params![id.as_uuid(), warehouse.as_uuid()])?;
                found.extend(row::all(rows, |row| {
                    let kind = row::kind(&row.get::<_, String>(0)?)?;
                    Ok((id, kind, row.get::<_, Uuid>(1)?.into()))
                })?);
            }
            Ok(found)
        })
        .await
    }

    async fn undrop(&self, undrop: Undrop, effects: Effects) -> Result<()> {
        self.change(effects, move |db| bring_back(db, &undrop))
            .await
    }

    async fn deleted_expire(&self, at: AtVersion, effects: Effects) -> Result<()> {
        self.change(effects, move |db| expire(db, at)).await
    }
}

pub(crate) fn hide(db: &Connection, id: TabularId, how: SoftDrop) -> Work<()> {
    db.prepare_cached(
        "update tabular set deleted_at = ?2, purges = ?3, version = version + 1 where id = ?1",
    )?
    .execute(params![
        id.as_uuid(),
        how.at.as_ms(),
        bool::from(how.expiry)
    ])?;
    Ok(())
}

/// The first parameter is the queue of the expiry tasks.
const DELETED: &str =
    "select t.id, t.kind, t.namespace_id, n.path, t.name, t.version, t.location, t.purges,
        t.created_at, t.deleted_at, coalesce((select scheduled_for from task
            where task.tabular_id = t.id and task.queue = ?1), t.deleted_at)
    from tabular as t join namespace as n on n.id = t.namespace_id where t.deleted_at is not null";

fn list(db: &Connection, query: &DeletedQuery) -> Work<Page<DeletedTabular>> {
    let page = &query.page;
    // A token that no list has returned stands for the first page.
    let after = page.after.as_ref().map(PageToken::as_key);
    let after = after.and_then(|key| Uuid::parse_str(key).ok());
    let mut statement = db.prepare_cached(&format!(
        "{DELETED} and t.warehouse_id = ?2 and t.id > ?3 and (?4 is null or t.namespace_id = ?4)
         order by t.id limit ?5"
    ))?;
    let rows = statement.query(params![
        SOFT_DELETION,
        query.warehouse.as_uuid(),
        after.unwrap_or(Uuid::nil()),
        query.namespace.map(NamespaceId::as_uuid),
        page.size.items() + 1
    ])?;
    let rows = row::all(rows, deleted)?;
    Ok(Page::cut(rows, page.size, PageItem::page_key))
}

fn deleted(row: &Row<'_>) -> Work<DeletedTabular> {
    Ok(DeletedTabular {
        id: row.get::<_, Uuid>(0)?.into(),
        kind: row::kind(&row.get::<_, String>(1)?)?,
        namespace: row.get::<_, Uuid>(2)?.into(),
        path: path(&row.get::<_, String>(3)?)?,
        name: row.get(4)?,
        version: Version::from_i64(row.get(5)?),
        location: row.get(6)?,
        expiry: row.get::<_, bool>(7)?.into(),
        created_at: Timestamp::from_ms(row.get(8)?),
        deleted_at: Timestamp::from_ms(row.get(9)?),
        expires_at: Timestamp::from_ms(row.get(10)?),
    })
}

fn bring_back(db: &Connection, undrop: &Undrop) -> Work<()> {
    let mut wanted = Vec::new();
    let mut find = db.prepare_cached(
        "select namespace_id, name, name_key from tabular
         where id = ?1 and version = ?2 and warehouse_id = ?3 and deleted_at is not null",
    )?;
    for one in &undrop.tabulars {
        let at = params![
            one.id.as_uuid(),
            one.version.as_i64(),
            undrop.warehouse.as_uuid()
        ];
        let found: Option<(Uuid, String, String)> = find
            .query_row(at, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        wanted.push(found.ok_or_else(stale)?);
    }
    let mut taken = Vec::new();
    // Outermost first: where a path is taken, all paths below it are, too.
    let homes = wanted.iter().map(|(namespace, _, _)| *namespace);
    for (root, root_path) in dropped_above(db, homes)? {
        if revive_namespaces(db, root)? == Revival::PathTaken {
            taken.push(root_path.to_string());
        }
    }
    let mut among = HashSet::new();
    let mut live = db.prepare_cached(
        "select 1 from tabular where namespace_id = ?1 and name_key = ?2 and deleted_at is null",
    )?;
    for (namespace, name, key) in &wanted {
        let is_first = among.insert((namespace, key));
        if !is_first || live.exists(params![namespace, key])? {
            taken.push(format!("{}.{name}", path_of(db, *namespace)?));
        }
    }
    if !taken.is_empty() {
        return Err(StoreError::NamesTaken(taken).into());
    }
    let mut revive = db.prepare_cached(
        "update tabular set deleted_at = null, purges = null, version = version + 1, updated_at = ?2
         where id = ?1",
    )?;
    for AtVersion { id, .. } in &undrop.tabulars {
        revive.execute(params![id.as_uuid(), undrop.at.as_ms()])?;
    }
    let ids = undrop.tabulars.iter().map(|one| one.id);
    cancel_expiry(db, ids, "undropped", undrop.at)
}

/// The roots of the drops that must be undone before these namespaces are live, with their paths; outermost first.
fn dropped_above(
    db: &Connection,
    namespaces: impl Iterator<Item = Uuid>,
) -> Work<Vec<(Uuid, NamespacePath)>> {
    let mut find =
        db.prepare_cached("select parent_id, dropped_with from namespace where id = ?1")?;
    let (mut seen, mut roots) = (HashSet::new(), BTreeMap::new());
    for namespace in namespaces {
        let mut at = Some(namespace);
        while let Some(id) = at.filter(|id| seen.insert(*id)) {
            let (parent, root): (Option<Uuid>, Option<Uuid>) =
                find.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if let Some(root) = root
                && let std::collections::btree_map::Entry::Vacant(slot) = roots.entry(root)
            {
                slot.insert(path_of(db, root)?);
            }
            at = parent;
        }
    }
    let mut roots: Vec<_> = roots.into_iter().collect();
    roots.sort_by_key(|(_, path)| path.levels().len());
    Ok(roots)
}

fn path_of(db: &Connection, namespace: Uuid) -> Work<NamespacePath> {
    let levels: String = db
        .prepare_cached("select path from namespace where id = ?1")?
        .query_row([namespace], |row| row.get(0))?;
    path(&levels)
}

/// What has become of the namespaces of one drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Revival {
    /// They are live.
    Done,
    /// The path of one of them is taken; nothing was changed.
    PathTaken,
}

/// Makes all namespaces live that were dropped with `root`, unless one of their paths is taken.
fn revive_namespaces(db: &Connection, root: Uuid) -> Work<Revival> {
    let taken = db
        .prepare_cached(
            "select 1 from namespace as gone join namespace as live
                 on live.warehouse_id = gone.warehouse_id and live.path_key = gone.path_key
                     and live.dropped_with is null
             where gone.dropped_with = ?1",
        )?
        .exists([root])?;
    if taken {
        return Ok(Revival::PathTaken);
    }
    db.prepare_cached("update namespace set dropped_with = null where dropped_with = ?1")?
        .execute([root])?;
    Ok(Revival::Done)
}

fn expire(db: &Connection, AtVersion { id, version }: AtVersion) -> Work<()> {
    let home: Option<Uuid> = db
        .prepare_cached(
            "delete from tabular where id = ?1 and version = ?2 and deleted_at is not null
             returning namespace_id",
        )?
        .query_row(params![id.as_uuid(), version.as_i64()], |row| row.get(0))
        .optional()?;
    remove_empty(db, home.ok_or_else(stale)?)
}

/// Removes the namespaces of one drop once no table or view is left that could bring them back; then, in the same
/// way, the dropped namespaces around them.
fn remove_empty(db: &Connection, mut namespace: Uuid) -> Work<()> {
    loop {
        let root: Option<Option<Uuid>> = db
            .prepare_cached("select dropped_with from namespace where id = ?1")?
            .query_row([namespace], |row| row.get(0))
            .optional()?;
        let Some(root) = root.flatten() else {
            return Ok(());
        };
        let needed = db
            .prepare_cached(
                "select 1 from namespace as gone where gone.dropped_with = ?1 and (
                     exists (select 1 from tabular where namespace_id = gone.id)
                     or exists (select 1 from namespace as inner_one where inner_one.parent_id = gone.id
                         and inner_one.dropped_with is not gone.dropped_with))",
            )?
            .exists([root])?;
        if needed {
            return Ok(());
        }
        let parent: Option<Uuid> = db
            .prepare_cached("select parent_id from namespace where id = ?1")?
            .query_row([root], |row| row.get(0))?;
        // Innermost first: a namespace to which a row still refers cannot be removed.
        let mut all = db.prepare_cached(
            "select id from namespace where dropped_with = ?1 order by length(path_key) desc",
        )?;
        for id in row::all(all.query([root])?, |row| Ok(row.get::<_, Uuid>(0)?))? {
            db.prepare_cached("delete from namespace where id = ?1")?
                .execute([id])?;
        }
        match parent {
            Some(parent) => namespace = parent,
            None => return Ok(()),
        }
    }
}
