//! The cost of the check for overlapping locations.

use std::path::Path;

use model::{TabularId, WarehouseId};
use rusqlite::{Connection, StatementStatus, params};

use super::{TAKEN, refuse_taken_location};
use crate::migrate;

/// Fills one folder with `?4` tables.
const FILL: &str = "with recursive number (n) as (select 1 union all select n + 1 from number where n < ?4)
    insert into tabular (id, warehouse_id, namespace_id, kind, name, name_key, location_claim, protected, version,
        created_at, location, metadata_location, metadata)
    select randomblob(16), ?1, ?2, 'table', n, n, ?3 || '/t' || n, 0, 1, 0, '', '', x'00' from number";

/// How many steps of SQLite's virtual machine the check of a free location takes among `siblings` others.
fn steps_among(siblings: u32) -> i32 {
    let mut db = Connection::open_in_memory().unwrap();
    migrate::run(&mut db, Path::new("memory")).unwrap();
    let (warehouse, namespace) = (
        WarehouseId::generate().as_uuid(),
        WarehouseId::generate().as_uuid(),
    );
    db.execute_batch("insert into project values ('p', 'p', 0)")
        .unwrap();
    db.execute(
        "insert into warehouse values (?1, 'p', 'w', 'w', 'active', 0, 1, '{}', 's3://b', null, '{}', 0, null, 1, 0)",
        [warehouse],
    )
    .unwrap();
    db.execute(
        "insert into namespace values (?1, ?2, null, '[\"n\"]', 'n', 0, 1, 0, null, '{}', 0, null)",
        [namespace, warehouse],
    )
    .unwrap();
    db.execute(FILL, params![warehouse, namespace, "s3://b/data", siblings])
        .unwrap();
    db.execute_batch(
        "insert into tabular_former_location (tabular_id, location, warehouse_id)
         select id, location_claim || '-left', warehouse_id from tabular;
         insert into task (id, queue, project_id, warehouse_id, subject, payload, created_at, scheduled_for, due_at)
         select randomblob(16), 'purge', 'p', warehouse_id, location_claim || '-purged', '', 0, 0, 0 from tabular;",
    )
    .unwrap();
    for location in [
        "s3://b/data/t5",
        "s3://b/data/t5-left",
        "s3://b/data/t5-purged/in",
        "s3://b",
    ] {
        refuse_taken_location(&db, warehouse, TabularId::generate(), location).unwrap_err();
    }
    db.prepare_cached(TAKEN)
        .unwrap()
        .reset_status(StatementStatus::VmStep);
    for location in [
        "s3://b/data/t",
        "s3://b/data/t5-",
        "s3://b/data/t50000/in",
        "s3://b/data/u",
    ] {
        refuse_taken_location(&db, warehouse, TabularId::generate(), location).unwrap();
    }
    db.prepare_cached(TAKEN)
        .unwrap()
        .get_status(StatementStatus::VmStep)
}

#[test]
fn ten_thousand_siblings_cost_a_check_no_more_than_ten() {
    assert_eq!(steps_among(10), steps_among(10_000));
}
