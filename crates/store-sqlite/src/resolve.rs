//! Resolves names to ids and versions, many at once.

use async_trait::async_trait;
use model::{NameKey, NamespaceKey, TabularId, Version};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    NamespaceStamp, ResolveKey, ResolveTarget, Resolved, Resolver, Result, TabularStamp,
    WarehouseStamp,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::Work;
use crate::{namespace, row};

#[async_trait]
impl Resolver for SqliteStore {
    async fn resolve(&self, keys: Vec<ResolveKey>) -> Result<Vec<Resolved>> {
        // SQLite runs in this process: a prepared statement per key is cheaper than one large statement, and all
        // keys see the same snapshot.
        self.read(move |db| keys.iter().map(|key| one(db, key)).collect())
            .await
    }
}

fn one(db: &Connection, key: &ResolveKey) -> Work<Resolved> {
    let warehouse = key.warehouse.as_uuid();
    match &key.target {
        ResolveTarget::Warehouse => only_warehouse(db, warehouse),
        ResolveTarget::Namespace(path) => stamped_namespace(db, warehouse, path),
        ResolveTarget::NamespaceRow(path) => whole_namespace(db, warehouse, path),
        ResolveTarget::Tabular(path, name) => stamped_tabular(db, warehouse, path, name),
        ResolveTarget::TabularContent(path, name) => whole_tabular(db, warehouse, path, name),
        ResolveTarget::Unchanged(id, known) => unchanged(db, warehouse, *id, *known),
    }
}

fn only_warehouse(db: &Connection, warehouse: Uuid) -> Work<Resolved> {
    let found = db
        .prepare_cached("select version, status, grants_version from warehouse where id = ?1")?
        .query_row([warehouse], |row| {
            Ok(warehouse_stamp(row).map(|stamp| Resolved {
                warehouse: Some(stamp),
                ..Resolved::default()
            }))
        })
        .optional()?;
    found.unwrap_or_else(|| Ok(Resolved::default()))
}

fn stamped_namespace(db: &Connection, warehouse: Uuid, path: &NamespaceKey) -> Work<Resolved> {
    let found = db
        .prepare_cached(
            "select w.version, w.status, w.grants_version, n.id, n.version from warehouse as w
             left join namespace as n on n.warehouse_id = w.id and n.path_key = ?2
                 and n.dropped_with is null
             where w.id = ?1",
        )?
        .query_row(params![warehouse, path.as_str()], |row| {
            Ok(warehouse_and_namespace(row))
        })
        .optional()?;
    found.unwrap_or_else(|| Ok(Resolved::default()))
}

fn whole_namespace(db: &Connection, warehouse: Uuid, path: &NamespaceKey) -> Work<Resolved> {
    let found = db
        .prepare_cached(
            "select w.version, w.status, w.grants_version, n.id, n.version, n.id, n.warehouse_id, n.path,
                 n.properties, n.protected, n.version, n.updated_at
             from warehouse as w
             left join namespace as n on n.warehouse_id = w.id and n.path_key = ?2
                 and n.dropped_with is null
             where w.id = ?1",
        )?
        .query_row(params![warehouse, path.as_str()], |row| {
            Ok(warehouse_and_namespace(row).and_then(|mut resolved| {
                if resolved.namespace.is_some() {
                    resolved.namespace_row = Some(Box::new(namespace::namespace(row, 5)?));
                }
                Ok(resolved)
            }))
        })
        .optional()?;
    found.unwrap_or_else(|| Ok(Resolved::default()))
}

fn stamped_tabular(
    db: &Connection,
    warehouse: Uuid,
    path: &NamespaceKey,
    name: &NameKey,
) -> Work<Resolved> {
    let found = db
        .prepare_cached(
            "select w.version, w.status, w.grants_version, n.id, n.version, t.id, t.kind, t.version, t.protected
             from warehouse as w
             left join namespace as n on n.warehouse_id = w.id and n.path_key = ?2
                 and n.dropped_with is null
             left join tabular as t
                 on t.namespace_id = n.id and t.name_key = ?3 and t.deleted_at is null
             where w.id = ?1",
        )?
        .query_row(params![warehouse, path.as_str(), name.as_str()], |row| {
            Ok(with_tabular(row))
        })
        .optional()?;
    found.unwrap_or_else(|| Ok(Resolved::default()))
}

