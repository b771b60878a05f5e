#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod bounds;
mod properties;

use serde_json::{Value, json};

use super::*;
use crate::json::same_value;

const NOW: i64 = 1_700_000_000_000;
const UUID: &str = "fa6506c3-7681-40c8-86dc-e36561f83385";
const FIXTURE: &str = include_str!("../../tests/fixtures/view-v1.json");

fn sql(dialect: &str, sql: &str) -> Value {
    json!({"type": "sql", "sql": sql, "dialect": dialect})
}

fn version(id: i32, schema_id: i32, queries: &Value) -> Value {
    json!({"version-id": id, "timestamp-ms": NOW - 5 + i64::from(id), "schema-id": schema_id,
        "summary": {"engine-name": "spark"}, "default-namespace": ["ns"],
        "representations": queries})
}

fn schema(column: &str) -> Value {
    json!({"type": "struct", "schema-id": 9,
        "fields": [{"id": 1, "name": column, "required": false, "type": "int"}]})
}

fn new_view(queries: &Value) -> Result<ViewMetadata, UpdateError> {
    let new = NewView {
        uuid: UUID.parse().unwrap(),
        location: "s3://a/v/".to_owned(),
        schema: serde_json::from_value(schema("a")).unwrap(),
        view_version: serde_json::from_value(version(44, 9, queries)).unwrap(),
        properties: [("comment".to_owned(), "mine".to_owned())]
            .into_iter()
            .collect(),
    };
    ViewMetadata::create(new, NOW)
}

fn view() -> ViewMetadata {
    new_view(&json!([sql("spark", "SELECT 1")])).unwrap()
}

fn try_apply(base: &ViewMetadata, updates: Value) -> Result<Option<ViewMetadata>, UpdateError> {
    let updates: Vec<ViewUpdate> = serde_json::from_value(updates).unwrap();
    apply_view(base, &updates, NOW + 1000)
}

fn apply(base: &ViewMetadata, updates: Value) -> ViewMetadata {
    try_apply(base, updates).unwrap().unwrap()
}

fn refused(base: &ViewMetadata, updates: Value) -> String {
    try_apply(base, updates).unwrap_err().to_string()
}

fn value(view: &ViewMetadata) -> Value {
    serde_json::from_slice(&view.to_json()).unwrap()
}

fn replace(id: i32, text: &str) -> Value {
    json!([
        {"action": "add-view-version", "view-version": version(id, 0, &json!([sql("spark", text)]))},
        {"action": "set-current-view-version", "view-version-id": -1}
    ])
}

fn ids(view: &ViewMetadata, list: &str) -> Vec<i64> {
    let json = value(view);
    json[list]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["version-id"].as_i64().unwrap())
        .collect()
}

#[test]
fn a_new_view_has_version_one_of_schema_zero() {
    let expected = json!({
        "view-uuid": UUID, "format-version": 1, "location": "s3://a/v",
        "properties": {"comment": "mine"},
        "schemas": [{"type": "struct", "schema-id": 0, "fields": schema("a")["fields"]}],
        "current-version-id": 1,
        "versions": [{"version-id": 1, "timestamp-ms": NOW + 39, "schema-id": 0,
            "summary": {"engine-name": "spark"}, "default-namespace": ["ns"],
            "representations": [sql("spark", "SELECT 1")]}],
        "version-log": [{"timestamp-ms": NOW + 39, "version-id": 1}]
    });
    assert_eq!(value(&view()), expected);
    let parsed = ViewMetadata::parse(&view().to_json()).unwrap();
    parsed.validate().unwrap();
    assert_eq!(value(&parsed), expected);
    let twice = json!([sql("Trino", "SELECT 1"), sql("trino", "SELECT 2")]);
    let error = new_view(&twice).unwrap_err().to_string();
    assert_eq!(
        error,
        "Invalid view version: Cannot add multiple queries for dialect trino"
    );
    let error = new_view(&json!([])).unwrap_err().to_string();
    assert_eq!(error, "Cannot create view without specifying a query");
}

