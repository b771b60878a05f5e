//! Brings the database's layout up to date.

use std::cmp::Ordering;
use std::path::Path;

use refinery::embed_migrations;
use rusqlite::Connection;

use crate::error::OpenError;

embed_migrations!("migrations");

/// Runs the missing migrations, all or none. Foreign keys are off meanwhile, as SQLite requires where a table is
/// rebuilt (<https://sqlite.org/lang_altertable.html#otheralter>): otherwise its rows would count as deleted.
pub(crate) fn run(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let refused = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    connection
        .pragma_update(None, "foreign_keys", false)
        .map_err(refused)?;
    let runner = migrations::runner().set_grouped(true);
    runner
        .run(connection)
        .map_err(|source| OpenError::Migration {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(refused)
}

/// Refuses a database that a newer program has changed, and one of another program. Writes nothing.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    match check_current(connection, path) {
        Err(OpenError::NotMigrated { .. }) => Ok(()),
        other => other,
    }
}

/// Like [`check`], and refuses a database that lacks migrations.
pub(crate) fn check_current(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let runner = migrations::runner();
    let numbers = runner.get_migrations().iter();
    let known = numbers
        .map(refinery::Migration::version)
        .max()
        .map_or(0, i64::from);
    let path = path.to_owned();
    let found = match applied(connection) {
        Ok(Layout::Ours(found)) => found,
        Ok(Layout::Empty) => 0,
        Ok(Layout::Foreign) => return Err(OpenError::Foreign { path }),
        Err(source) => return Err(OpenError::Database { path, source }),
    };
    match found.cmp(&known) {
        Ordering::Less => Err(OpenError::NotMigrated { path, found, known }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(OpenError::Newer { path, found, known }),
    }
}

enum Layout {
    Empty,
    /// The number of the newest migration that was run; 0 if none was.
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use refinery::Target;
    use rusqlite::Connection;
    use store::conformance::warehouse::FORMER_ADDRESSES;

    use super::{migrations, run};

    /// What refinery calculates of each migration that users may have run, in order. A new one is added here with its release.
    const RUN_BY_USERS: &[u64] = &[
        16_726_953_727_992_037_960,
        10_750_420_378_834_894_059,
        18_425_879_949_025_423_825,
        1_091_385_970_454_921_666,
        13_555_203_100_624_230_034,
        14_271_927_450_366_327_960,
        4_061_297_918_514_420_434,
        7_347_285_986_384_579_724,
        16_856_091_343_849_496_642,
        17_920_210_098_809_253_479,
        18_221_686_490_510_711_827,
        12_678_798_724_863_223_247,
        2_919_684_794_494_456_557,
        15_403_708_037_499_589_916,
        10_354_181_872_869_836_003,
        2_566_144_016_604_392_096,
        4_176_041_548_700_558_327,
        5_024_190_632_225_383_066,
    ];

    #[test]
    fn a_migration_that_users_have_run_is_never_edited() {
        let runner = migrations::runner();
        let mut known: Vec<_> = runner.get_migrations().iter().collect();
        known.sort_by_key(|migration| migration.version());
        let checksums: Vec<_> = known.iter().map(|one| one.checksum()).collect();
        let kept = checksums.get(..RUN_BY_USERS.len());
        assert_eq!(
            kept,
            Some(RUN_BY_USERS),
            "a database that has run it would be refused; add a migration instead"
        );
    }

    /// A warehouse with a table that has moved once.
    const FILLED: &str = "insert into project values ('p', 'p', 0);
        insert into warehouse values (x'0123456789abcdef0123456789abcdef', 'p', 'w', 'w', 'active', 0, 1, '{}', 's3://b',
            null, '{}', 0, null);
        insert into namespace values (x'1123456789abcdef0123456789abcdef', x'0123456789abcdef0123456789abcdef', null,
            '[\"n\"]', 'n', 0, 1, 0, null, '{}');
        insert into tabular (id, warehouse_id, namespace_id, kind, name, name_key, location_claim, protected, version,
            created_at, location, metadata_location, metadata)
        values (x'2123456789abcdef0123456789abcdef', x'0123456789abcdef0123456789abcdef',
            x'1123456789abcdef0123456789abcdef', 'table', 'T', 't', 's3://b/t', 1, 7, 0, 's3://b/t', 's3://b/t/1', x'01');
        insert into tabular_former_location values (x'2123456789abcdef0123456789abcdef', 's3://b/old',
            x'0123456789abcdef0123456789abcdef');";

    fn count(db: &Connection, what: &str) -> u32 {
        let question = format!("select count(*) from {what}");
        db.query_row(&question, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn warehouses_get_the_addresses_that_new_ones_have() {
        let mut db = Connection::open_in_memory().unwrap();
        migrations::runner()
            .set_target(Target::Version(13))
            .run(&mut db)
            .unwrap();
        db.execute_batch("insert into project values ('p', 'p', 0)")
            .unwrap();
        for (profile, location, _) in FORMER_ADDRESSES {
            db.execute(
                "insert into warehouse (id, project_id, name, name_key, status, protected, version, storage_profile,
                     base_location, settings, created_at)
                 values (randomblob(16), 'p', ?2, ?2, 'active', 0, 1, ?1, ?2, '{}', 0)",
                [profile, location],
            )
            .unwrap();
        }
        run(&mut db, Path::new("memory")).unwrap();
        for (_, before, expected) in FORMER_ADDRESSES {
            let question = "select base_location from warehouse where name = ?1";
            let after: String = db.query_row(question, [before], |row| row.get(0)).unwrap();
            assert_eq!(after, expected);
        }
    }

    #[test]
    fn tables_live_through_the_arrival_of_generic_tables() {
        let mut db = Connection::open_in_memory().unwrap();
        let second = Target::Version(2);
        migrations::runner()
            .set_target(second)
            .run(&mut db)
            .unwrap();
        db.execute_batch(FILLED).unwrap();
        run(&mut db, Path::new("memory")).unwrap();
        assert_eq!(
            count(
                &db,
                "tabular where version = 7 and name = 'T' and format is null"
            ),
            1
        );
        assert_eq!(count(&db, "tabular_former_location"), 1);
        assert_eq!(count(&db, "pragma_foreign_key_check"), 0);
        let dropped = db.execute("delete from tabular", []).unwrap();
        assert_eq!((dropped, count(&db, "tabular_former_location")), (1, 0));
        assert_eq!(
            count(
                &db,
                "sqlite_schema where tbl_name = 'tabular' and type = 'index'"
            ),
            5
        );
    }
}
