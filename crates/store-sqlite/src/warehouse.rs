//! Warehouses hold namespaces and know where their files are.

use async_trait::async_trait;
use model::{Name, Page, PageRequest, ProjectId, SecretId, Timestamp, Version, WarehouseId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{Effects, Entity, Result, StoreError, WarehouseRow, Warehouses};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::row::{self, Around, PageStart};

#[async_trait]
impl Warehouses for SqliteStore {
    async fn warehouse_create(&self, warehouse: WarehouseRow, effects: Effects) -> Result<()> {
        self.change(effects, move |db| create(db, &warehouse)).await
    }

    async fn warehouse_load(&self, id: WarehouseId) -> Result<WarehouseRow> {
        self.read(move |db| load(db, id)?.ok_or_else(|| not_found(Entity::Warehouse(id))))
            .await
    }

    async fn warehouse_find(
        &self,
        project: &ProjectId,
        name: &Name,
    ) -> Result<Option<WarehouseRow>> {
        let (project, key) = (project.clone(), name.key().clone());
        self.read(move |db| {
            let found = db
                .prepare_cached(concat!(
                    "select id, project_id, name, status, protected, version, storage_profile, \
                     base_location, storage_secret, settings, created_at, updated_at, grants_version ",
                    "from warehouse where project_id = ?1 and name_key = ?2"
                ))?
                .query_row([project.as_str(), key.as_str()], |row| Ok(warehouse(row)))
                .optional()?;
            found.transpose()
        })
        .await
    }

    async fn warehouse_overlapping(
        &self,
        warehouse: WarehouseId,
        location: &str,
    ) -> Result<Option<String>> {
        let location = location.to_owned();
        self.read(move |db| overlapping(db, warehouse, &location))
            .await
    }

    async fn warehouse_list(
        &self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<WarehouseRow>> {
        let project = project.clone();
        self.read(move |db| {
            let start = PageStart::of(&page);
            let mut statement = db.prepare_cached(concat!(
                "select id, project_id, name, status, protected, version, storage_profile, \
                 base_location, storage_secret, settings, created_at, updated_at, grants_version ",
                "from warehouse where project_id = ?1 and name_key > ?2 order by name_key limit ?3"
            ))?;
            let rows = statement.query(params![project.as_str(), start.after, start.limit])?;
            let rows = row::all(rows, warehouse)?;
            Ok(Page::cut(rows, page.size, |warehouse| {
                warehouse.name.key().as_str().to_owned()
            }))
        })
        .await
    }

    async fn warehouse_update(&self, warehouse: WarehouseRow, effects: Effects) -> Result<()> {
        self.change(effects, move |db| update(db, &warehouse)).await
    }

    async fn warehouse_drop(
        &self,
        (id, version): (WarehouseId, Version),
        effects: Effects,
    ) -> Result<()> {
        self.change(effects, move |db| {
            refuse_stale(db, id, version)?;
            let removed = db
                .prepare_cached("delete from warehouse where id = ?1")?
                .execute([id.as_uuid()])
                .map_err(Failure::from);
            match removed {
                Ok(_) => Ok(()),
                Err(error) if error.is_still_referred_to() => {
                    Err(StoreError::NotEmpty(Entity::Warehouse(id)).into())
                }
                Err(error) => Err(error),
            }
        })
        .await
    }
}

fn create(db: &Connection, warehouse: &WarehouseRow) -> Work<()> {
    let project = db
        .prepare_cached("select 1 from project where id = ?1")?
        .exists([warehouse.project.as_str()])?;
    if !project {
        return Err(not_found(Entity::Project(warehouse.project.clone())));
    }
    refuse_taken_name(db, warehouse)?;
    let id = warehouse.id.as_uuid();
    let known = db
        .prepare_cached("select 1 from warehouse where id = ?1")?
        .exists([id])?;
    if known {
        return Err(already_exists(Entity::Warehouse(warehouse.id)));
    }
    refuse_taken_location(db, warehouse)?;
    db.prepare_cached(
        "insert into warehouse (id, project_id, name, name_key, status, protected, version,
             storage_profile, base_location, storage_secret, settings, created_at, updated_at,
             grants_version)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        id,
        warehouse.project.as_str(),
        warehouse.name.as_str(),
        warehouse.name.key().as_str(),
        warehouse.status.as_str(),
        bool::from(warehouse.protection),
        warehouse.version.as_i64(),
        warehouse.storage_profile,
        warehouse.base_location,
        warehouse.storage_secret.map(SecretId::as_uuid),
        warehouse.settings,
        warehouse.created_at.as_ms(),
        warehouse.updated_at.map(Timestamp::as_ms),
        warehouse.grants.as_i64(),
    ])?;
    Ok(())
}

