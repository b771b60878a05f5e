//! Requirements, with the messages that clients match on; and unknown updates.

use serde_json::{Value, json};

use super::kit::*;
use crate::{TableMetadata, TableRequirement, TableUpdate, check_table};

fn check(base: Option<&TableMetadata>, requirement: Value) -> Result<(), String> {
    let requirement: TableRequirement = serde_json::from_value(requirement).unwrap();
    let again = serde_json::to_value(&requirement).unwrap();
    assert_eq!(
        serde_json::from_value::<TableRequirement>(again).unwrap(),
        requirement
    );
    check_table(&[requirement], base).map_err(|error| error.to_string())
}

fn ref_is(name: &str, id: impl serde::Serialize) -> Value {
    json!({"type": "assert-ref-snapshot-id", "ref": name, "snapshot-id": id})
}

#[test]
fn requirements_that_hold() {
    let base = append(&table(2), 11);
    let base = Some(&base);
    for requirement in [
        json!({"type": "assert-table-uuid", "uuid": UUID.to_uppercase()}),
        ref_is("main", 11),
        ref_is("other", ()),
        json!({"type": "assert-ref-snapshot-id", "ref": "other"}),
        json!({"type": "assert-last-assigned-field-id", "last-assigned-field-id": 3}),
        json!({"type": "assert-current-schema-id", "current-schema-id": 0}),
        json!({"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 999}),
        json!({"type": "assert-default-spec-id", "default-spec-id": 0}),
        json!({"type": "assert-default-sort-order-id", "default-sort-order-id": 0}),
    ] {
        assert_eq!(check(base, requirement), Ok(()));
    }
    assert_eq!(check(None, json!({"type": "assert-create"})), Ok(()));
    assert_eq!(check(None, ref_is("main", ())), Ok(()));
}

#[test]
fn requirements_that_fail_say_what_changed() {
    let base = append(&table(2), 11);
    let base = apply(&base, json!([set_ref("t", "tag", 11)]));
    let other = "00000000-0000-0000-0000-000000000001";
    for (requirement, message) in [
        (
            json!({"type": "assert-create"}),
            "table already exists".to_owned(),
        ),
        (
            json!({"type": "assert-table-uuid", "uuid": other}),
            format!("UUID does not match: expected {UUID} != {other}"),
        ),
        (
            ref_is("main", ()),
            "branch main was created concurrently".to_owned(),
        ),
        (
            ref_is("t", 5),
            "tag t has changed: expected id 5 != 11".to_owned(),
        ),
        (
            ref_is("x", 5),
            "branch or tag x is missing, expected 5".to_owned(),
        ),
        (
            json!({"type": "assert-last-assigned-field-id", "last-assigned-field-id": 9}),
            "last assigned field id changed: expected id 9 != 3".to_owned(),
        ),
        (
            json!({"type": "assert-current-schema-id", "current-schema-id": 9}),
            "current schema changed: expected id 9 != 0".to_owned(),
        ),
        (
            json!({"type": "assert-last-assigned-partition-id", "last-assigned-partition-id": 9}),
            "last assigned partition id changed: expected id 9 != 999".to_owned(),
        ),
        (
            json!({"type": "assert-default-spec-id", "default-spec-id": 9}),
            "default partition spec changed: expected id 9 != 0".to_owned(),
        ),
        (
            json!({"type": "assert-default-sort-order-id", "default-sort-order-id": 9}),
            "default sort order changed: expected id 9 != 0".to_owned(),
        ),
    ] {
        assert_eq!(
            check(Some(&base), requirement),
            Err(format!("Requirement failed: {message}"))
        );
    }
    let missing = check(None, json!({"type": "assert-table-uuid", "uuid": UUID}));
    assert_eq!(
        missing,
        Err("Requirement failed: table does not exist".to_owned())
    );
}

#[test]
fn what_is_not_known_is_an_error() {
    let update = |json: Value| {
        serde_json::from_value::<TableUpdate>(json)
            .unwrap_err()
            .to_string()
    };
    let requirement = |json: Value| {
        serde_json::from_value::<TableRequirement>(json)
            .unwrap_err()
            .to_string()
    };
    assert!(update(json!({"action": "add-magic"})).contains("the action `add-magic` is not known"));
    let of_view = update(json!({"action": "add-view-version"}));
    assert!(
        of_view.contains("Cannot apply update `add-view-version` to a table"),
        "{of_view}"
    );
    assert!(update(json!({"schema": 1})).contains("`action` is missing"));
    assert!(update(json!([])).contains("expected an object"));
    assert!(update(json!({"action": "assign-uuid", "uuid": "x"})).contains("`uuid` is `\"x\"`"));
    let big = json!({"action": "set-default-spec", "spec-id": 4_294_967_296_i64});
    assert!(update(big).contains("`spec-id` is `4294967296`"));
    assert!(requirement(json!({"type": "assert-love"})).contains("`assert-love` is not known"));
    assert!(requirement(json!({"type": "assert-view-uuid"})).contains("against a table"));
    let twice = serde_json::from_str::<TableUpdate>(r#"{"action":"assign-uuid","action":"x"}"#);
    assert!(
        twice
            .unwrap_err()
            .to_string()
            .contains("occurs more than once")
    );
    let deep = format!(
        r#"{{"action":"add-snapshot","snapshot":{}}}"#,
        "[".repeat(500_000)
    );
    assert!(serde_json::from_str::<TableUpdate>(&deep).is_err());
}

#[test]
fn updates_survive_reading_and_printing() {
    let file = json!({"snapshot-id": 1, "statistics-path": "p", "x": [1.50], "file-size-in-bytes": 1,
        "file-footer-size-in-bytes": 1, "blob-metadata": []});
    let all = json!([
        {"action": "assign-uuid", "uuid": UUID},
        {"action": "upgrade-format-version", "format-version": 3},
        {"action": "add-schema", "schema": schema(&columns())},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
        {"action": "set-default-sort-order", "sort-order-id": 0},
        {"action": "add-snapshot", "snapshot": snapshot(&table(3), 5)},
        set_ref("main", "branch", 5),
        {"action": "remove-snapshots", "snapshot-ids": [1, 2]},
        {"action": "remove-snapshot-ref", "ref-name": "q\"uote"},
        {"action": "set-location", "location": "s3://b/t"},
        {"action": "set-properties", "updates": {"a": "b"}},
        {"action": "remove-properties", "removals": ["a"]},
        {"action": "set-statistics", "statistics": file},
        {"action": "remove-statistics", "snapshot-id": 1},
        {"action": "set-partition-statistics", "partition-statistics": file},
        {"action": "remove-partition-statistics", "snapshot-id": 1},
        {"action": "remove-partition-specs", "spec-ids": [3]},
        {"action": "remove-schemas", "schema-ids": [4]},
        {"action": "add-encryption-key",
         "encryption-key": {"key-id": "k", "encrypted-key-metadata": "aGk="}},
        {"action": "remove-encryption-key", "key-id": "k"}
    ]);
    assert_eq!(serde_json::to_value(updates(all.clone())).unwrap(), all);
}
