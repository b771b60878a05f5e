//! Metadata files that commits have made obsolete.

use async_trait::async_trait;
use model::{TabularId, TaskId};
use rusqlite::{Connection, OptionalExtension, params};
use store::{NotedFiles, Obsolete, ObsoleteFile, ObsoleteFiles, Result};

use crate::SqliteStore;
use crate::effects;
use crate::error::Work;
use crate::row;

#[async_trait]
impl ObsoleteFiles for SqliteStore {
    async fn obsolete_file_list(&self, table: TabularId, limit: u32) -> Result<Option<NotedFiles>> {
        self.read(move |db| list(db, table, limit)).await
    }

    async fn obsolete_file_forget(&self, table: TabularId, numbers: Vec<i64>) -> Result<()> {
        self.write(move |db| {
            let mut forget = db.prepare_cached(
                "delete from obsolete_file where tabular_id = ?1 and number = ?2",
            )?;
            for number in numbers {
                forget.execute(params![table.as_uuid(), number])?;
            }
            Ok(())
        })
        .await
    }
}

fn list(db: &Connection, table: TabularId, limit: u32) -> Work<Option<NotedFiles>> {
    let table = table.as_uuid();
    let mut find = db.prepare_cached(
        "select location, metadata_location, metadata, location_claim from tabular where id = ?1",
    )?;
    let found = find
        .query_row([table], |row| Ok((row::content(row, 0), row.get(3)?)))
        .optional()?;
    let Some((content, place)) = found else {
        return Ok(None);
    };
    let mut former =
        db.prepare_cached("select location from tabular_former_location where tabular_id = ?1")?;
    let mut places = row::all(former.query([table])?, |row| Ok(row.get(0)?))?;
    places.push(place);
    let mut files = db.prepare_cached(
        "select number, location from obsolete_file where tabular_id = ?1 order by number limit ?2",
    )?;
    let files = row::all(files.query(params![table, limit])?, |row| {
        Ok(ObsoleteFile {
            number: row.get(0)?,
            location: row.get(1)?,
        })
    })?;
    Ok(Some(NotedFiles {
        files,
        content: content?,
        places,
    }))
}

/// Notes the files that a swap makes obsolete, and queues the task that deletes them unless the table has one.
pub(crate) fn note(db: &Connection, table: TabularId, obsolete: &Obsolete) -> Work<()> {
    let mut note =
        db.prepare_cached("insert into obsolete_file (tabular_id, location) values (?1, ?2)")?;
    for file in &obsolete.files {
        note.execute(params![table.as_uuid(), file])?;
    }
    let is_queued = db
        .prepare_cached("select 1 from task where tabular_id = ?1 and queue = 'metadata_cleanup'")?
        .exists([table.as_uuid()])?;
    if is_queued {
        return Ok(());
    }
    effects::insert_task(db, &obsolete.task)
}

/// Whether any file is noted for the table of the worker's task.
pub(crate) fn are_left(db: &Connection, task: TaskId, worker: &str) -> Work<bool> {
    Ok(db
        .prepare_cached(
            "select 1 from obsolete_file where tabular_id =
                 (select tabular_id from task where id = ?1 and worker = ?2)",
        )?
        .exists(params![task.as_uuid(), worker])?)
}
