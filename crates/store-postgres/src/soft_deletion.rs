//! Tables and views that were dropped and can be undropped for a while.

use std::collections::HashSet;

use async_trait::async_trait;
use model::{
    NamespaceId, Page, PageItem, PageToken, TabularId, TabularKind, Timestamp, WarehouseId,
};
use store::{
    AtVersion, DeletedQuery, DeletedTabular, Effects, Result, SOFT_DELETION, SoftDeletions,
    SoftDrop, StoreError, Undrop,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Work, stale};
use crate::namespace::path;
use crate::row::{self, get};
use crate::tabular;
use crate::task_control::cancel_expiry;

#[async_trait]
impl SoftDeletions for PostgresStore {
    async fn soft_drop(&self, at: AtVersion, how: SoftDrop, effects: Effects) -> Result<()> {
        self.change(effects, (at, how), |db, (at, how)| {
            Box::pin(hide(db, *at, *how))
        })
        .await
    }

    async fn deleted_list(&self, query: DeletedQuery) -> Result<Page<DeletedTabular>> {
        let db = self.read_list().await?;
        Ok(list(&db, &query).await?)
    }

    async fn deleted_find(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<DeletedTabular>> {
        let ids: Vec<Uuid> = ids.into_iter().map(TabularId::as_uuid).collect();
        let db = self.read().await?;
        let find =
            format!("{DELETED} and t.warehouse_id is not distinct from $2 and t.id = any($3)");
        let found = db
            .query(&find, &[&SOFT_DELETION, &warehouse.as_uuid(), &ids])
            .await?;
        Ok(row::all(&found, deleted)?)
    }

    async fn tabular_homes(
        &self,
        warehouse: WarehouseId,
        ids: Vec<TabularId>,
    ) -> Result<Vec<(TabularId, TabularKind, NamespaceId)>> {
        let ids: Vec<Uuid> = ids.into_iter().map(TabularId::as_uuid).collect();
        let db = self.read().await?;
        let find = "select id, kind, namespace_id from tabular
            where id = any($1) and warehouse_id is not distinct from $2";
        let found = db.query(find, &[&ids, &warehouse.as_uuid()]).await?;
        Ok(row::all(&found, |row| {
            Ok((row::id(row, 0)?, row::kind(get(row, 1)?)?, row::id(row, 2)?))
        })?)
    }

    async fn undrop(&self, undrop: Undrop, effects: Effects) -> Result<()> {
        self.change(effects, undrop, |db, undrop| {
            Box::pin(bring_back(db, undrop))
        })
        .await
    }

    async fn deleted_expire(&self, at: AtVersion, effects: Effects) -> Result<()> {
        self.change(effects, at, |db, at| Box::pin(expire(db, *at)))
            .await
    }
}

async fn hide(db: &Session, at: AtVersion, how: SoftDrop) -> Work<()> {
    let hidden = db
        .execute(
            "update tabular set deleted_at = $3, purges = $4, version = version + 1
             where id = $1 and version = $2 and coalesce(deleted_at, 0) = 0",
            &[
                &at.id.as_uuid(),
                &at.version.as_i64(),
                &how.at.as_ms(),
                &bool::from(how.expiry),
            ],
        )
        .await?;
    tabular::expect(db, at.id, hidden).await
}

/// The first parameter is the queue of the expiry tasks. `is not distinct from` fits no index, so a task is found
/// by its table, even if the planner has seen an empty queue.
const DELETED: &str =
    "select t.id, t.kind, t.namespace_id, n.path, t.name, t.version, t.location, t.purges,
        t.created_at, t.deleted_at, coalesce((select scheduled_for from task
            where task.tabular_id = t.id and task.queue is not distinct from $1 limit 1), t.deleted_at)
    from tabular as t join namespace as n on n.id = t.namespace_id where t.deleted_at is not null";

async fn list(db: &Session, query: &DeletedQuery) -> Work<Page<DeletedTabular>> {
    let page = &query.page;
    // A token that no list has returned stands for the first page.
    let after = page.after.as_ref().map(PageToken::as_key);
    let after = after.and_then(|key| Uuid::parse_str(key).ok());
    let rows = db
        .query(
            &format!(
                "{DELETED} and t.warehouse_id = $2 and t.id > $3
                     and ($4::uuid is null or t.namespace_id = $4) order by t.id limit $5"
            ),
            &[
                &SOFT_DELETION,
                &query.warehouse.as_uuid(),
                &after.unwrap_or(Uuid::nil()),
                &query.namespace.map(NamespaceId::as_uuid),
                &(i64::from(page.size.items()) + 1),
            ],
        )
        .await?;
    let rows = row::all(&rows, deleted)?;
    Ok(Page::cut(rows, page.size, PageItem::page_key))
}

fn deleted(row: &Row) -> Work<DeletedTabular> {
    Ok(DeletedTabular {
        id: row::id(row, 0)?,
        kind: row::kind(get(row, 1)?)?,
        namespace: row::id(row, 2)?,
        path: path(get(row, 3)?)?,
        name: get(row, 4)?,
        version: row::version(row, 5)?,
        location: get(row, 6)?,
        expiry: get::<bool>(row, 7)?.into(),
        created_at: Timestamp::from_ms(get(row, 8)?),
        deleted_at: Timestamp::from_ms(get(row, 9)?),
        expires_at: Timestamp::from_ms(get(row, 10)?),
    })
}

/// Locks namespaces before tables and views, the order that all transactions keep.
async fn bring_back(db: &Session, undrop: &Undrop) -> Work<()> {
    let ids: Vec<Uuid> = undrop.tabulars.iter().map(|one| one.id.as_uuid()).collect();
    let mut taken = revive_namespaces(db, &ids).await?;
    let held = db
        .query(
            "select id, version, namespace_id, name, name_key from tabular
             where id = any($1) and warehouse_id is not distinct from $2
                 and coalesce(deleted_at, 0) <> 0
             order by id for update",
            &[&ids, &undrop.warehouse.as_uuid()],
        )
        .await?;
    let held = row::all(&held, |row| {
        Ok(AtVersion::of(row::id(row, 0)?, row::version(row, 1)?))
    })?;
    let held: HashSet<AtVersion> = held.into_iter().collect();
    if undrop.tabulars.iter().any(|wanted| !held.contains(wanted)) {
        return Err(stale());
    }
    let names = db
        .query(
            // By a sort and by the index of live names: a join would compare every pair while the planner has no
            // statistics.
            "with wanted as materialized (
                 select namespace_id, name, name_key,
                     row_number() over (partition by namespace_id, name_key order by id) > 1 as is_twin
                 from tabular where id = any($1)
             )
             select n.path, wanted.name from wanted
             join namespace as n on n.id = wanted.namespace_id
             left join lateral (select true as is_live from tabular as other
                 where other.namespace_id = wanted.namespace_id
                     and other.name_key = wanted.name_key and other.deleted_at is null
                 offset 0) as other on true
             where wanted.is_twin or other.is_live",
            &[&ids],
        )
        .await?;
    taken.extend(row::all(&names, |row| {
        let name: &str = get(row, 1)?;
        Ok(format!("{}.{name}", path(get(row, 0)?)?))
    })?);
    if !taken.is_empty() {
        return Err(StoreError::NamesTaken(taken).into());
    }
    let back = db
        .execute(
            "update tabular set deleted_at = null, purges = null, version = version + 1, updated_at = $2
             where id = any($1)",
            &[&ids, &undrop.at.as_ms()],
        )
        .await;
    stale_if_taken(back, "tabular_name")?;
    let ids = undrop.tabulars.iter().map(|one| one.id);
    cancel_expiry(db, ids, "undropped", undrop.at).await
}

