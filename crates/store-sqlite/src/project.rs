//! Projects hold warehouses.

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};
use store::{Effects, Entity, ProjectRow, Projects, Result, StoreError};

use crate::SqliteStore;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::Reach;
use crate::row::{self, PageStart};

#[async_trait]
impl Projects for SqliteStore {
    async fn project_create(&self, project: ProjectRow, effects: Effects) -> Result<()> {
        self.change(effects, move |db| {
            let inserted = db
                .prepare_cached(
                    "insert into project (id, name, created_at) values (?1, ?2, ?3)
                     on conflict (id) do nothing",
                )?
                .execute(params![
                    project.id.as_str(),
                    project.name,
                    project.created_at.as_ms()
                ])?;
            match inserted {
                0 => Err(already_exists(Entity::Project(project.id))),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn project_load(&self, id: &ProjectId) -> Result<ProjectRow> {
        let id = id.clone();
        self.read(move |db| {
            let found = db
                .prepare_cached("select id, name, created_at from project where id = ?1")?
                .query_row([id.as_str()], |row| Ok(project(row)))
                .optional()?;
            found.unwrap_or_else(|| Err(not_found(Entity::Project(id))))
        })
        .await
    }

    async fn project_list(&self, page: PageRequest) -> Result<Page<ProjectRow>> {
        self.read(move |db| {
            let start = PageStart::of(&page);
            let mut statement = db.prepare_cached(
                "select id, name, created_at from project where id > ?1 order by id limit ?2",
            )?;
            let rows = row::all(statement.query(params![start.after, start.limit])?, project)?;
            Ok(Page::cut(rows, page.size, |project| {
                project.id.as_str().to_owned()
            }))
        })
        .await
    }

    async fn project_rename(&self, id: &ProjectId, name: &str, effects: Effects) -> Result<()> {
        let (id, name) = (id.clone(), name.to_owned());
        self.change(effects, move |db| {
            let changed = db
                .prepare_cached("update project set name = ?2 where id = ?1")?
                .execute(params![id.as_str(), name])?;
            match changed {
                0 => Err(not_found(Entity::Project(id))),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn project_drop(&self, id: &ProjectId, effects: Effects) -> Result<()> {
        let id = id.clone();
        self.change(effects, move |db| {
            Reach::of_roles_of(db, &id)?.step(db)?;
            let removed = db
                .prepare_cached("delete from project where id = ?1")?
                .execute([id.as_str()])
                .map_err(Failure::from);
            match removed {
                Ok(0) => Err(not_found(Entity::Project(id))),
                Ok(_) => Ok(()),
                Err(error) if error.is_still_referred_to() => {
                    Err(StoreError::NotEmpty(Entity::Project(id)).into())
                }
                Err(error) => Err(error),
            }
        })
        .await
    }
}

fn project(row: &Row<'_>) -> Work<ProjectRow> {
    let id: String = row.get(0)?;
    Ok(ProjectRow {
        id: id.parse().map_err(Failure::damaged)?,
        name: row.get(1)?,
        created_at: Timestamp::from_ms(row.get(2)?),
    })
}
