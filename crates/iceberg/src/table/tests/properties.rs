//! Properties for any input: the spec's invariants hold after any updates, and extensions are kept.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::kit::*;
use crate::json::same_value;
use crate::{TableMetadata, TableUpdate, apply_table};

const V3: &str = include_str!("../../../tests/fixtures/table-v3.json");

/// An update before its ids are known; its numbers choose among the parts that the table has.
#[derive(Debug, Clone)]
enum Step {
    Append,
    AppendAs(i64),
    Branch(u8),
    Ref(u8, u8, bool),
    DropRef(u8),
    Expire(Vec<u8>),
    Widen,
    Schema(i32),
    Spec(u8),
    DefaultSpec(i32),
    Order(u8),
    DefaultOrder(i32),
    Upgrade(i64),
    Properties(u8),
    Forget(u8),
    DropSchemas(Vec<i32>),
    DropSpecs(Vec<i32>),
    Statistics(u8),
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let ids = || prop::collection::vec(-1_i32..4, 0..3);
    prop_oneof![
        4 => Just(Append),
        1 => prop::sample::select(vec![-1, 0, i64::MIN, i64::MAX]).prop_map(AppendAs),
        1 => any::<u8>().prop_map(Branch),
        2 => any::<(u8, u8, bool)>().prop_map(|(name, at, tag)| Ref(name, at, tag)),
        1 => any::<u8>().prop_map(DropRef),
        2 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Expire),
        2 => Just(Widen),
        1 => (-1_i32..4).prop_map(Schema),
        2 => any::<u8>().prop_map(Spec),
        1 => (-1_i32..4).prop_map(DefaultSpec),
        2 => any::<u8>().prop_map(Order),
        1 => (-1_i32..4).prop_map(DefaultOrder),
        1 => (1_i64..5).prop_map(Upgrade),
        1 => any::<u8>().prop_map(Properties),
        1 => any::<u8>().prop_map(Forget),
        1 => ids().prop_map(DropSchemas),
        1 => ids().prop_map(DropSpecs),
        1 => any::<u8>().prop_map(Statistics),
    ]
}

/// The steps as updates of this table; `fresh` counts up, so that all new snapshot ids are different.
fn concrete(table: &TableMetadata, steps: &[Step], fresh: &mut i64) -> Value {
    let have: Vec<i64> = table.snapshots().iter().map(crate::Snapshot::id).collect();
    let pick = |n: u8| {
        have.get(usize::from(n) % have.len().max(1))
            .copied()
            .unwrap_or(-7)
    };
    let name = |n: u8| ["main", "a", "b"][usize::from(n % 3)];
    let mut updates = Vec::new();
    for step in steps {
        match step {
            Step::Append | Step::AppendAs(_) | Step::Branch(_) => {
                *fresh += 1;
                let (name, id) = match step {
                    Step::Branch(n) => (name(*n), *fresh),
                    Step::AppendAs(id) => ("main", *id),
                    _ => ("main", *fresh),
                };
                updates.push(json!({"action": "add-snapshot", "snapshot": snapshot(table, id)}));
                updates.push(set_ref(name, "branch", id));
            }
            Step::Ref(n, at, tag) => {
                updates.push(set_ref(
                    name(*n),
                    if *tag { "tag" } else { "branch" },
                    pick(*at),
                ));
            }
            Step::DropRef(n) => {
                updates.push(json!({"action": "remove-snapshot-ref", "ref-name": name(*n)}));
            }
            Step::Expire(at) => {
                let ids: Vec<i64> = at.iter().map(|at| pick(*at)).collect();
                updates.push(json!({"action": "remove-snapshots", "snapshot-ids": ids}));
            }
            other => updates.push(layout_update(table, other)),
        }
    }
    json!(updates)
}