#[test]
fn the_fixture_survives_reading_printing_and_a_commit() {
    let view = ViewMetadata::parse(FIXTURE.as_bytes()).unwrap();
    view.validate().unwrap();
    let printed = String::from_utf8(view.to_json()).unwrap();
    assert!(same_value(&printed, FIXTURE), "{printed}");
    let updates = json!([{"action": "set-properties", "updates": {"new": "one"}}]);
    let printed = String::from_utf8(apply(&view, updates).to_json()).unwrap();
    let expected = FIXTURE.replace("\"comment\":", "\"new\": \"one\", \"comment\":");
    assert!(same_value(&printed, &expected), "{printed}");
}

#[test]
fn replacing_adds_versions_and_going_back_finds_them() {
    let two = apply(&view(), replace(2, "SELECT 2"));
    assert_eq!(
        (ids(&two, "versions"), two.current_version_id()),
        (vec![1, 2], 2)
    );
    // The id is taken: the version gets the next one.
    let three = apply(&two, replace(2, "SELECT 3"));
    assert_eq!(
        (ids(&three, "versions"), three.current_version_id()),
        (vec![1, 2, 3], 3)
    );
    let back = apply(&three, replace(4, "SELECT 1"));
    assert_eq!(
        (ids(&back, "versions"), back.current_version_id()),
        (vec![1, 2, 3], 1)
    );
    assert_eq!(ids(&back, "version-log"), [1, 2, 3, 1]);
    assert_eq!(back.last_updated_ms(), Some(NOW + 1000));
    assert!(try_apply(&back, replace(4, "SELECT 1")).unwrap().is_none());
}

#[test]
fn schemas_are_reused_and_minus_one_is_the_last() {
    let two = apply(
        &view(),
        json!([
            {"action": "add-schema", "schema": schema("b")},
            {"action": "add-view-version",
             "view-version": version(2, -1, &json!([sql("spark", "SELECT b")]))},
            {"action": "set-current-view-version", "view-version-id": 2}
        ]),
    );
    assert_eq!(value(&two)["versions"][1]["schema-id"], 1);
    let same = json!([{"action": "add-schema", "schema": schema("a")}]);
    assert!(try_apply(&two, same).unwrap().is_none());
}

#[test]
fn old_versions_expire_and_the_log_with_them() {
    let mut view = apply(
        &view(),
        json!([
            {"action": "set-properties", "updates": {"version.history.num-entries": "2"}}
        ]),
    );
    for id in 2..=4 {
        view = apply(&view, replace(id, &format!("SELECT {id}")));
    }
    assert_eq!(ids(&view, "versions"), [3, 4]);
    assert_eq!(ids(&view, "version-log"), [3, 4]);
    let back = apply(
        &view,
        json!([{"action": "set-current-view-version", "view-version-id": 3}]),
    );
    let next = apply(&back, replace(9, "SELECT 9"));
    assert_eq!(ids(&next, "versions"), [4, 9]);
    assert_eq!(ids(&next, "version-log"), [9], "3 is gone between 4 and 9");
    let bad =
        json!([{"action": "set-properties", "updates": {"version.history.num-entries": "0"}}]);
    assert!(refused(&view, bad).contains("must be positive but was 0"));
}

#[test]
fn a_dialect_is_only_dropped_when_that_is_allowed() {
    let both = json!([sql("spark", "SELECT 1"), sql("Trino", "SELECT 1")]);
    let view = new_view(&both).unwrap();
    let message = refused(&view, replace(2, "SELECT 2"));
    assert_eq!(
        message,
        "Cannot replace view due to loss of view dialects (replace.drop-dialect.allowed=false):\n\
         Previous dialects: [spark, trino]\nNew dialects: [spark]"
    );
    let allow = json!([{"action": "set-properties",
        "updates": {"replace.drop-dialect.allowed": "true"}}]);
    apply(&apply(&view, allow), replace(2, "SELECT 2"));
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let other = "00000000-0000-0000-0000-000000000001";
    let cases = [
        (
            json!({"action": "assign-uuid", "uuid": other}),
            "Cannot reassign uuid",
        ),
        (
            json!({"action": "upgrade-format-version", "format-version": 0}),
            "Cannot downgrade v1",
        ),
        (
            json!({"action": "upgrade-format-version", "format-version": 2}),
            "Unsupported format",
        ),
        (
            json!({"action": "set-current-view-version", "view-version-id": 5}),
            "unknown version: 5",
        ),
        (
            json!({"action": "set-current-view-version", "view-version-id": -1}),
            "no version has",
        ),
        (
            json!({"action": "add-view-version", "view-version": version(2, 7, &json!([]))}),
            "Cannot add version with unknown schema: 7",
        ),
        (
            json!({"action": "add-view-version", "view-version": version(2, -1, &json!([]))}),
            "no schema has been added",
        ),
    ];
    for (update, want) in cases {
        let message = refused(&view(), json!([update]));
        assert!(message.contains(want), "{message} lacks {want}");
    }
    let parse = |json: Value| {
        serde_json::from_value::<ViewUpdate>(json)
            .unwrap_err()
            .to_string()
    };
    assert!(
        parse(json!({"action": "add-spec"})).contains("Cannot apply update `add-spec` to a view")
    );
    assert!(parse(json!({"action": "x"})).contains("the action `x` is not known"));
}

