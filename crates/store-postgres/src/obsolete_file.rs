//! Metadata files that commits have made obsolete.

use async_trait::async_trait;
use model::{TabularId, TaskId};
use store::{NotedFiles, ObsoleteFile, ObsoleteFiles, Result};
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::Work;
use crate::row::{self, get};

#[async_trait]
impl ObsoleteFiles for PostgresStore {
    async fn obsolete_file_list(&self, table: TabularId, limit: u32) -> Result<Option<NotedFiles>> {
        Ok(list(&self.read().await?, table, limit).await?)
    }

    async fn obsolete_file_forget(&self, table: TabularId, numbers: Vec<i64>) -> Result<()> {
        self.write((table.as_uuid(), numbers), |db, (table, numbers)| {
            Box::pin(async move {
                let forget = "delete from obsolete_file where tabular_id = $1 and number = any($2)";
                db.execute(forget, &[table, numbers]).await?;
                Ok(())
            })
        })
        .await
    }
}

/// Reads the table after the files, so that it is as it was when they became obsolete, or later.
async fn list(db: &Session, table: TabularId, limit: u32) -> Work<Option<NotedFiles>> {
    let table = table.as_uuid();
    let files = "select number, location from obsolete_file where tabular_id = $1
        order by number limit $2";
    let files = db.query(files, &[&table, &i64::from(limit)]).await?;
    let found = "select location, metadata_location, metadata,
            location_claim || array(select location from tabular_former_location
                where tabular_id = $1)
        from tabular where id = $1";
    let Some(found) = db.query_opt(found, &[&table]).await? else {
        return Ok(None);
    };
    let file = |row: &_| {
        Ok(ObsoleteFile {
            number: get(row, 0)?,
            location: get(row, 1)?,
        })
    };
    Ok(Some(NotedFiles {
        files: row::all(&files, file)?,
        content: row::content(&found, 0)?,
        places: get(&found, 3)?,
    }))
}

/// Whether any file is noted for the table of the worker's task. Locks the table until the end of the transaction:
/// a commit that has still seen the task has ended before this, and a later commit sees how the task ended.
pub(crate) async fn are_left(db: &Session, task: TaskId, worker: &str) -> Work<bool> {
    let hold = "select tabular.id from task join tabular on tabular.id = task.tabular_id
        where task.id = $1 and task.worker = $2 for share of tabular";
    let Some(table) = db.query_opt(hold, &[&task.as_uuid(), &worker]).await? else {
        return Ok(false);
    };
    let table: Uuid = get(&table, 0)?;
    let left = "select exists (select from obsolete_file where tabular_id = $1)";
    get(&db.query_one(left, &[&table]).await?, 0)
}
