//! Large and hostile commits are applied or refused soon. The tests measure no time: quadratic code would run for
//! minutes and be noticed.

use serde_json::{Value, json};

use super::kit::*;

const MANY: i64 = 20_000;

#[test]
fn thousands_of_small_updates_are_taken_in_one_commit() {
    let mut adds = Vec::new();
    for id in 1..=MANY {
        adds.push(json!({"action": "add-snapshot", "snapshot":
            {"snapshot-id": id, "sequence-number": id, "timestamp-ms": NOW, "manifest-list": "m"}}));
        adds.push(set_ref(&format!("tag-{id}"), "tag", id));
        adds.push(json!({"action": "set-statistics",
            "statistics": {"snapshot-id": id, "statistics-path": "p", "file-size-in-bytes": 1,
                "file-footer-size-in-bytes": 1, "blob-metadata": []}}));
        adds.push(json!({"action": "add-encryption-key",
            "encryption-key": {"key-id": id.to_string(), "encrypted-key-metadata": ""}}));
    }
    let full = apply(&table(2), json!(adds));
    assert_eq!(full.snapshot_count(), 20_000);
    let mut removals = Vec::new();
    for id in 1..MANY {
        removals.push(json!({"action": "remove-snapshots", "snapshot-ids": [id]}));
        removals.push(json!({"action": "remove-encryption-key", "key-id": id.to_string()}));
    }
    let json = value(&apply(&full, json!(removals)));
    for list in ["snapshots", "statistics", "encryption-keys"] {
        assert_eq!(json[list].as_array().unwrap().len(), 1, "{list}");
    }
    assert_eq!(json["refs"].as_object().unwrap().len(), 1);
}

#[test]
fn a_commit_compares_a_thousand_schemas_at_most() {
    let adds = |count: usize| -> Value {
        let field =
            |n| json!([{"id": 1, "name": format!("c{n}"), "required": true, "type": "int"}]);
        let add = |n| json!({"action": "add-schema", "schema": schema(&field(n))});
        (0..count).map(add).collect()
    };
    apply(&table(2), adds(1000));
    let message = refused(&table(2), adds(1001));
    assert!(message.contains("at most 1000 are taken"), "{message}");
}

#[test]
fn schemas_with_thousands_of_unknown_members_compare() {
    let mut wide = schema(&columns());
    for n in 0..MANY {
        wide[format!("x{n}")] = n.into();
    }
    let add = |schema: &Value| json!([{"action": "add-schema", "schema": schema}]);
    let with = apply(&table(2), add(&wide));
    assert!(try_apply(&with, add(&wide)).unwrap().is_none());
    wide["x7"] = 8.into();
    apply(&with, add(&wide));
}

#[test]
fn long_names_do_not_multiply() {
    let inner: Vec<Value> = (2..200)
        .map(|id| json!({"id": id, "name": "c".repeat(id), "required": false, "type": "int"}))
        .collect();
    let outer = json!([{"id": 1, "name": "n".repeat(200_000), "required": false,
        "type": {"type": "struct", "fields": inner}}]);
    let error = serde_json::from_value::<crate::Schema>(schema(&outer))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("full column names are longer than 16777216 bytes"),
        "{error}"
    );
}

#[test]
fn partition_fields_without_ids_are_matched_at_once() {
    let fields = |from: i64| -> Value {
        let field = |n: i64| json!({"source-id": 1, "transform": format!("bucket[{n}]"), "name": n.to_string()});
        (from..from + MANY).map(field).collect()
    };
    let add = |from| json!([{"action": "add-spec", "spec": {"fields": fields(from)}}]);
    let one = apply(&table(2), add(1));
    let two = apply(&one, add(MANY / 2));
    assert_eq!(value(&two)["last-partition-id"], 999 + MANY + MANY / 2 - 1);
}

#[test]
fn messages_do_not_repeat_a_whole_body() {
    let name = "x".repeat(1_000_000);
    let message = refused(&table(2), json!([set_ref(&name, "branch", 5)]));
    assert!(message.len() < 2100, "{}", message.len());
}

#[test]
fn the_size_of_an_update_is_about_that_of_its_text() {
    let long = "x".repeat(20_000);
    let nested = json!({"type": "list", "element-id": 2, "element-required": true,
        "element": {"type": "struct", "fields": [{"id": 3, "name": long, "required": true,
            "type": "int", "doc": long}]}});
    let wide = schema(&json!([{"id": 1, "name": "a", "required": true, "type": nested}]));
    let ids: Vec<i64> = (0..1000).map(|n| i64::MAX - n).collect();
    for update in [
        json!({"action": "add-schema", "schema": wide}),
        json!({"action": "set-properties", "updates": {"a": long, long.clone(): "b"}}),
        json!({"action": "set-location", "location": long}),
        json!({"action": "remove-snapshots", "snapshot-ids": ids}),
        json!({"action": "add-snapshot", "snapshot": {"snapshot-id": 1, "timestamp-ms": 1,
            "manifest-list": long}}),
    ] {
        let text = update.to_string().len();
        let size = updates(json!([update]))[0].size();
        assert!(size.abs_diff(text) < 500, "{size} for {text}");
    }
}