#[test]
fn requirements_are_checked() {
    let check = |uuid: &str| {
        let json = json!([{"type": "assert-view-uuid", "uuid": uuid}]);
        let requirements: Vec<ViewRequirement> = serde_json::from_value(json).unwrap();
        check_view(&requirements, &view()).map_err(|error| error.to_string())
    };
    assert_eq!(check(&UUID.to_uppercase()), Ok(()));
    let other = "00000000-0000-0000-0000-000000000001";
    let want = format!("Requirement failed: view UUID does not match: expected {UUID} != {other}");
    assert_eq!(check(other), Err(want));
    let of_table = json!({"type": "assert-create"});
    assert!(serde_json::from_value::<ViewRequirement>(of_table).is_err());
}

#[test]
fn updates_survive_reading_and_printing() {
    let all = json!([
        {"action": "assign-uuid", "uuid": UUID},
        {"action": "upgrade-format-version", "format-version": 1},
        {"action": "add-schema", "schema": schema("a")},
        {"action": "set-location", "location": "s3://a/v"},
        {"action": "set-properties", "updates": {"a": "b"}},
        {"action": "remove-properties", "removals": ["a"]},
        {"action": "add-view-version", "view-version": version(2, -1, &json!([]))},
        {"action": "set-current-view-version", "view-version-id": -1}
    ]);
    let updates: Vec<ViewUpdate> = serde_json::from_value(all.clone()).unwrap();
    assert_eq!(serde_json::to_value(updates).unwrap(), all);
}

#[test]
fn metadata_that_does_not_fit_together_is_refused() {
    let good = value(&view());
    for (key, part, want) in [
        ("format-version", json!(2), "Unsupported format version: 2"),
        ("view-uuid", json!("x"), "`view-uuid`"),
        (
            "current-version-id",
            json!(7),
            "Cannot find current version 7",
        ),
        ("versions", json!([]), "Cannot find current version 1"),
        ("version-log", json!(null), "`version-log` is missing"),
        (
            "schemas",
            json!([schema("a"), schema("b")]),
            "schema id 9 occurs more than once",
        ),
    ] {
        let mut bad = good.clone();
        bad[key] = part;
        let message = ViewMetadata::parse(bad.to_string().as_bytes())
            .unwrap_err()
            .to_string();
        assert!(message.contains(want), "{message} lacks {want}");
    }
}

#[test]
fn nulls_in_schemas_that_clients_send_are_not_kept() {
    let mut sent = schema("b");
    sent["fields"][0]["initial-default"] = json!(null);
    let after = apply(&view(), json!([{"action": "add-schema", "schema": sent}]));
    let stored = value(&after)["schemas"][1].clone();
    assert_eq!(stored["fields"], schema("b")["fields"]);
}

#[test]
fn types_that_no_table_has_are_refused_but_stored_ones_stay() {
    let odd = |column: &str| {
        let mut odd = schema(column);
        odd["fields"][0]["type"] = "varchar".into();
        json!([{"action": "add-schema", "schema": odd}])
    };
    let message = refused(&view(), odd("b"));
    assert!(message.contains("Invalid type for b: varchar"), "{message}");
    let mut stored = value(&view());
    stored["schemas"][0]["fields"][0]["type"] = "varchar".into();
    let stored = ViewMetadata::parse(stored.to_string().as_bytes()).unwrap();
    apply(&stored, odd("b"));
}
