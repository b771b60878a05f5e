//! Brings the database's layout up to date.

use std::path::Path;

use refinery::embed_migrations;
use rusqlite::{Connection, OptionalExtension};

use crate::error::OpenError;

embed_migrations!("migrations");

/// Runs the migrations that the database lacks, all or none. A database that a newer program has
/// changed is refused before anything is written to it.
pub(crate) fn run(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let runner = migrations::runner().set_grouped(true);
    let known = runner
        .get_migrations()
        .iter()
        .map(refinery::Migration::version);
    let known = known.max().map_or(0, i64::from);
    let found = applied(connection).map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })?;
    if let Some(found) = found.filter(|found| *found > known) {
        let path = path.to_owned();
        return Err(OpenError::Newer { path, found, known });
    }
    runner
        .run(connection)
        .map_err(|source| OpenError::Migration {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    Ok(())
}

/// The number of the newest migration that has been run, if one has.
fn applied(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let history = "select 1 from sqlite_schema where name = 'refinery_schema_history'";
    if connection
        .query_row(history, [], |_| Ok(()))
        .optional()?
        .is_none()
    {
        return Ok(None);
    }
    connection.query_row(
        "select max(version) from refinery_schema_history",
        [],
        |row| row.get(0),
    )
}
