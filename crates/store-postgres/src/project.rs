//! Projects hold warehouses.

use async_trait::async_trait;
use model::{Page, PageRequest, ProjectId};
use store::{Effects, Entity, ProjectRow, Projects, Result, StoreError};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::Reach;
use crate::row::{self, PageStart, get};

#[async_trait]
impl Projects for PostgresStore {
    async fn project_create(&self, project: ProjectRow, effects: Effects) -> Result<()> {
        self.change(effects, project, |db, project| {
            Box::pin(async move {
                match insert(db, project).await? {
                    0 => Err(already_exists(Entity::Project(project.id.clone()))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    async fn project_load(&self, id: &ProjectId) -> Result<ProjectRow> {
        let db = self.read().await?;
        let found = db
            .query_opt(
                "select id, name, created_at from project where id = $1",
                &[&id.as_str()],
            )
            .await?;
        match found {
            None => Err(StoreError::NotFound(Entity::Project(id.clone()))),
            Some(row) => Ok(project(&row)?),
        }
    }

    async fn project_list(&self, page: PageRequest) -> Result<Page<ProjectRow>> {
        let db = self.read_list().await?;
        let start = PageStart::of(&page);
        let rows = db
            .query(
                "select id, name, created_at from project where id > $1 order by id limit $2",
                &[&start.after, &start.limit],
            )
            .await?;
        let rows = row::all(&rows, project)?;
        Ok(Page::cut(rows, page.size, |project| {
            project.id.as_str().to_owned()
        }))
    }

    async fn project_rename(&self, id: &ProjectId, name: &str, effects: Effects) -> Result<()> {
        let input = (id.clone(), name.to_owned());
        self.change(effects, input, |db, (id, name)| {
            Box::pin(async move {
                let rename = "update project set name = $2 where id = $1";
                match db.execute(rename, &[&id.as_str(), name]).await? {
                    0 => Err(not_found(Entity::Project(id.clone()))),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    async fn project_drop(&self, id: &ProjectId, effects: Effects) -> Result<()> {
        self.change(effects, id.clone(), |db, id| {
            Box::pin(async move {
                let held = Reach::of_roles_of(db, id).await?.hold(db).await?;
                held.step(db).await?;
                let delete = "delete from project where id = $1";
                match db.execute(delete, &[&id.as_str()]).await {
                    Ok(0) => Err(not_found(Entity::Project(id.clone()))),
                    Ok(_) => Ok(()),
                    Err(error) if error.is_still_referred_to() => {
                        Err(StoreError::NotEmpty(Entity::Project(id.clone())).into())
                    }
                    Err(error) => Err(error),
                }
            })
        })
        .await
    }
}

/// Creates a project; returns 0 if the id is taken.
pub(crate) async fn insert(db: &Session, project: &ProjectRow) -> Work<u64> {
    db.execute(
        "insert into project (id, name, created_at) values ($1, $2, $3) on conflict (id) do nothing",
        &[
            &project.id.as_str(),
            &project.name,
            &project.created_at.as_ms(),
        ],
    )
    .await
}

fn project(row: &Row) -> Work<ProjectRow> {
    let id: &str = get(row, 0)?;
    Ok(ProjectRow {
        id: id.parse().map_err(Failure::damaged)?,
        name: get(row, 1)?,
        created_at: model::Timestamp::from_ms(get(row, 2)?),
    })
}
