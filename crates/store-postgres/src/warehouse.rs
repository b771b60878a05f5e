//! Warehouses hold namespaces and know where their files are.

use async_trait::async_trait;
use model::{Name, Page, PageRequest, ProjectId, SecretId, Timestamp, Version, WarehouseId};
use store::{Effects, Entity, Result, StoreError, WarehouseRow, Warehouses};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::{AdvisoryLocks, Session};
use crate::error::{Failure, Work, already_exists, not_found, stale};
use crate::row::{self, PageStart, get};

#[async_trait]
impl Warehouses for PostgresStore {
    async fn warehouse_create(&self, warehouse: WarehouseRow, effects: Effects) -> Result<()> {
        self.change(effects, warehouse, |db, warehouse| {
            Box::pin(create(db, warehouse))
        })
        .await
    }

    async fn warehouse_load(&self, id: WarehouseId) -> Result<WarehouseRow> {
        let db = self.read().await?;
        let found = db
            .query_opt(
                "select id, project_id, name, status, protected, version, storage_profile,
                     base_location, storage_secret, settings, created_at, updated_at, grants_version
                 from warehouse where id = $1",
                &[&id.as_uuid()],
            )
            .await?;
        match found {
            None => Err(StoreError::NotFound(Entity::Warehouse(id))),
            Some(row) => Ok(warehouse(&row)?),
        }
    }

    async fn warehouse_find(
        &self,
        project: &ProjectId,
        name: &Name,
    ) -> Result<Option<WarehouseRow>> {
        let db = self.read().await?;
        let found = db
            .query_opt(
                "select id, project_id, name, status, protected, version, storage_profile,
                     base_location, storage_secret, settings, created_at, updated_at, grants_version
                 from warehouse where project_id = $1 and name_key = $2",
                &[&project.as_str(), &name.key().as_str()],
            )
            .await?;
        Ok(found.as_ref().map(warehouse).transpose()?)
    }

    async fn warehouse_overlapping(
        &self,
        warehouse: WarehouseId,
        location: &str,
    ) -> Result<Option<String>> {
        let db = self.read().await?;
        Ok(overlapping(&db, warehouse, location).await?)
    }

    async fn warehouse_list(
        &self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<WarehouseRow>> {
        // Not from a replica: the rows carry the grants version, which decides whether cached rights are current.
        let db = self.read().await?;
        let start = PageStart::of(&page);
        let rows = db
            .query(
                "select id, project_id, name, status, protected, version, storage_profile,
                     base_location, storage_secret, settings, created_at, updated_at, grants_version
                 from warehouse where project_id = $1 and name_key > $2 order by name_key limit $3",
                &[&project.as_str(), &start.after, &start.limit],
            )
            .await?;
        let rows = row::all(&rows, warehouse)?;
        Ok(Page::cut(rows, page.size, |warehouse| {
            warehouse.name.key().as_str().to_owned()
        }))
    }

    async fn warehouse_update(&self, warehouse: WarehouseRow, effects: Effects) -> Result<()> {
        self.change(effects, warehouse, |db, warehouse| {
            Box::pin(update(db, warehouse))
        })
        .await
    }

    async fn warehouse_drop(
        &self,
        warehouse: (WarehouseId, Version),
        effects: Effects,
    ) -> Result<()> {
        self.change(effects, warehouse, |db, warehouse| {
            Box::pin(remove(db, *warehouse))
        })
        .await
    }
}

async fn create(db: &Session, warehouse: &WarehouseRow) -> Work<()> {
    one_at_a_time(db).await?;
    // Lock the project, so that it exists until the end of the transaction.
    let project = db
        .query_opt(
            "select id from project where id = $1 for key share",
            &[&warehouse.project.as_str()],
        )
        .await?;
    if project.is_none() {
        return Err(not_found(Entity::Project(warehouse.project.clone())));
    }
    refuse_taken_name(db, warehouse, warehouse.project.as_str()).await?;
    refuse_taken_location(db, warehouse).await?;
    let inserted = db
        .execute(
            "insert into warehouse (id, project_id, name, name_key, status, protected, version,
                 storage_profile, base_location, storage_secret, settings, created_at, updated_at,
                 grants_version)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &[
                &warehouse.id.as_uuid(),
                &warehouse.project.as_str(),
                &warehouse.name.as_str(),
                &warehouse.name.key().as_str(),
                &warehouse.status.as_str(),
                &bool::from(warehouse.protection),
                &warehouse.version.as_i64(),
                &warehouse.storage_profile,
                &warehouse.base_location,
                &warehouse.storage_secret.map(SecretId::as_uuid),
                &warehouse.settings,
                &warehouse.created_at.as_ms(),
                &warehouse.updated_at.map(Timestamp::as_ms),
                &warehouse.grants.as_i64(),
            ],
        )
        .await;
    inserted.map_err(|failure| taken(failure, warehouse))?;
    Ok(())
}

/// Serializes changes, before any row is locked, so that the check for overlaps sees all earlier warehouses.
async fn one_at_a_time(db: &Session) -> Work<()> {
    let mut locks = AdvisoryLocks::default();
    locks.rights();
    let (numbers, exclusive) = locks.columns();
    db.query(AdvisoryLocks::SQL, &[&numbers, &exclusive])
        .await?;
    Ok(())
}

