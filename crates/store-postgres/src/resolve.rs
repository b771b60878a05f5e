//! Resolves names to ids and versions, many at once.

use async_trait::async_trait;
use model::{NameKey, NamespaceKey, WarehouseId};
use store::{
    AtVersion, NamespaceRow, NamespaceStamp, ResolveKey, ResolveTarget, Resolved, Resolver, Result,
    TabularContent, TabularStamp, WarehouseStamp,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Lanes;
use crate::error::{Failure, Work};
use crate::namespace;
use crate::row::{self, get};

/// The two look-up statements, each for all waiting keys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lookup {
    /// By names.
    ByName,
    /// By ids.
    ById,
}

impl Lookup {
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::ByName => BY_NAME,
            Self::ById => BY_ID,
        }
    }
}

/// Three index probes for each key; `limit` keeps the planner from joining in another way. The properties and
/// metadata are read from their pages only for the keys that request them.
const BY_NAME: &str = "select k.place, w.version, w.status, n.id, n.version,
        case when k.wants = 1 then n.path end, case when k.wants = 1 then n.properties end,
        n.protected, n.updated_at,
        t.id, t.kind, t.version, t.protected, t.location, t.metadata_location, t.metadata,
        w.grants_version
    from unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[])
        with ordinality as k(warehouse_id, path_key, name_key, wants, place)
    cross join lateral (
        select version, status, grants_version from warehouse where id = k.warehouse_id limit 1
    ) as w
    left join lateral (
        select id, version, path, properties, protected, updated_at from namespace
        where warehouse_id = k.warehouse_id and path_key = k.path_key and dropped_with is null
        limit 1
    ) as n on true
    left join lateral (
        select id, kind, version, protected, case when k.wants = 2 then location end as location,
            case when k.wants = 2 then metadata_location end as metadata_location,
            case when k.wants = 2 then metadata end as metadata
        from tabular
        where namespace_id = n.id and name_key = k.name_key and deleted_at is null limit 1
    ) as t on true";

/// The versions of tables and views, and of warehouses, which are the rows with a status. The statement is as
/// simple as possible: with a few keys at a time, setting it up costs more than running it.
const BY_ID: &str = "select id, version, null::text, 0::bigint from tabular
    where id = any($1) and coalesce(deleted_at, 0) = 0
    union all
    select id, version, status, grants_version from warehouse where id = any($2)";

/// Most contents that one statement returns.
const CONTENTS: usize = 16;
/// Only the stamps are wanted.
const STAMP: i16 = 0;
/// The namespace's path and properties are wanted.
const NAMESPACE: i16 = 1;
/// The content of the table or view is wanted.
const CONTENT: i16 = 2;

#[async_trait]
impl Resolver for PostgresStore {
    async fn resolve(&self, keys: Vec<ResolveKey>) -> Result<Vec<Resolved>> {
        let mut found = Vec::new();
        found.resize_with(keys.len(), Resolved::default);
        let (mut by_id, mut stamps, mut contents) = (Vec::new(), Vec::new(), Vec::new());
        for (ResolveKey { warehouse, target }, slot) in keys.iter().zip(&mut found) {
            let at = |path, name, wants| Named {
                warehouse: *warehouse,
                path,
                name,
                wants,
            };
            match target {
                ResolveTarget::Warehouse => by_id.push(((*warehouse, None), slot)),
                ResolveTarget::Unchanged(id, known) => {
                    by_id.push(((*warehouse, Some(AtVersion::of(*id, *known))), slot));
                }
                ResolveTarget::Namespace(path) => stamps.push((at(path, None, STAMP), slot)),
                ResolveTarget::NamespaceRow(path) => stamps.push((at(path, None, NAMESPACE), slot)),
                ResolveTarget::Tabular(path, name) => {
                    stamps.push((at(path, Some(name), STAMP), slot));
                }
                ResolveTarget::TabularContent(path, name) => {
                    contents.push((at(path, Some(name), CONTENT), slot));
                }
            }
        }
        if stamps.is_empty() && contents.is_empty() {
            // The most frequent case. The future for the other cases is large and would be moved around for
            // nothing.
            look_up_by_id(&self.lanes, by_id).await?;
            return Ok(found);
        }
        let all = async {
            futures::try_join!(
                look_up_by_id(&self.lanes, by_id),
                look_up_by_name(&self.lanes, stamps),
                look_up_contents(&self.lanes, contents),
            )
        };
        Box::pin(all).await?;
        Ok(found)
    }
}

/// Keys, each with the slot for its answer.
type Slots<'a, K> = Vec<(K, &'a mut Resolved)>;

/// A key that is looked up by name.
struct Named<'a> {
    warehouse: WarehouseId,
    path: &'a NamespaceKey,
    name: Option<&'a NameKey>,
    wants: i16,
}

/// A key that is looked up by id: a warehouse, and perhaps a table or view whose version is to be compared.
type Known = (WarehouseId, Option<AtVersion>);

