//! Members that this crate does not know are kept, whatever is done to the table.

use serde_json::{Value, json};

use super::kit::*;
use crate::TableMetadata;
use crate::json::same_value;

const V1: &str = include_str!("../../../tests/fixtures/table-v1-old.json");
const V1_FULL: &str = include_str!("../../../tests/fixtures/table-v1.json");
const V2: &str = include_str!("../../../tests/fixtures/table-v2.json");
const V3: &str = include_str!("../../../tests/fixtures/table-v3.json");
const V4: &str = include_str!("../../../tests/fixtures/table-v4.json");

#[test]
fn fixtures_survive_reading_and_printing() {
    for text in [V1_FULL, V2, V3, V4] {
        let table = TableMetadata::parse(text.as_bytes()).unwrap();
        table.validate().unwrap();
        let printed = String::from_utf8(table.to_json()).unwrap();
        assert!(same_value(&printed, text), "{printed}");
        assert!(!printed.contains('\n'));
    }
}

#[test]
fn fixtures_survive_a_commit_but_for_what_it_changes() {
    for text in [V1_FULL, V2, V3, V4] {
        let table = TableMetadata::parse(text.as_bytes()).unwrap();
        let after = apply(
            &table,
            json!([{"action": "set-properties", "updates": {"new": "one"}}]),
        );
        let printed = String::from_utf8(after.to_json()).unwrap();
        // `Value` cannot hold 1e400.
        let readable = |text: &str| serde_json::from_str(&text.replace("1e400", "4e40")).unwrap();
        let (mut expected, found): (Value, Value) = (readable(text), readable(&printed));
        expected["properties"]["new"] = "one".into();
        expected["last-updated-ms"] = after.last_updated_ms().into();
        let entry = found["metadata-log"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        expected["metadata-log"].as_array_mut().unwrap().push(entry);
        assert_eq!(found, expected);
        // Numbers that no float holds, and spellings that a float would change.
        for number in ["123456789012345678901234567890", "1.10", "1e400"] {
            assert!(printed.contains(number), "{number} is gone from {printed}");
        }
    }
}

#[test]
fn old_v1_metadata_gets_the_lists_of_today() {
    let table = TableMetadata::parse(V1.as_bytes()).unwrap();
    table.validate().unwrap();
    let json = value(&table);
    let old: Value = serde_json::from_str(V1).unwrap();
    assert_eq!(
        json["schemas"],
        json!([{"type": "struct", "schema-id": 0, "fields": old["schema"]["fields"]}])
    );
    assert_eq!(json["current-schema-id"], 0);
    assert_eq!(json["partition-specs"][0]["fields"][0]["field-id"], 1000);
    assert_eq!(json["partition-spec"][0]["field-id"], 1000);
    assert_eq!(json["last-partition-id"], 1000);
    assert_eq!(json["sort-orders"], json!([{"order-id": 0, "fields": []}]));
    assert_eq!(
        json["refs"]["main"]["snapshot-id"],
        old["current-snapshot-id"]
    );
    assert_eq!(json["snapshots"], old["snapshots"]);
    assert!(table.uuid().is_nil());
    assert_eq!(json.get("table-uuid"), None);
    let named = apply(&table, json!([{"action": "assign-uuid", "uuid": UUID}]));
    let upgraded = apply(
        &named,
        json!([{"action": "upgrade-format-version", "format-version": 2}]),
    );
    assert_eq!(value(&upgraded)["table-uuid"], UUID);
    append(&upgraded, 77);
}

#[test]
fn a_key_that_occurs_twice_is_refused() {
    let text = V2.replacen('{', r#"{"location":"s3://elsewhere/t","#, 1);
    let message = TableMetadata::parse(text.as_bytes())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("the key `location` occurs more than once"),
        "{message}"
    );
}