fn refuse_stale(db: &Connection, id: WarehouseId, version: Version) -> Work<()> {
    let stored: Option<i64> = db
        .prepare_cached("select version from warehouse where id = ?1")?
        .query_row([id.as_uuid()], |row| row.get(0))
        .optional()?;
    match stored {
        None => Err(not_found(Entity::Warehouse(id))),
        Some(stored) if stored != version.as_i64() => Err(stale()),
        Some(_) => Ok(()),
    }
}

fn update(db: &Connection, warehouse: &WarehouseRow) -> Work<()> {
    let id = warehouse.id.as_uuid();
    refuse_stale(db, warehouse.id, warehouse.version)?;
    refuse_taken_name(db, warehouse)?;
    // A warehouse may keep its base location even if another one overlaps with it by now.
    let stays = db
        .prepare_cached("select 1 from warehouse where id = ?1 and base_location = ?2")?
        .exists(params![id, warehouse.base_location])?;
    if !stays {
        refuse_taken_location(db, warehouse)?;
    }
    db.prepare_cached(
        "update warehouse set name = ?2, name_key = ?3, status = ?4, protected = ?5, version = ?6,
             storage_profile = ?7, base_location = ?8, storage_secret = ?9, settings = ?10,
             updated_at = ?11
         where id = ?1",
    )?
    .execute(params![
        id,
        warehouse.name.as_str(),
        warehouse.name.key().as_str(),
        warehouse.status.as_str(),
        bool::from(warehouse.protection),
        warehouse.version.next().as_i64(),
        warehouse.storage_profile,
        warehouse.base_location,
        warehouse.storage_secret.map(SecretId::as_uuid),
        warehouse.settings,
        warehouse.updated_at.map(Timestamp::as_ms),
    ])?;
    Ok(())
}

/// Refuses the name of another warehouse of the project.
fn refuse_taken_name(db: &Connection, warehouse: &WarehouseRow) -> Work<()> {
    // Compares within the stored project of a known warehouse: an update does not move it.
    let taken = db
        .prepare_cached(
            "select 1 from warehouse where id <> ?1 and name_key = ?3 and project_id =
             coalesce((select project_id from warehouse where id = ?1), ?2)",
        )?
        .exists(params![
            warehouse.id.as_uuid(),
            warehouse.project.as_str(),
            warehouse.name.key().as_str()
        ])?;
    if taken {
        return Err(already_exists(Entity::WarehouseName(
            warehouse.name.clone(),
        )));
    }
    Ok(())
}

fn refuse_taken_location(db: &Connection, warehouse: &WarehouseRow) -> Work<()> {
    match overlapping(db, warehouse.id, &warehouse.base_location)? {
        None => Ok(()),
        Some(other) => Err(StoreError::LocationTaken {
            location: warehouse.base_location.clone(),
            other,
        }
        .into()),
    }
}

/// The base location of another warehouse that overlaps with the location.
fn overlapping(db: &Connection, warehouse: WarehouseId, location: &str) -> Work<Option<String>> {
    let around = Around::of(location);
    let other = db
        .prepare_cached(
            "select base_location from warehouse
             where base_location in (select value from json_each(?1)) and id <> ?4
             union all
             select base_location from warehouse
             where base_location >= ?2 and base_location < ?3 and id <> ?4
             limit 1",
        )?
        .query_row(
            params![
                around.at_and_above,
                around.below,
                around.beyond,
                warehouse.as_uuid()
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(other)
}

fn load(db: &Connection, id: WarehouseId) -> Work<Option<WarehouseRow>> {
    let found = db
        .prepare_cached(
            "select id, project_id, name, status, protected, version, storage_profile,
                 base_location, storage_secret, settings, created_at, updated_at, grants_version
             from warehouse where id = ?1",
        )?
        .query_row([id.as_uuid()], |row| Ok(warehouse(row)))
        .optional()?;
    found.transpose()
}

fn warehouse(row: &Row<'_>) -> Work<WarehouseRow> {
    let (project, name, status): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(WarehouseRow {
        id: row.get::<_, Uuid>(0)?.into(),
        project: project.parse().map_err(Failure::damaged)?,
        name: Name::parse("warehouse", &name).map_err(Failure::damaged)?,
        status: row::status(&status)?,
        protection: row.get::<_, bool>(4)?.into(),
        version: Version::from_i64(row.get(5)?),
        grants: Version::from_i64(row.get(12)?),
        storage_profile: row.get(6)?,
        base_location: row.get(7)?,
        storage_secret: row.get::<_, Option<Uuid>>(8)?.map(SecretId::from),
        settings: row.get(9)?,
        created_at: Timestamp::from_ms(row.get(10)?),
        updated_at: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_ms),
    })
}