fn layout_update(table: &TableMetadata, step: &Step) -> Value {
    match step {
        Step::Widen => {
            let id = table.last_column_id() + 1;
            let mut wider: Value =
                serde_json::from_str(table.current_schema_json().unwrap()).unwrap();
            let field = json!({"id": id, "name": format!("w{id}"), "required": false,
                "type": "int", "extension": 1});
            wider["fields"].as_array_mut().unwrap().push(field);
            json!({"action": "add-schema", "schema": wider})
        }
        Step::Schema(id) => json!({"action": "set-current-schema", "schema-id": id}),
        Step::Spec(n) => json!({"action": "add-spec", "spec": {"fields": [
            {"source-id": 1, "transform": format!("bucket[{}]", n % 4 + 1), "name": "b"}]}}),
        Step::DefaultSpec(id) => json!({"action": "set-default-spec", "spec-id": id}),
        Step::Order(n) => {
            json!({"action": "add-sort-order", "sort-order": {"order-id": 1, "fields": [
            {"source-id": 1, "transform": format!("truncate[{}]", n % 4 + 1), "direction": "asc",
             "null-order": "nulls-last"}]}})
        }
        Step::DefaultOrder(id) => json!({"action": "set-default-sort-order", "sort-order-id": id}),
        Step::Upgrade(to) => json!({"action": "upgrade-format-version", "format-version": to}),
        Step::Properties(n) => json!({"action": "set-properties", "updates": {
            format!("p{}", n % 5): "v",
            "write.metadata.previous-versions-max": (n % 7).to_string()}}),
        Step::Forget(n) => {
            json!({"action": "remove-properties", "removals": [format!("p{}", n % 5)]})
        }
        Step::DropSchemas(ids) => json!({"action": "remove-schemas", "schema-ids": ids}),
        Step::DropSpecs(ids) => json!({"action": "remove-partition-specs", "spec-ids": ids}),
        Step::Statistics(n) => json!({"action": "set-statistics", "statistics":
            {"snapshot-id": table.snapshots().get(usize::from(*n)).map_or(-7, crate::Snapshot::id),
             "statistics-path": "s", "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1,
             "blob-metadata": []}}),
        _ => json!({"action": "set-properties", "updates": {}}),
    }
}

fn numbers(list: &Value, key: &str) -> Vec<i64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|part| part[key].as_i64().unwrap())
        .collect()
}

