//! Table metadata that is refused.

use serde_json::{Value, json};

use super::kit::*;
use crate::TableMetadata;

fn parse(json: &Value) -> Result<TableMetadata, String> {
    TableMetadata::parse(json.to_string().as_bytes()).map_err(|error| error.to_string())
}

/// A table whose member at `place` is replaced by `part` is refused with a message that contains `want`.
fn check(place: &str, part: Value, want: &str) {
    let mut bad = value(&append(&append(&table(2), 11), 12));
    parse(&bad).unwrap();
    *bad.pointer_mut(place).unwrap() = part;
    let message = parse(&bad).unwrap_err();
    assert!(message.starts_with("invalid "), "{message}");
    assert!(message.contains(want), "{place}: {message} lacks {want}");
}

#[test]
fn fields_that_are_missing_or_of_another_type_are_named() {
    check("/format-version", json!(9), "the format version is 9");
    check("/format-version", json!("2"), "`format-version`");
    check("/table-uuid", json!("nope"), "`table-uuid` is `\"nope\"`");
    check("/table-uuid", json!(null), "`table-uuid` is missing");
    check("/location", json!(null), "`location` is missing");
    check("/schemas", json!(null), "`schemas` is missing");
    check(
        "/last-partition-id",
        json!(null),
        "`last-partition-id` is missing",
    );
    check(
        "/last-sequence-number",
        json!(9e30),
        "`last-sequence-number`",
    );
    check("/refs/main/type", json!("twig"), "its type is `twig`");
    check("/snapshots", json!({}), "the field `snapshots`");
    check(
        "/snapshot-log/0/snapshot-id",
        json!("x"),
        "`snapshot-id` is `\"x\"`",
    );
    check("/properties", json!({"a": 1}), "`properties`");
}

#[test]
fn ids_lead_somewhere_and_are_unique() {
    check("/schemas", json!([]), "no schema with the current id 0");
    check(
        "/current-schema-id",
        json!(4),
        "no schema with the current id 4",
    );
    check(
        "/default-spec-id",
        json!(4),
        "no partition spec with the current id 4",
    );
    check(
        "/default-sort-order-id",
        json!(4),
        "no sort order with the current id 4",
    );
    check(
        "/current-snapshot-id",
        json!(11),
        "does not match main branch (11 != 12)",
    );
    check("/current-snapshot-id", json!(-1), "main branch exists: 12");
    check(
        "/refs/main/snapshot-id",
        json!(99),
        "reference main does not exist",
    );
    check(
        "/snapshots/1/snapshot-id",
        json!(11),
        "the snapshot id 11 occurs more than once",
    );
    let want = "sequence number 2 greater than last sequence number 1";
    check("/last-sequence-number", json!(1), want);
}

#[test]
fn logs_are_in_order() {
    let log = |one: i64, two: i64| json!([{"timestamp-ms": one, "snapshot-id": 11}, {"timestamp-ms": two, "snapshot-id": 12}]);
    check("/snapshot-log", log(NOW + 99_000, NOW), "not in order");
    check(
        "/snapshot-log",
        log(NOW, NOW + 999_000),
        "Invalid update timestamp",
    );
}

#[test]
fn what_is_no_object_is_refused() {
    assert!(TableMetadata::parse(b"[]").is_err());
    assert!(TableMetadata::parse(b"\xff").is_err());
    let deep = vec![b'['; 1_000_000];
    assert!(
        TableMetadata::parse(&deep)
            .unwrap_err()
            .to_string()
            .contains("deeper")
    );
}

#[test]
fn what_others_wrote_can_be_checked_in_depth() {
    let mut json = value(&table(2));
    json["schemas"][0]["fields"][1]["id"] = 1.into();
    let table = parse(&json).unwrap();
    let message = table.validate().unwrap_err().to_string();
    assert!(
        message.contains("the field id 1 belongs to both id and ts"),
        "{message}"
    );
}
