//! Objects that clients send are read as strictly as other readers do later; stored objects are not.

use serde_json::{Value, json};

use super::kit::*;
use crate::{TableMetadata, TableUpdate};

fn error(update: Value) -> String {
    serde_json::from_value::<TableUpdate>(update)
        .unwrap_err()
        .to_string()
}

/// The message for an update with the object `good` whose member at `place` is replaced by `part`.
fn broken(good: &Value, (place, part): (&str, Value), update: impl Fn(&Value) -> Value) -> String {
    serde_json::from_value::<TableUpdate>(update(good)).unwrap();
    let mut bad = good.clone();
    *bad.pointer_mut(place).unwrap() = part;
    error(update(&bad))
}

#[test]
fn statistics_without_what_others_need_are_refused() {
    let file = json!({"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 5,
        "file-footer-size-in-bytes": 1, "blob-metadata": [{"type": "t", "snapshot-id": 1,
        "sequence-number": 2, "fields": [1], "properties": {"ndv": "7"}}]});
    let set = |file: &Value| json!({"action": "set-statistics", "statistics": file});
    for (place, part) in [
        ("/file-size-in-bytes", json!(null)),
        ("/file-size-in-bytes", json!("5")),
        ("/file-footer-size-in-bytes", json!(1.5)),
        ("/blob-metadata", json!(null)),
        ("/blob-metadata", json!({})),
        ("/blob-metadata/0/type", json!(5)),
        ("/blob-metadata/0/snapshot-id", json!(null)),
        ("/blob-metadata/0/sequence-number", json!("2")),
        ("/blob-metadata/0/fields", json!([1.5])),
        ("/blob-metadata/0/properties", json!({"ndv": 7})),
    ] {
        let name = place.rsplit('/').next().unwrap();
        let message = broken(&file, (place, part), set);
        assert!(message.contains(name), "{place}: {message}");
    }
    let set =
        |file: &Value| json!({"action": "set-partition-statistics", "partition-statistics": file});
    let file = json!({"snapshot-id": 1, "statistics-path": "p", "file-size-in-bytes": 5});
    let message = broken(&file, ("/file-size-in-bytes", json!(null)), set);
    assert!(
        message.contains("`file-size-in-bytes` is missing"),
        "{message}"
    );
}

#[test]
fn keys_that_others_cannot_read_are_refused() {
    let key = json!({"key-id": "k", "encrypted-key-metadata": "aGk=", "encrypted-by-id": "o",
        "properties": {"a": "b"}});
    let add = |key: &Value| json!({"action": "add-encryption-key", "encryption-key": key});
    for (place, part) in [
        ("/properties", json!({"a": 5})),
        ("/properties", json!([])),
        ("/encrypted-by-id", json!(5)),
        ("/encrypted-key-metadata", json!("a-_k")),
        ("/encrypted-key-metadata", json!("a")),
        ("/encrypted-key-metadata", json!("aG=")),
    ] {
        let name = place.trim_start_matches('/');
        let message = broken(&key, (place, part), add);
        assert!(message.contains(name), "{place}: {message}");
    }
}

#[test]
fn members_of_a_snapshot_have_the_types_that_others_read() {
    let new = snapshot(&table(2), 11);
    let add = |snapshot: &Value| json!({"action": "add-snapshot", "snapshot": snapshot});
    let message = broken(&new, ("/schema-id", json!("x")), add);
    assert!(message.contains("`schema-id` is `\"x\"`"), "{message}");
    let mut new = new;
    new["key-id"] = json!("k");
    let message = broken(&new, ("/key-id", json!(5)), add);
    assert!(message.contains("`key-id` is `5`"), "{message}");
}

#[test]
fn nulls_that_clients_send_are_not_kept() {
    let mut new = snapshot(&table(2), 11);
    for name in ["parent-snapshot-id", "key-id", "manifests", "later"] {
        new[name] = json!(null);
    }
    let add = json!({"action": "add-snapshot", "snapshot": new});
    let after = value(&apply(&table(2), json!([add])));
    assert_eq!(after["snapshots"][0], snapshot(&table(2), 11));

    let file = json!({"snapshot-id": 11, "statistics-path": "p", "file-size-in-bytes": 5,
        "file-footer-size-in-bytes": 1, "key-metadata": null, "blob-metadata": [{"type": "t",
        "snapshot-id": 1, "sequence-number": 2, "fields": [], "properties": null}]});
    let set = json!({"action": "set-statistics", "statistics": file});
    let mut file = file;
    file.as_object_mut().unwrap().remove("key-metadata");
    let blob = file.pointer_mut("/blob-metadata/0").unwrap();
    blob.as_object_mut().unwrap().remove("properties");
    assert_eq!(
        value(&apply(&table(2), json!([set])))["statistics"][0],
        file
    );

    let key = json!({"key-id": "k", "encrypted-key-metadata": "aGk=", "properties": null});
    let add = json!({"action": "add-encryption-key", "encryption-key": key});
    let after = value(&apply(&table(3), json!([add])));
    let want = json!({"key-id": "k", "encrypted-key-metadata": "aGk="});
    assert_eq!(after["encryption-keys"][0], want);
}

#[test]
fn nulls_in_schemas_that_clients_send_are_not_kept() {
    let field = |more: bool, id: i32, ty: &Value| {
        let mut field = json!({"id": id, "name": "a", "required": false, "type": ty});
        for name in ["initial-default", "write-default", "doc", "later"] {
            if more {
                field[name] = json!(null);
            }
        }
        field
    };
    let columns = |more: bool| {
        let inner = json!({"type": "struct", "fields": [field(more, 4, &json!("int"))]});
        let list = json!({"type": "list", "element-id": 3, "element-required": false,
            "element": inner});
        let map = json!({"type": "map", "key-id": 2, "key": "string", "value-id": 5,
            "value-required": false, "value": list});
        schema(&json!([field(more, 1, &map)]))
    };
    let created = TableMetadata::create(new_table(&json!({"schema": columns(true)})), NOW).unwrap();
    let stored = value(&created)["schemas"][0].to_string();
    assert!(!stored.contains("null"), "{stored}");
    let add = json!([{"action": "add-schema", "schema": columns(true)}]);
    let after = apply(&table(2), add.clone());
    assert_eq!(
        value(&after)["schemas"][1]["fields"],
        columns(false)["fields"]
    );
    assert!(try_apply(&after, add).unwrap().is_none());
}

#[test]
fn what_is_stored_is_not_read_so_strictly_and_comes_back() {
    let mut json = value(&append(&table(3), 11));
    json["snapshots"][0]["key-id"] = json!(null);
    json["snapshots"][0]["schema-id"] = json!("odd");
    json["schemas"][0]["fields"][0]["initial-default"] = json!(null);
    json["statistics"] = json!([{"snapshot-id": 11, "statistics-path": "p", "x": null}]);
    json["encryption-keys"] = json!([{"key-id": "k", "encrypted-key-metadata": "-", "x": null}]);
    let table = TableMetadata::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!(value(&table), json);
}