/// Checks what the table spec demands of any metadata, and that counters do not go back.
fn check_invariants(before: &TableMetadata, after: &TableMetadata) {
    let json = value(after);
    for (list, key, current) in [
        ("schemas", "schema-id", "current-schema-id"),
        ("partition-specs", "spec-id", "default-spec-id"),
        ("sort-orders", "order-id", "default-sort-order-id"),
        ("snapshots", "snapshot-id", ""),
    ] {
        let ids = numbers(&json[list], key);
        assert_eq!(
            ids.iter().collect::<HashSet<_>>().len(),
            ids.len(),
            "{list} are unique"
        );
        let current = json.get(current).and_then(Value::as_i64);
        assert!(
            current.is_none_or(|id| ids.contains(&id)),
            "{current:?} is one of {ids:?}"
        );
    }
    let snapshots = numbers(&json["snapshots"], "snapshot-id");
    for (name, reference) in after.refs() {
        assert!(
            snapshots.contains(&reference.snapshot_id()),
            "{name} leads somewhere"
        );
    }
    let main = after
        .refs()
        .get("main")
        .map(crate::SnapshotRef::snapshot_id);
    assert_eq!(main, after.current_snapshot_id(), "main is current");
    if let (Some(current), Some(last)) = (main, after.snapshot_log().last()) {
        assert_eq!(
            current, last.snapshot_id,
            "the log ends with what is current"
        );
    }
    assert!(
        after
            .snapshots()
            .iter()
            .all(|s| s.sequence_number() <= after.last_sequence_number())
    );
    assert!(after.last_sequence_number() >= before.last_sequence_number());
    assert!(after.next_row_id() >= before.next_row_id());
    assert!(after.last_column_id() >= before.last_column_id());
    assert!(after.format_version() >= before.format_version());
    assert_eq!(after.uuid(), before.uuid());
    let fields = |spec: &Value| numbers(&spec["fields"], "field-id");
    let highest = json["partition-specs"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(fields)
        .max();
    assert!(
        json["last-partition-id"].as_i64() >= highest,
        "{highest:?} was handed out"
    );
    let bound = after
        .property("write.metadata.previous-versions-max")
        .map_or(100, |max| max.parse::<usize>().unwrap().max(1));
    assert!(after.metadata_log().len() <= bound);
}

fn extended(format_version: u8) -> TableMetadata {
    let mut json = value(&table(format_version));
    json["x-top"] = json!({"deep": [1.50]});
    json["schemas"][0]["x-schema"] = json!("s");
    json["schemas"][0]["fields"][0]["x-field"] = json!([null]);
    json["partition-specs"][0]["x-spec"] = json!(true);
    TableMetadata::parse(json.to_string().as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_updates_leave_a_table_that_the_spec_allows(
        version in 1_u8..=3,
        commits in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..12),
    ) {
        let mut base = extended(version);
        let mut fresh = 1000;
        for steps in commits {
            // The steps of one commit do not see each other's effects, so some commits are refused as a whole.
            let Ok(updates) = serde_json::from_value::<Vec<TableUpdate>>(concrete(&base, &steps, &mut fresh)) else { continue };
            let at = point(base.last_updated_ms() + 1000);
            let Ok(Some(after)) = apply_table(&base, &updates, &at) else { continue };
            check_invariants(&base, &after);
            let read = TableMetadata::parse(&after.to_json()).unwrap();
            prop_assert_eq!(read.to_json(), after.to_json());
            base = after;
        }
        let json = value(&base);
        prop_assert_eq!(&json["x-top"], &json!({"deep": [1.50]}));
        let first = json["schemas"].as_array().unwrap().iter().find(|s| s["schema-id"] == 0);
        prop_assert!(first.is_none_or(|s| s["x-schema"] == "s" && s["fields"][0]["x-field"] == json!([null])));
        let first = json["partition-specs"].as_array().unwrap().iter().find(|s| s["spec-id"] == 0);
        prop_assert!(first.is_none_or(|s| s["x-spec"] == true));
    }

    #[test]
    fn extensions_anywhere_come_back(values in prop::collection::vec(json_text(), 14)) {
        let text = insert_everywhere(V3, &values);
        let table = TableMetadata::parse(text.as_bytes()).unwrap();
        let printed = String::from_utf8(table.to_json()).unwrap();
        prop_assert!(same_value(&printed, &text), "{} became {}", text, printed);
        let changed = apply(&table, json!([{"action": "set-location", "location": "s3://x/y"}]));
        let printed = String::from_utf8(changed.to_json()).unwrap();
        for value in values {
            prop_assert!(printed.contains(&value), "{} is gone", value);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = TableMetadata::parse(text.as_bytes());
        let _ = crate::ViewMetadata::parse(text.as_bytes());
        let _ = serde_json::from_str::<TableUpdate>(&text);
    }
}

/// Any JSON in compact spelling; its numbers need not fit any number type.
fn json_text() -> impl Strategy<Value = String> {
    let string = "[ -~é🦆\\\\\"]{0,12}".prop_map(|text| Value::from(text).to_string());
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        "-?[1-9][0-9]{0,40}",
        "-?[0-9]\\.[0-9]{1,30}([eE][+-]?[0-9]{1,4})?",
        string.clone(),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let string = string.clone();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|l| format!("[{}]", l.join(","))),
            prop::collection::btree_map(string, inner, 0..4).prop_map(|map| {
                let members: Vec<_> = map.iter().map(|(key, v)| format!("{key}:{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// The metadata with an unknown member at the start of each kind of object.
fn insert_everywhere(text: &str, values: &[String]) -> String {
    let anchors = [
        "\"format-version\":",
        "\"type\": \"struct\",\n      \"schema-id\": 1",
        "\"id\": 2,\n          \"name\": \"ts\"",
        "\"element-id\": 12",
        "\"key-id\": 15",
        "\"spec-id\": 3",
        "\"name\": \"b\",\n          \"transform\": \"bucket",
        "\"order-id\": 2",
        "\"transform\": \"truncate",
        "\"key-id\": \"k1\",\n      \"encrypted",
        "\"snapshot-id\": 3051729675574597002,\n      \"type\": \"branch\"",
        "\"sequence-number\": 1,\n      \"snapshot-id\"",
        "\"statistics-path\": \"s3://a/b/s.puffin\"",
        "\"metadata-file\": \"s3://a/b/metadata/1.json\"",
    ];
    let mut text = text.to_owned();
    for (index, (anchor, value)) in anchors.iter().zip(values).enumerate() {
        assert!(text.contains(anchor), "{anchor}");
        let with = format!("\"ext-{index}\": {value}, {anchor}");
        text = text.replacen(anchor, &with, 1);
    }
    text
}