/// `Stale` if a name or path was taken after it was found free.
fn stale_if_taken(changed: Work<u64>, index: &str) -> Work<u64> {
    match changed {
        Err(failure) if failure.constraint() == Some(index) => Err(stale()),
        changed => changed,
    }
}

/// Undoes the drops of namespaces without which these tables and views cannot be live. If any path is taken,
/// changes nothing and returns the paths of the drops that cannot be undone.
async fn revive_namespaces(db: &Session, tabulars: &[Uuid]) -> Work<Vec<String>> {
    let held = db
        .query(
            // All rows by their ids: with two conditions joined by `or`, every namespace would be read.
            "with recursive above(id, parent_id, dropped_with) as (
                 select id, parent_id, dropped_with from namespace
                 where id in (select namespace_id from tabular where id = any($1))
                 union
                 select n.id, n.parent_id, n.dropped_with
                 from above join namespace as n on n.id = above.parent_id
             )
             select id, dropped_with from namespace
             where id = any(array(
                 select id from above
                 union
                 select n.id from namespace as n
                 where n.dropped_with in (select dropped_with from above)))
             order by id for update",
            &[&tabulars],
        )
        .await?;
    let roots = row::all(&held, |row| get::<Option<Uuid>>(row, 1))?;
    let roots: HashSet<Uuid> = roots.into_iter().flatten().collect();
    let roots: Vec<Uuid> = roots.into_iter().collect();
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let taken = db
        .query(
            // By a sort and by the index of live paths: one condition on live and dropped namespaces fits no
            // index.
            "with gone as materialized (
                 select warehouse_id, path_key, dropped_with,
                     row_number() over (partition by warehouse_id, path_key order by id) > 1 as is_twin
                 from namespace where dropped_with = any($1)
             )
             select distinct root.path from gone
             join namespace as root on root.id = gone.dropped_with
             left join lateral (select true as is_live from namespace as other
                 where other.warehouse_id = gone.warehouse_id
                     and other.path_key = gone.path_key and other.dropped_with is null
                 offset 0) as other on true
             where gone.is_twin or other.is_live",
            &[&roots],
        )
        .await?;
    if !taken.is_empty() {
        return row::all(&taken, |row| Ok(path(get(row, 0)?)?.to_string()));
    }
    let revive = "update namespace set dropped_with = null where dropped_with = any($1)";
    stale_if_taken(db.execute(revive, &[&roots]).await, "namespace_path")?;
    Ok(Vec::new())
}

