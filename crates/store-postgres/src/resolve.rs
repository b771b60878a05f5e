//! From names to ids and versions, many at once.

use std::collections::HashMap;

use async_trait::async_trait;
use store::{
    NamespaceRow, NamespaceStamp, ResolveKey, ResolveTarget, Resolved, Resolver, Result,
    TabularStamp, WarehouseStamp,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Lanes;
use crate::error::{Failure, Work};
use crate::namespace;
use crate::row::{self, get};

/// What look-ups ask the database, each for all keys that wait.
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

/// Each key is three probes of an index, and `limit` keeps the planner from joining in any other way. Properties and
/// metadata are read from their pages only for who asks for them.
const BY_NAME: &str = "select k.place, w.version, w.status, n.id, n.version,
        case when k.wants = 1 then n.path end, case when k.wants = 1 then n.properties end,
        n.protected, n.updated_at,
        t.id, t.kind, t.version, t.protected, t.location, t.metadata_location, t.metadata
    from unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[])
        with ordinality as k(warehouse_id, path_key, name_key, wants, place)
    cross join lateral (
        select version, status from warehouse where id = k.warehouse_id limit 1
    ) as w
    left join lateral (
        select id, version, path, properties, protected, updated_at from namespace
        where warehouse_id = k.warehouse_id and path_key = k.path_key limit 1
    ) as n on true
    left join lateral (
        select id, kind, version, protected, case when k.wants = 2 then location end as location,
            case when k.wants = 2 then metadata_location end as metadata_location,
            case when k.wants = 2 then metadata end as metadata
        from tabular
        where namespace_id = n.id and name_key = k.name_key and deleted_at is null limit 1
    ) as t on true";

/// Versions of tables and views, and of warehouses, which are the rows with a status. As plain as can be: with a few keys
/// at a time it costs more to set a statement up than to run it.
const BY_ID: &str =
    "select id, version, null::text from tabular where id = any($1) and coalesce(deleted_at, 0) = 0
    union all
    select id, version, status from warehouse where id = any($2)";

/// Most contents that one statement answers.
const CONTENTS: usize = 16;
/// A stamp will do.
const STAMP: i16 = 0;
/// The namespace with its properties is wanted.
const NAMESPACE: i16 = 1;
/// The table or view with its metadata is wanted.
const CONTENT: i16 = 2;

#[async_trait]
impl Resolver for PostgresStore {
    async fn resolve(&self, keys: Vec<ResolveKey>) -> Result<Vec<Resolved>> {
        let mut found = Vec::new();
        found.resize_with(keys.len(), Resolved::default);
        let (by_id, by_name): (Vec<_>, Vec<_>) = keys
            .iter()
            .zip(&mut found)
            .partition(|(key, _)| is_by_id(&key.target));
        let (contents, stamps): (Vec<_>, Vec<_>) = by_name
            .into_iter()
            .partition(|(key, _)| wants_content(&key.target));
        futures::try_join!(
            look_up_by_id(&self.lanes, by_id),
            look_up_by_name(&self.lanes, stamps),
            look_up_contents(&self.lanes, contents),
        )?;
        Ok(found)
    }
}

const fn is_by_id(target: &ResolveTarget) -> bool {
    matches!(
        target,
        ResolveTarget::Warehouse | ResolveTarget::Unchanged(..)
    )
}

const fn wants_content(target: &ResolveTarget) -> bool {
    matches!(target, ResolveTarget::TabularContent(..))
}

/// Keys and where their answers go.
type Slots<'a> = Vec<(&'a ResolveKey, &'a mut Resolved)>;

/// A few at a time: metadata may be large, and an answer is held in memory as a whole.
async fn look_up_contents(lanes: &Lanes, slots: Slots<'_>) -> Work<()> {
    let mut slots = slots.into_iter();
    loop {
        let some: Slots<'_> = slots.by_ref().take(CONTENTS).collect();
        if some.is_empty() {
            return Ok(());
        }
        look_up_by_name(lanes, some).await?;
    }
}

