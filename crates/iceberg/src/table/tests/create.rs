//! New tables, from a request or from updates.

use serde_json::json;

use super::kit::*;
use crate::{TableMetadata, create_table};

#[test]
fn a_new_table_has_ids_of_its_own() {
    let request = json!({
        "schema": {"type": "struct", "schema-id": 7, "identifier-field-ids": [12], "fields": [
            {"id": 12, "name": "k", "required": true, "type": "long", "doc": "key"},
            {"id": 4, "name": "s", "required": false, "type": {"type": "struct", "fields": [
                {"id": 30, "name": "t", "required": false, "type": "timestamp"}]}}]},
        "partition-spec": {"spec-id": 9, "fields": [
            {"source-id": 30, "transform": "day", "name": "d", "field-id": 1044}]},
        "write-order": {"order-id": 5, "fields": [
            {"source-id": 12, "transform": "bucket[4]", "direction": "ASC",
             "null-order": "nulls-last"}]},
        "properties": {"format-version": "3", "uuid": "x", "owner": "me"}
    });
    let table = TableMetadata::create(new_table(&request), NOW).unwrap();
    let expected = json!({
        "format-version": 3,
        "table-uuid": UUID,
        "location": "s3://b/t",
        "last-sequence-number": 0,
        "last-updated-ms": NOW,
        "last-column-id": 3,
        "current-schema-id": 0,
        "schemas": [{"type": "struct", "schema-id": 0, "identifier-field-ids": [1], "fields": [
            {"id": 1, "name": "k", "required": true, "type": "long", "doc": "key"},
            {"id": 2, "name": "s", "required": false, "type": {"type": "struct", "fields": [
                {"id": 3, "name": "t", "required": false, "type": "timestamp"}]}}]}],
        "default-spec-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": [
            {"source-id": 3, "transform": "day", "name": "d", "field-id": 1000}]}],
        "last-partition-id": 1000,
        "default-sort-order-id": 1,
        "sort-orders": [{"order-id": 1, "fields": [
            {"source-id": 1, "transform": "bucket[4]", "direction": "asc",
             "null-order": "nulls-last"}]}],
        "properties": {"owner": "me", "write.parquet.compression-codec": "zstd"},
        "current-snapshot-id": null,
        "next-row-id": 0,
        "refs": {}, "snapshots": [], "statistics": [], "partition-statistics": [],
        "snapshot-log": [], "metadata-log": []
    });
    assert_eq!(value(&table), expected);
    assert_eq!(
        value(&TableMetadata::parse(&table.to_json()).unwrap()),
        expected
    );
}

#[test]
fn a_plain_table_is_v2_unpartitioned_and_unsorted() {
    let request = json!({"schema": schema(&columns())});
    let table = value(&TableMetadata::create(new_table(&request), NOW).unwrap());
    assert_eq!(table["format-version"], 2);
    assert_eq!(
        table["partition-specs"],
        json!([{"spec-id": 0, "fields": []}])
    );
    assert_eq!(table["last-partition-id"], 999);
    assert_eq!(table["sort-orders"], json!([{"order-id": 0, "fields": []}]));
    assert_eq!(table["default-sort-order-id"], 0);
    assert_eq!(table["current-snapshot-id"], -1);
}

#[test]
fn what_cannot_be_a_table_is_refused_with_the_reason() {
    let refused = |key: &str, part| {
        let mut request = json!({"schema": schema(&columns())});
        request[key] = part;
        TableMetadata::create(new_table(&request), NOW)
            .unwrap_err()
            .to_string()
    };
    let spec = |id, transform, name| json!({"fields": [{"source-id": id, "transform": transform, "name": name}]});
    let cases = [
        (
            refused("partition-spec", spec(9, "day", "d")),
            "Cannot find source column",
        ),
        (
            refused("partition-spec", spec(1, "day", "d")),
            "Invalid source type long for transform",
        ),
        (
            refused("partition-spec", spec(1, "bucket[0]", "d")),
            "Invalid number of buckets: 0",
        ),
        (
            refused("partition-spec", spec(1, "bucket[8]", "ts")),
            "from different field in schema: ts",
        ),
        (
            refused("partition-spec", spec(1, "bucket[8]", "")),
            "Cannot use empty partition name",
        ),
        (
            refused("properties", json!({"format-version": "9"})),
            "Unsupported format version: v9",
        ),
        (
            refused("properties", json!({"format-version": "two"})),
            "must be a whole number",
        ),
        (
            refused("properties", json!({"commit.retry.num-retries": "-1"})),
            "non negative",
        ),
        (
            refused("properties", json!({"encryption.key-id": "k"})),
            "Invalid properties for v2",
        ),
        (
            refused(
                "properties",
                json!({"write.metadata.metrics.column.nope": "full"}),
            ),
            "could not find column nope",
        ),
    ];
    for (message, want) in cases {
        assert!(message.contains(want), "{message} lacks {want}");
    }
    let variant = json!([{"id": 1, "name": "v", "required": false, "type": "variant"}]);
    let request = json!({"schema": schema(&variant)});
    let error = TableMetadata::create(new_table(&request), NOW)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("variant is not supported until v3"),
        "{error}"
    );
}

#[test]
fn updates_alone_can_create_a_table() {
    let staged = table(3);
    let creating = updates(json!([
        {"action": "assign-uuid", "uuid": UUID},
        {"action": "upgrade-format-version", "format-version": 3},
        {"action": "add-schema", "schema": schema(&columns()), "last-column-id": 3},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-location", "location": "s3://b/t"},
        {"action": "set-properties", "updates": {"write.parquet.compression-codec": "zstd"}},
        {"action": "add-snapshot", "snapshot": snapshot(&staged, 5)},
        set_ref("main", "branch", 5)
    ]));
    let created = create_table(&creating, NOW).unwrap();
    let expected = apply(
        &staged,
        json!([
            {"action": "add-snapshot", "snapshot": snapshot(&staged, 5)},
            set_ref("main", "branch", 5)
        ]),
    );
    let mut expected = value(&expected);
    expected["last-updated-ms"] = NOW.into();
    // The snapshot's writer is half a second ahead.
    expected["snapshot-log"][0]["timestamp-ms"] = NOW.into();
    expected["metadata-log"] = json!([]);
    assert_eq!(value(&created), expected);

    for (missing, action) in [(0, "assign-uuid"), (2, "add-schema"), (8, "set-location")] {
        let mut some = creating.clone();
        let removed = some.remove(missing);
        let error = create_table(&some, NOW).unwrap_err().to_string();
        let wanted = error.contains(action) || error.contains("no schema");
        assert!(wanted, "without {}: {error}", removed.action());
    }
}