/// The error for the violation of a unique index.
fn taken(failure: Failure, warehouse: &WarehouseRow) -> Failure {
    match failure.constraint() {
        Some("warehouse_pkey") => already_exists(Entity::Warehouse(warehouse.id)),
        Some("warehouse_name") => already_exists(Entity::WarehouseName(warehouse.name.clone())),
        _ => failure,
    }
}

/// Locks the warehouse's row with `strength` if it still has this version.
async fn hold(db: &Session, (id, version): (WarehouseId, Version), strength: &str) -> Work<Row> {
    let held = format!(
        "select version, project_id, base_location from warehouse where id = $1 for {strength}"
    );
    let row = db.query_opt(&held, &[&id.as_uuid()]).await?;
    let row = row.ok_or_else(|| not_found(Entity::Warehouse(id)))?;
    if row::version(&row, 0)? != version {
        return Err(stale());
    }
    Ok(row)
}

async fn remove(db: &Session, warehouse: (WarehouseId, Version)) -> Work<()> {
    hold(db, warehouse, "update").await?;
    let (id, _) = warehouse;
    let delete = "delete from warehouse where id = $1";
    match db.execute(delete, &[&id.as_uuid()]).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_still_referred_to() => {
            Err(StoreError::NotEmpty(Entity::Warehouse(id)).into())
        }
        Err(error) => Err(error),
    }
}

async fn update(db: &Session, warehouse: &WarehouseRow) -> Work<()> {
    let id = warehouse.id.as_uuid();
    one_at_a_time(db).await?;
    let row = hold(db, (warehouse.id, warehouse.version), "no key update").await?;
    // The stored project: an update does not move a warehouse.
    refuse_taken_name(db, warehouse, get(&row, 1)?).await?;
    // A warehouse may keep its base location even if another one overlaps with it by now.
    if get::<&str>(&row, 2)? != warehouse.base_location {
        refuse_taken_location(db, warehouse).await?;
    }
    let updated = db
        .execute(
            "update warehouse set name = $2, name_key = $3, status = $4, protected = $5,
                 version = $6, storage_profile = $7, base_location = $8, storage_secret = $9,
                 settings = $10, updated_at = $11
             where id = $1",
            &[
                &id,
                &warehouse.name.as_str(),
                &warehouse.name.key().as_str(),
                &warehouse.status.as_str(),
                &bool::from(warehouse.protection),
                &warehouse.version.next().as_i64(),
                &warehouse.storage_profile,
                &warehouse.base_location,
                &warehouse.storage_secret.map(SecretId::as_uuid),
                &warehouse.settings,
                &warehouse.updated_at.map(Timestamp::as_ms),
            ],
        )
        .await;
    updated.map_err(|failure| taken(failure, warehouse))?;
    Ok(())
}

/// Refuses the name of another warehouse of the project.
async fn refuse_taken_name(db: &Session, warehouse: &WarehouseRow, project: &str) -> Work<()> {
    let taken = db
        .query_opt(
            "select id from warehouse where project_id = $1 and name_key = $2 and id <> $3",
            &[
                &project,
                &warehouse.name.key().as_str(),
                &warehouse.id.as_uuid(),
            ],
        )
        .await?;
    match taken {
        None => Ok(()),
        Some(_) => Err(already_exists(Entity::WarehouseName(
            warehouse.name.clone(),
        ))),
    }
}

async fn refuse_taken_location(db: &Session, warehouse: &WarehouseRow) -> Work<()> {
    match overlapping(db, warehouse.id, &warehouse.base_location).await? {
        None => Ok(()),
        Some(other) => Err(StoreError::LocationTaken {
            location: warehouse.base_location.clone(),
            other,
        }
        .into()),
    }
}

/// The base location of another warehouse that overlaps with the location.
async fn overlapping(db: &Session, warehouse: WarehouseId, location: &str) -> Work<Option<String>> {
    let above: Vec<&str> = row::at_and_above(location).collect();
    let other = db
        .query_opt(
            // `0` is the character after `/`.
            "select base_location from warehouse where base_location = any($1) and id <> $3
             union all
             select base_location from warehouse
             where base_location >= $2 || '/' and base_location < $2 || '0' and id <> $3
             limit 1",
            &[&above, &location, &warehouse.as_uuid()],
        )
        .await?;
    other.map(|row| get(&row, 0)).transpose()
}

fn warehouse(row: &Row) -> Work<WarehouseRow> {
    let (project, name): (&str, &str) = (get(row, 1)?, get(row, 2)?);
    Ok(WarehouseRow {
        id: row::id(row, 0)?,
        project: project.parse().map_err(Failure::damaged)?,
        name: Name::parse("warehouse", name).map_err(Failure::damaged)?,
        status: row::status(get(row, 3)?)?,
        protection: get::<bool>(row, 4)?.into(),
        version: row::version(row, 5)?,
        grants: row::version(row, 12)?,
        storage_profile: get(row, 6)?,
        base_location: get(row, 7)?,
        storage_secret: get::<Option<Uuid>>(row, 8)?.map(SecretId::from),
        settings: get(row, 9)?,
        created_at: Timestamp::from_ms(get(row, 10)?),
        updated_at: row::time(row, 11)?,
    })
}
