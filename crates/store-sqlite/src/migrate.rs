//! Brings the database's layout up to date.

use std::path::Path;

use refinery::embed_migrations;
use rusqlite::Connection;

use crate::error::OpenError;

embed_migrations!("migrations");

/// Runs the migrations that the database lacks, all or none.
pub(crate) fn run(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let runner = migrations::runner().set_grouped(true);
    runner
        .run(connection)
        .map_err(|source| OpenError::Migration {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    Ok(())
}

/// Refuses a database that a newer program has changed, and one that is another program's. Writes nothing.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let runner = migrations::runner();
    let numbers = runner.get_migrations().iter();
    let known = numbers
        .map(refinery::Migration::version)
        .max()
        .map_or(0, i64::from);
    let path = path.to_owned();
    match applied(connection) {
        Ok(Layout::Ours(found)) if found > known => Err(OpenError::Newer { path, found, known }),
        Ok(Layout::Ours(_) | Layout::Empty) => Ok(()),
        Ok(Layout::Foreign) => Err(OpenError::Foreign { path }),
        Err(source) => Err(OpenError::Database { path, source }),
    }
}

enum Layout {
    Empty,
    /// The number of the newest migration that was run, 0 if none was.
    Ours(i64),
    Foreign,
}

fn applied(connection: &Connection) -> rusqlite::Result<Layout> {
    let question = "select count(*), coalesce(sum(name = 'refinery_schema_history'), 0) > 0
         from sqlite_schema where type = 'table'";
    match connection.query_row(question, [], |row| Ok((row.get(0)?, row.get(1)?)))? {
        (0_i64, _) => Ok(Layout::Empty),
        (_, false) => Ok(Layout::Foreign),
        (_, true) => connection.query_row(
            "select coalesce(max(version), 0) from refinery_schema_history",
            [],
            |row| row.get(0).map(Layout::Ours),
        ),
    }
}