async fn expire(db: &Session, AtVersion { id, version }: AtVersion) -> Work<()> {
    // Lock the namespaces that may be removed as well before the table.
    let home = db
        .query_opt(
            "select n.id from tabular as t join namespace as n on n.id = t.namespace_id
             where t.id = $1 and n.dropped_with is not null",
            &[&id.as_uuid()],
        )
        .await?;
    let home: Option<Uuid> = home.map(|row| get(&row, 0)).transpose()?;
    if let Some(home) = home {
        hold_above(db, home).await?;
    }
    let removed = db
        .query_opt(
            "delete from tabular where id = $1 and version = $2 and coalesce(deleted_at, 0) <> 0
             returning namespace_id",
            &[&id.as_uuid(), &version.as_i64()],
        )
        .await?;
    let Some(removed) = removed else {
        return Err(stale());
    };
    if let Some(home) = home {
        return remove_empty(db, home).await;
    }
    // If the namespace was dropped after the look above, nothing would remove it any more, so the attempt is
    // repeated. A later drop finds that this table is gone.
    let live = "select 1 from namespace where id = $1 and dropped_with is null";
    let live = db.query_opt(live, &[&get::<Uuid>(&removed, 0)?]).await?;
    live.map(|_| ()).ok_or_else(stale)
}

/// Locks the roots of the drops at and above this namespace, which serializes the removal of their contents.
async fn hold_above(db: &Session, namespace: Uuid) -> Work<()> {
    let hold = "with recursive above(id, parent_id, dropped_with) as (
            select id, parent_id, dropped_with from namespace where id = $1
            union all
            select n.id, n.parent_id, n.dropped_with
            from above join namespace as n on n.id = above.parent_id
        )
        select id from namespace where id in (select dropped_with from above) order by id for update";
    db.query(hold, &[&namespace]).await?;
    Ok(())
}

/// Removes the namespaces of one drop once no table or view is left that could bring them back; then, in the same
/// way, the dropped namespaces around them.
async fn remove_empty(db: &Session, mut namespace: Uuid) -> Work<()> {
    loop {
        let root = db
            .query_opt(
                "select root.id, root.parent_id from namespace as gone
                 join namespace as root on root.id = gone.dropped_with where gone.id = $1",
                &[&namespace],
            )
            .await?;
        let Some(root) = root else {
            return Ok(());
        };
        let (root, parent): (Uuid, Option<Uuid>) = (get(&root, 0)?, get(&root, 1)?);
        let removed = db
            .execute(
                "delete from namespace where dropped_with = $1 and not exists (
                     select from namespace as gone where gone.dropped_with = $1 and (
                         exists (select from tabular where namespace_id = gone.id)
                         or exists (select from namespace as inner_one
                             where inner_one.parent_id = gone.id
                                 and inner_one.dropped_with is distinct from gone.dropped_with)))",
                &[&root],
            )
            .await;
        match removed {
            // A table or view was undropped at this moment.
            Err(failure) if failure.is_still_referred_to() => return Err(stale()),
            Err(failure) => return Err(failure),
            Ok(0) => return Ok(()),
            Ok(_) => {}
        }
        match parent {
            Some(parent) => namespace = parent,
            None => return Ok(()),
        }
    }
}
