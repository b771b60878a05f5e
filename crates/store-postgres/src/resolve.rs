//! From names to ids and versions, many at once.

use async_trait::async_trait;
use store::{
    NamespaceRow, NamespaceStamp, ResolveKey, ResolveTarget, Resolved, Resolver, Result,
    TabularStamp, WarehouseStamp,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::error::{Failure, Work};
use crate::namespace;
use crate::row::{self, get};

/// All keys in one statement; each is three probes of an index, and `limit` keeps the planner from joining in any other
/// way. Properties and metadata are read from their pages only for who asks and does not have them.
pub(crate) const SQL: &str = "select k.place, w.version, w.status, n.id, n.version,
        case when k.wants = 1 then n.path end, case when k.wants = 1 then n.properties end,
        n.protected, n.updated_at,
        t.id, t.kind, t.version, t.protected, t.location, t.metadata_location, t.metadata
    from unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::uuid[], $6::bigint[])
        with ordinality as k(warehouse_id, path_key, name_key, wants, known_id, known_version, place)
    cross join lateral (
        select version, status from warehouse where id = k.warehouse_id limit 1
    ) as w
    left join lateral (
        select id, version, path, properties, protected, updated_at from namespace
        where warehouse_id = k.warehouse_id and path_key = k.path_key limit 1
    ) as n on true
    left join lateral (
        select id, kind, version, protected, case when is_news then location end as location,
            case when is_news then metadata_location end as metadata_location,
            case when is_news then metadata end as metadata
        from tabular cross join lateral (select k.wants = 2 and (tabular.id, tabular.version)
            is distinct from (k.known_id, k.known_version) as is_news) as what
        where namespace_id = n.id and name_key = k.name_key and deleted_at is null limit 1
    ) as t on true";

/// A stamp will do.
const STAMP: i16 = 0;
/// The namespace with its properties is wanted.
const NAMESPACE: i16 = 1;
/// The table or view with its metadata is wanted, unless it is the known one.
const CONTENT: i16 = 2;

#[async_trait]
impl Resolver for PostgresStore {
    async fn resolve(&self, keys: Vec<ResolveKey>) -> Result<Vec<Resolved>> {
        let columns = Keys::of(&keys);
        let rows = self
            .lanes
            .run(&[
                &columns.warehouses,
                &columns.paths,
                &columns.names,
                &columns.wants,
                &columns.known_ids,
                &columns.known_versions,
            ])
            .await?;
        let mut found = Vec::new();
        found.resize_with(keys.len(), Resolved::default);
        for row in &rows {
            let place = usize::try_from(get::<i64>(row, 0)? - 1).map_err(Failure::damaged)?;
            let slot = keys.get(place).zip(found.get_mut(place));
            let (key, slot) = slot.ok_or_else(|| Failure::damaged("an answer without a key"))?;
            *slot = one(key, row)?;
        }
        Ok(found)
    }
}

/// Keys as columns.
#[derive(Default)]
struct Keys<'a> {
    warehouses: Vec<Uuid>,
    paths: Vec<Option<&'a str>>,
    names: Vec<Option<&'a str>>,
    wants: Vec<i16>,
    known_ids: Vec<Option<Uuid>>,
    known_versions: Vec<Option<i64>>,
}

impl<'a> Keys<'a> {
    fn of(keys: &'a [ResolveKey]) -> Self {
        let mut all = Self::default();
        for key in keys {
            let (path, name, wants, known) = match &key.target {
                ResolveTarget::Warehouse => (None, None, STAMP, None),
                ResolveTarget::Namespace(path) => (Some(path), None, STAMP, None),
                ResolveTarget::NamespaceRow(path) => (Some(path), None, NAMESPACE, None),
                ResolveTarget::Tabular(path, name) => (Some(path), Some(name), STAMP, None),
                ResolveTarget::TabularContent(path, name, known) => {
                    (Some(path), Some(name), CONTENT, *known)
                }
            };
            all.warehouses.push(key.warehouse.as_uuid());
            all.paths.push(path.map(model::NamespaceKey::as_str));
            all.names.push(name.map(model::NameKey::as_str));
            all.wants.push(wants);
            all.known_ids.push(known.map(|(id, _)| id.as_uuid()));
            all.known_versions
                .push(known.map(|(_, version)| version.as_i64()));
        }
        all
    }
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
