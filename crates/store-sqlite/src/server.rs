//! The installation itself.

use async_trait::async_trait;
use model::Timestamp;
use rusqlite::{Connection, params};
use store::{Effects, Entity, ProjectRow, Reopened, Result, ServerRow, Servers};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Work, already_exists};
use crate::grants::Reach;

#[async_trait]
impl Servers for SqliteStore {
    async fn server_load(&self) -> Result<ServerRow> {
        self.read(|db| {
            let row = db
                .prepare_cached("select id, bootstrapped_at from server")?
                .query_row([], |row| {
                    Ok(ServerRow {
                        id: row.get::<_, Uuid>(0)?.into(),
                        bootstrapped_at: row.get::<_, Option<i64>>(1)?.map(Timestamp::from_ms),
                    })
                })?;
            Ok(row)
        })
        .await
    }

    async fn server_bootstrap(
        &self,
        at: Timestamp,
        default_project: Option<ProjectRow>,
        effects: Effects,
    ) -> Result<()> {
        self.change(effects, move |db| {
            bootstrap(db, at, default_project.as_ref())
        })
        .await
    }

    async fn server_reopen_bootstrap(&self) -> Result<Reopened> {
        self.write(|db| {
            let open = "update server set bootstrapped_at = null where bootstrapped_at is not null";
            Ok(match db.prepare_cached(open)?.execute([])? {
                0 => Reopened::WasOpen,
                _ => Reopened::Now,
            })
        })
        .await
    }
}

fn bootstrap(db: &Connection, at: Timestamp, default_project: Option<&ProjectRow>) -> Work<()> {
    let marked = db
        .prepare_cached("update server set bootstrapped_at = ?1 where bootstrapped_at is null")?
        .execute([at.as_ms()])?;
    if marked == 0 {
        return Err(already_exists(Entity::Server));
    }
    if let Some(project) = default_project {
        db.prepare_cached(
            "insert into project (id, name, created_at) values (?1, ?2, ?3)
             on conflict (id) do nothing",
        )?
        .execute(params![
            project.id.as_str(),
            project.name,
            project.created_at.as_ms()
        ])?;
    }
    // The installation may have been reopened when it had warehouses already.
    Reach::All.step(db)
}
