//! The installation itself.

use async_trait::async_trait;
use model::Timestamp;
use store::{Effects, Entity, ProjectRow, Reopened, Result, ServerRow, Servers};

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Work, already_exists};
use crate::grants::Reach;
use crate::{project, row};

#[async_trait]
impl Servers for PostgresStore {
    async fn server_load(&self) -> Result<ServerRow> {
        let db = self.read().await?;
        let row = db
            .query_one("select id, bootstrapped_at from server", &[])
            .await?;
        Ok(ServerRow {
            id: row::id(&row, 0)?,
            bootstrapped_at: row::time(&row, 1)?,
        })
    }

    async fn server_bootstrap(
        &self,
        at: Timestamp,
        default_project: Option<ProjectRow>,
        effects: Effects,
    ) -> Result<()> {
        self.change(effects, (at, default_project), |db, (at, project)| {
            Box::pin(bootstrap(db, *at, project.as_ref()))
        })
        .await
    }

    async fn server_reopen_bootstrap(&self) -> Result<Reopened> {
        self.write((), |db, ()| {
            Box::pin(async move {
                let open =
                    "update server set bootstrapped_at = null where bootstrapped_at is not null";
                Ok(match db.execute(open, &[]).await? {
                    0 => Reopened::WasOpen,
                    _ => Reopened::Now,
                })
            })
        })
        .await
    }
}

async fn bootstrap(db: &Session, at: Timestamp, default_project: Option<&ProjectRow>) -> Work<()> {
    // The installation may have been reopened when it had warehouses already.
    let held = Reach::All.hold(db).await?;
    let marked = db
        .execute(
            "update server set bootstrapped_at = $1 where bootstrapped_at is null",
            &[&at.as_ms()],
        )
        .await?;
    if marked == 0 {
        return Err(already_exists(Entity::Server));
    }
    if let Some(project) = default_project {
        project::insert(db, project).await?;
    }
    held.step(db).await
}