async fn look_up_by_name(lanes: &Lanes, mut slots: Slots<'_>) -> Work<()> {
    if slots.is_empty() {
        return Ok(());
    }
    let (mut warehouses, mut paths, mut names, mut wants) = (vec![], vec![], vec![], vec![]);
    for (key, _) in &slots {
        let (path, name, want) = match &key.target {
            ResolveTarget::Warehouse | ResolveTarget::Unchanged(..) => (None, None, STAMP),
            ResolveTarget::Namespace(path) => (Some(path), None, STAMP),
            ResolveTarget::NamespaceRow(path) => (Some(path), None, NAMESPACE),
            ResolveTarget::Tabular(path, name) => (Some(path), Some(name), STAMP),
            ResolveTarget::TabularContent(path, name) => (Some(path), Some(name), CONTENT),
        };
        warehouses.push(key.warehouse.as_uuid());
        paths.push(path.map(model::NamespaceKey::as_str));
        names.push(name.map(model::NameKey::as_str));
        wants.push(want);
    }
    let rows = lanes
        .run(Lookup::ByName, &[&warehouses, &paths, &names, &wants])
        .await?;
    for row in &rows {
        let (key, slot) = at_place(&mut slots, get(row, 0)?)?;
        **slot = one(key, row)?;
    }
    Ok(())
}

async fn look_up_by_id(lanes: &Lanes, slots: Slots<'_>) -> Work<()> {
    if slots.is_empty() {
        return Ok(());
    }
    let (mut tabulars, mut warehouses) = (Vec::with_capacity(slots.len()), Vec::new());
    for (key, _) in &slots {
        let warehouse = key.warehouse.as_uuid();
        if !warehouses.contains(&warehouse) {
            warehouses.push(warehouse);
        }
        if let ResolveTarget::Unchanged(id, _) = &key.target {
            tabulars.push(id.as_uuid());
        }
    }
    let rows = lanes.run(Lookup::ById, &[&tabulars, &warehouses]).await?;
    let (mut versions, mut stamps) = (HashMap::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let (id, version): (Uuid, _) = (get(row, 0)?, row::version(row, 1)?);
        match get::<Option<&str>>(row, 2)? {
            None => drop(versions.insert(id, version)),
            Some(status) => {
                let status = row::status(status)?;
                stamps.push((id, WarehouseStamp { version, status }));
            }
        }
    }
    for (key, slot) in slots {
        let stamp = stamps.iter().find(|(id, _)| *id == key.warehouse.as_uuid());
        slot.warehouse = stamp.map(|(_, stamp)| *stamp);
        if let ResolveTarget::Unchanged(id, known) = &key.target {
            slot.is_unchanged = versions.get(&id.as_uuid()) == Some(known);
        }
    }
    Ok(())
}

/// What belongs to the place, counted from 1.
fn at_place<'s, 'a>(
    slots: &'s mut Slots<'a>,
    place: i64,
) -> Work<&'s mut (&'a ResolveKey, &'a mut Resolved)> {
    let place = usize::try_from(place - 1).map_err(Failure::damaged)?;
    let slot = slots.get_mut(place);
    slot.ok_or_else(|| Failure::damaged("an answer without a key"))
}

fn one(key: &ResolveKey, row: &Row) -> Work<Resolved> {
    let namespace = match get::<Option<Uuid>>(row, 3)? {
        None => None,
        Some(id) => Some(NamespaceStamp {
            id: id.into(),
            version: row::version(row, 4)?,
        }),
    };
    let namespace_row = match (&key.target, namespace) {
        (ResolveTarget::NamespaceRow(_), Some(stamp)) => Some(whole_namespace(key, stamp, row)?),
        _ => None,
    };
    Ok(Resolved {
        warehouse: Some(WarehouseStamp {
            version: row::version(row, 1)?,
            status: row::status(get(row, 2)?)?,
        }),
        namespace,
        namespace_row,
        tabular: tabular(row)?,
        is_unchanged: false,
    })
}

fn whole_namespace(key: &ResolveKey, stamp: NamespaceStamp, row: &Row) -> Work<NamespaceRow> {
    Ok(NamespaceRow {
        id: stamp.id,
        warehouse: key.warehouse,
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
    let content = match get::<Option<&str>>(row, 13)? {
        None => None,
        Some(_) => Some(row::content(row, 13)?),
    };
    Ok(Some(TabularStamp {
        id: id.into(),
        kind: row::kind(get(row, 10)?)?,
        version: row::version(row, 11)?,
        protection: get::<bool>(row, 12)?.into(),
        content,
    }))
}
