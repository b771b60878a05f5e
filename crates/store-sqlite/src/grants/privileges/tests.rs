//! The cost of questions about grants.

use std::path::Path;

use model::{NamespaceId, Principal, Securable, WarehouseId};
use rusqlite::{Connection, StatementStatus, params};
use store::Below;

use super::{BELOW_NAMESPACE, BELOW_PROJECT, BELOW_WAREHOUSE, below, given, texts};
use crate::migrate;

/// `?4` grants of the principal `?1`, in the namespace whose path key is `?3`.
const FILL: &str = "with recursive number (n) as (select 1 union all select n + 1 from number where n < ?4)
    insert into grant_entry (securable, principal, privilege, created_at, project_id, warehouse_id, path_key, is_live)
    select 'table/' || ?1 || n, ?1, 'select', 0, 'p', ?2, ?3 || char(31), 1 from number";

/// How many steps of SQLite's virtual machine the questions take among `grants` grants of each of two principals.
fn steps_among(grants: u32) -> Vec<i32> {
    let mut db = Connection::open_in_memory().unwrap();
    migrate::run(&mut db, Path::new("memory")).unwrap();
    let (warehouse, namespace) = (WarehouseId::generate(), NamespaceId::generate());
    db.execute_batch("insert into project values ('p', 'p', 0)")
        .unwrap();
    db.execute(
        "insert into warehouse values (?1, 'p', 'w', 'w', 'active', 0, 1, '{}', 's3://b', null, '{}', 0, null, 1, 0)",
        [warehouse.as_uuid()],
    )
    .unwrap();
    db.execute(
        "insert into namespace values (?1, ?2, null, '[\"a\"]', 'a', 0, 1, 0, null, '{}', 0, null)",
        params![namespace.as_uuid(), warehouse.as_uuid()],
    )
    .unwrap();
    for (principal, key) in [("user:oidc~in", "a"), ("user:oidc~beside", "ab")] {
        db.execute(FILL, params![principal, warehouse.as_uuid(), key, grants])
            .unwrap();
    }
    let on = [
        (BELOW_NAMESPACE, Securable::Namespace(namespace)),
        (BELOW_WAREHOUSE, Securable::Warehouse(warehouse)),
        (BELOW_PROJECT, Securable::Project("p".parse().unwrap())),
    ];
    let mut steps = Vec::new();
    for (text, expected) in [
        ("oidc~in", [true, true, true]),
        ("oidc~beside", [false, true, true]),
        ("oidc~nobody", [false, false, false]),
    ] {
        let who = texts(&[Principal::User(text.parse().unwrap())]);
        for ((sql, on), expected) in on.iter().zip(expected) {
            let count =
                |status: StatementStatus| db.prepare_cached(sql).unwrap().reset_status(status);
            count(StatementStatus::VmStep);
            let found = below(&db, &who, on, Below::Kept).unwrap();
            assert_eq!(found, expected, "{text} {on}");
            steps.push(count(StatementStatus::VmStep));
            assert!(given(&db, &who, on).unwrap().iter().next().is_none());
        }
    }
    steps
}

#[test]
fn ten_thousand_grants_cost_a_question_no_more_than_ten() {
    assert_eq!(steps_among(10), steps_among(10_000));
}