fn whole_tabular(
    db: &Connection,
    warehouse: Uuid,
    path: &NamespaceKey,
    name: &NameKey,
) -> Work<Resolved> {
    let found = db
        .prepare_cached(
            "select w.version, w.status, w.grants_version, n.id, n.version, t.id, t.kind, t.version, t.protected,
                 t.location, t.metadata_location, t.metadata
             from warehouse as w
             left join namespace as n on n.warehouse_id = w.id and n.path_key = ?2
                 and n.dropped_with is null
             left join tabular as t
                 on t.namespace_id = n.id and t.name_key = ?3 and t.deleted_at is null
             where w.id = ?1",
        )?
        .query_row(params![warehouse, path.as_str(), name.as_str()], |row| {
            Ok(with_content(row))
        })
        .optional()?;
    found.unwrap_or_else(|| Ok(Resolved::default()))
}

fn unchanged(db: &Connection, warehouse: Uuid, id: TabularId, known: Version) -> Work<Resolved> {
    let found = db
        .prepare_cached(
            "select w.version, w.status, w.grants_version, exists (
                 select 1 from tabular as t where t.id = ?2 and t.version = ?3 and t.deleted_at is null
             ) from warehouse as w where w.id = ?1",
        )?
        .query_row(params![warehouse, id.as_uuid(), known.as_i64()], |row| {
            let is_unchanged = row.get(3)?;
            Ok(warehouse_stamp(row).map(|stamp| Resolved {
                warehouse: Some(stamp),
                is_unchanged,
                ..Resolved::default()
            }))
        })
        .optional()?;
    found.unwrap_or_else(|| Ok(Resolved::default()))
}

/// A row that begins with `version, status, grants_version` of a warehouse.
fn warehouse_stamp(row: &Row<'_>) -> Work<WarehouseStamp> {
    Ok(WarehouseStamp {
        version: Version::from_i64(row.get(0)?),
        status: row::status(&row.get::<_, String>(1)?)?,
        grants: Version::from_i64(row.get(2)?),
    })
}

/// A warehouse stamp, then `id, version` of a namespace, which are null if there is none.
fn warehouse_and_namespace(row: &Row<'_>) -> Work<Resolved> {
    let namespace = match row.get::<_, Option<Uuid>>(3)? {
        None => None,
        Some(id) => Some(NamespaceStamp {
            id: id.into(),
            version: Version::from_i64(row.get(4)?),
        }),
    };
    Ok(Resolved {
        warehouse: Some(warehouse_stamp(row)?),
        namespace,
        ..Resolved::default()
    })
}

/// A warehouse and a namespace, then `id, kind, version, protected` of a table or view, null if there is none.
fn with_tabular(row: &Row<'_>) -> Work<Resolved> {
    let mut resolved = warehouse_and_namespace(row)?;
    if let Some(id) = row.get::<_, Option<Uuid>>(5)? {
        resolved.tabular = Some(TabularStamp {
            id: id.into(),
            kind: row::kind(&row.get::<_, String>(6)?)?,
            version: Version::from_i64(row.get(7)?),
            protection: row.get::<_, bool>(8)?.into(),
        });
    }
    Ok(resolved)
}

/// As [`with_tabular`], then `location, metadata_location, metadata`, null if they are not requested.
fn with_content(row: &Row<'_>) -> Work<Resolved> {
    let mut resolved = with_tabular(row)?;
    if row.get_ref(9)? != ValueRef::Null {
        resolved.content = Some(Box::new(row::content(row, 9)?));
    }
    Ok(resolved)
}
