//! Helpers that make tables, snapshots and updates.

use serde_json::{Value, json};

use crate::{CommitPoint, NewTable, TableMetadata, TableUpdate, UpdateError, apply_table};

pub(super) const NOW: i64 = 1_700_000_000_000;
pub(super) const UUID: &str = "9c12d441-03fe-4693-9a96-a0705ddf69c1";

pub(super) fn uuid() -> uuid::Uuid {
    UUID.parse().unwrap()
}

pub(super) fn schema(fields: &Value) -> Value {
    json!({"type": "struct", "schema-id": 0, "fields": fields})
}

/// Columns `id` (1), `ts` (2) and `data` (3).
pub(super) fn columns() -> Value {
    json!([
        {"id": 1, "name": "id", "required": true, "type": "long"},
        {"id": 2, "name": "ts", "required": false, "type": "timestamptz"},
        {"id": 3, "name": "data", "required": false, "type": "string"}
    ])
}

pub(super) fn new_table(request: &Value) -> NewTable {
    let part = |key: &str| request.get(key).cloned();
    NewTable {
        uuid: uuid(),
        location: "s3://b/t/".to_owned(),
        schema: serde_json::from_value(part("schema").unwrap()).unwrap(),
        partition_spec: part("partition-spec").map(|spec| serde_json::from_value(spec).unwrap()),
        write_order: part("write-order").map(|order| serde_json::from_value(order).unwrap()),
        properties: part("properties")
            .map(|properties| serde_json::from_value(properties).unwrap())
            .unwrap_or_default(),
    }
}

/// A table with [`columns`] of a format version.
pub(super) fn table(format_version: u8) -> TableMetadata {
    let properties = json!({"format-version": format_version.to_string()});
    let request = json!({"schema": schema(&columns()), "properties": properties});
    TableMetadata::create(new_table(&request), NOW).unwrap()
}

pub(super) fn updates(updates: Value) -> Vec<TableUpdate> {
    serde_json::from_value(updates).unwrap()
}

pub(super) fn point(now_ms: i64) -> CommitPoint {
    let previous_metadata_location = Some(format!("s3://b/t/metadata/{now_ms}.json"));
    CommitPoint {
        now_ms,
        previous_metadata_location,
    }
}

pub(super) fn try_apply(
    base: &TableMetadata,
    json: Value,
) -> Result<Option<TableMetadata>, UpdateError> {
    apply_table(base, &updates(json), &point(base.last_updated_ms() + 1000))
}

/// Applies updates that must succeed and change something.
pub(super) fn apply(base: &TableMetadata, json: Value) -> TableMetadata {
    try_apply(base, json).unwrap().unwrap()
}

/// The message of updates that must fail.
pub(super) fn refused(base: &TableMetadata, json: Value) -> String {
    try_apply(base, json).unwrap_err().to_string()
}

pub(super) fn value(table: &TableMetadata) -> Value {
    serde_json::from_slice(&table.to_json()).unwrap()
}

/// A snapshot that can be added to the table, with the next sequence number and row ids.
pub(super) fn snapshot(table: &TableMetadata, id: i64) -> Value {
    let mut snapshot = json!({
        "snapshot-id": id,
        "timestamp-ms": table.last_updated_ms() + 500,
        "manifest-list": format!("s3://b/t/metadata/snap-{id}.avro"),
        "summary": {"operation": "append"},
        "schema-id": table.current_schema_id()
    });
    let fields = snapshot.as_object_mut().unwrap();
    if table.format_version() > 1 {
        fields.insert(
            "sequence-number".to_owned(),
            (table.last_sequence_number() + 1).into(),
        );
    }
    if let Some(parent) = table.current_snapshot_id() {
        fields.insert("parent-snapshot-id".to_owned(), parent.into());
    }
    if let Some(next) = table.next_row_id() {
        fields.insert("first-row-id".to_owned(), next.into());
        fields.insert("added-rows".to_owned(), 10.into());
    }
    snapshot
}

pub(super) fn set_ref(name: &str, kind: &str, id: i64) -> Value {
    json!({"action": "set-snapshot-ref", "ref-name": name, "type": kind, "snapshot-id": id})
}

/// The table after an append to `main`.
pub(super) fn append(table: &TableMetadata, id: i64) -> TableMetadata {
    let add = json!({"action": "add-snapshot", "snapshot": snapshot(table, id)});
    apply(table, json!([add, set_ref("main", "branch", id)]))
}