/// Looks up a few contents at a time: metadata may be large, and a statement's answer is held in memory as a
/// whole.
async fn look_up_contents(lanes: &Lanes, slots: Slots<'_, Named<'_>>) -> Work<()> {
    let mut slots = slots.into_iter();
    loop {
        let some: Vec<_> = slots.by_ref().take(CONTENTS).collect();
        if some.is_empty() {
            return Ok(());
        }
        look_up_by_name(lanes, some).await?;
    }
}

async fn look_up_by_name(lanes: &Lanes, mut slots: Slots<'_, Named<'_>>) -> Work<()> {
    if slots.is_empty() {
        return Ok(());
    }
    let (mut warehouses, mut paths, mut names, mut wants) = (vec![], vec![], vec![], vec![]);
    for (named, _) in &slots {
        warehouses.push(named.warehouse.as_uuid());
        paths.push(named.path.as_str());
        names.push(named.name.map(NameKey::as_str));
        wants.push(named.wants);
    }
    let rows = lanes
        .run(Lookup::ByName, &[&warehouses, &paths, &names, &wants])
        .await?;
    for row in &rows {
        // The column `place` counts from 1.
        let place = usize::try_from(get::<i64>(row, 0)? - 1).map_err(Failure::damaged)?;
        let slot = slots.get_mut(place);
        let (named, slot) = slot.ok_or_else(|| Failure::damaged("an answer without a key"))?;
        **slot = one(named, row)?;
    }
    Ok(())
}

async fn look_up_by_id(lanes: &Lanes, slots: Slots<'_, Known>) -> Work<()> {
    if slots.is_empty() {
        return Ok(());
    }
    let (mut tabulars, mut warehouses) = (Vec::with_capacity(slots.len()), Vec::new());
    for ((warehouse, tabular), _) in &slots {
        let warehouse = warehouse.as_uuid();
        if !warehouses.contains(&warehouse) {
            warehouses.push(warehouse);
        }
        tabulars.extend(tabular.map(|at| at.id.as_uuid()));
    }
    let rows = lanes.run(Lookup::ById, &[&tabulars, &warehouses]).await?;
    let (mut versions, mut stamps) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let (id, version): (Uuid, _) = (get(row, 0)?, row::version(row, 1)?);
        match get::<Option<&str>>(row, 2)? {
            None => versions.push((id, version)),
            Some(status) => {
                let stamp = WarehouseStamp {
                    version,
                    status: row::status(status)?,
                    grants: row::version(row, 3)?,
                };
                stamps.push((id, stamp));
            }
        }
    }
    versions.sort_unstable();
    for ((warehouse, tabular), slot) in slots {
        let stamp = stamps.iter().find(|(id, _)| *id == warehouse.as_uuid());
        slot.warehouse = stamp.map(|(_, stamp)| *stamp);
        slot.is_unchanged = tabular.is_some_and(|at| {
            let known = (at.id.as_uuid(), at.version);
            versions.binary_search(&known).is_ok()
        });
    }
    Ok(())
}

fn one(named: &Named<'_>, row: &Row) -> Work<Resolved> {
    let namespace = match get::<Option<Uuid>>(row, 3)? {
        None => None,
        Some(id) => Some(NamespaceStamp {
            id: id.into(),
            version: row::version(row, 4)?,
        }),
    };
    let namespace_row = match namespace {
        Some(stamp) if named.wants == NAMESPACE => {
            Some(Box::new(whole_namespace(named.warehouse, stamp, row)?))
        }
        _ => None,
    };
    Ok(Resolved {
        warehouse: Some(WarehouseStamp {
            version: row::version(row, 1)?,
            status: row::status(get(row, 2)?)?,
            grants: row::version(row, 16)?,
        }),
        namespace,
        namespace_row,
        tabular: tabular(row)?,
        content: content(row)?,
        is_unchanged: false,
    })
}

fn whole_namespace(warehouse: WarehouseId, stamp: NamespaceStamp, row: &Row) -> Work<NamespaceRow> {
    Ok(NamespaceRow {
        id: stamp.id,
        warehouse,
        path: namespace::path(get(row, 5)?)?,
        properties: serde_json::from_str(get(row, 6)?).map_err(Failure::damaged)?,
        protection: get::<bool>(row, 7)?.into(),
        version: stamp.version,
        updated_at: row::time(row, 8)?,
    })
}

fn tabular(row: &Row) -> Work<Option<TabularStamp>> {
    let Some(id) = get::<Option<Uuid>>(row, 9)? else {
        return Ok(None);
    };
    Ok(Some(TabularStamp {
        id: id.into(),
        kind: row::kind(get(row, 10)?)?,
        version: row::version(row, 11)?,
        protection: get::<bool>(row, 12)?.into(),
    }))
}

fn content(row: &Row) -> Work<Option<Box<TabularContent>>> {
    let Some(_location) = get::<Option<&str>>(row, 13)? else {
        return Ok(None);
    };
    Ok(Some(Box::new(row::content(row, 13)?)))
}
