//! Schemas, specs and sort orders: equal ones are not added again, −1 is the last one, those in use cannot be removed.

use serde_json::{Value, json};

use super::kit::*;
use crate::TableMetadata;

fn with_column(name: &str) -> Value {
    let mut fields = columns();
    let field = json!({"id": 4, "name": name, "required": false, "type": "int"});
    fields.as_array_mut().unwrap().push(field);
    schema(&fields)
}

fn spec(transform: &str) -> Value {
    json!({"spec-id": 77, "fields": [
        {"source-id": 2, "transform": transform, "name": "p", "field-id": 1000}]})
}

fn order(direction: &str) -> Value {
    json!({"order-id": 77, "fields": [
        {"source-id": 1, "transform": "identity", "direction": direction,
         "null-order": "nulls-first"}]})
}

#[test]
fn a_new_schema_gets_the_next_id_and_an_equal_one_is_found() {
    let table = table(2);
    let wider = apply(
        &table,
        json!([
            {"action": "add-schema", "schema": with_column("c")},
            {"action": "set-current-schema", "schema-id": -1}
        ]),
    );
    let json = value(&wider);
    assert_eq!(json["current-schema-id"], 1);
    assert_eq!(json["schemas"][1]["schema-id"], 1);
    assert_eq!(json["last-column-id"], 4);

    let back = apply(
        &wider,
        json!([
            {"action": "add-schema", "schema": schema(&columns())},
            {"action": "set-current-schema", "schema-id": -1}
        ]),
    );
    assert_eq!(back.current_schema_id(), 0);
    assert_eq!(value(&back)["schemas"].as_array().unwrap().len(), 2);
    assert_eq!(back.last_column_id(), 4);

    let again = json!([{"action": "add-schema", "schema": schema(&columns())}]);
    assert!(try_apply(&wider, again).unwrap().is_none());
}

#[test]
fn a_dropped_column_id_is_never_free_again() {
    let wider = apply(
        &table(2),
        json!([
            {"action": "add-schema", "schema": with_column("c")},
            {"action": "set-current-schema", "schema-id": -1},
            {"action": "set-current-schema", "schema-id": 0},
            {"action": "remove-schemas", "schema-ids": [1]}
        ]),
    );
    assert_eq!(wider.last_column_id(), 4);
    assert_eq!(value(&wider)["schemas"].as_array().unwrap().len(), 1);
}

#[test]
fn a_spec_is_for_the_columns_of_the_schema_that_has_the_id_now() {
    let on = |name: &str, id: i32| {
        json!({"action": "add-spec", "spec": {"spec-id": 0, "fields": [
            {"source-id": id, "transform": "identity", "name": name, "field-id": 1000}]}})
    };
    let mut other = columns();
    let field = json!({"id": 5, "name": "other", "required": false, "type": "int"});
    other.as_array_mut().unwrap().push(field);
    let replaced = |last: Value| {
        json!([
            {"action": "add-schema", "schema": with_column("c")},
            {"action": "set-current-schema", "schema-id": -1},
            on("c", 4),
            {"action": "set-current-schema", "schema-id": 0},
            {"action": "remove-schemas", "schema-ids": [1]},
            {"action": "add-schema", "schema": schema(&other)},
            {"action": "set-current-schema", "schema-id": -1},
            last
        ])
    };
    let table = table(2);
    let after = apply(&table, replaced(on("other", 5)));
    assert_eq!(after.current_schema_id(), 1);
    assert_eq!(
        value(&after)["partition-specs"].as_array().unwrap().len(),
        3
    );
    let refused = refused(&table, replaced(on("again", 4)));
    assert!(refused.contains("Cannot find source column"), "{refused}");
}

#[test]
fn specs_get_ids_and_equal_ones_are_found() {
    let table = table(2);
    let parted = apply(
        &table,
        json!([
            {"action": "add-spec", "spec": spec("day")},
            {"action": "set-default-spec", "spec-id": -1}
        ]),
    );
    let json = value(&parted);
    assert_eq!(json["default-spec-id"], 1);
    assert_eq!(json["partition-specs"][1]["spec-id"], 1);
    assert_eq!(json["last-partition-id"], 1000);

    let back = apply(
        &parted,
        json!([
            {"action": "add-spec", "spec": {"fields": []}},
            {"action": "set-default-spec", "spec-id": -1}
        ]),
    );
    assert_eq!(value(&back)["default-spec-id"], 0);
    assert_eq!(value(&back)["partition-specs"].as_array().unwrap().len(), 2);
    let gone = apply(
        &back,
        json!([{"action": "remove-partition-specs", "spec-ids": [1]}]),
    );
    assert_eq!(value(&gone)["partition-specs"].as_array().unwrap().len(), 1);
    assert_eq!(value(&gone)["last-partition-id"], 1000);
}

#[test]
fn fields_without_ids_take_those_of_equal_fields() {
    let parted = apply(
        &table(2),
        json!([{"action": "add-spec", "spec": spec("day")}]),
    );
    let both = apply(
        &parted,
        json!([{"action": "add-spec", "spec": {"fields": [
        {"source-id": 1, "transform": "bucket[4]", "name": "b"},
        {"source-id": 2, "transform": "day", "name": "d"}]}}]),
    );
    let json = value(&both);
    assert_eq!(json["partition-specs"][2]["fields"][0]["field-id"], 1001);
    assert_eq!(json["partition-specs"][2]["fields"][1]["field-id"], 1000);
}

#[test]
fn v1_specs_count_their_fields_from_1000() {
    let skips = json!([{"action": "add-spec", "spec": {"fields": [
        {"source-id": 2, "transform": "day", "name": "p", "field-id": 1001}]}}]);
    let message = refused(&table(1), skips);
    assert!(
        message.contains("sequential IDs that are required in v1"),
        "{message}"
    );
}

#[test]
fn orders_get_ids_and_equal_ones_are_found() {
    let sorted = apply(
        &table(2),
        json!([
            {"action": "add-sort-order", "sort-order": order("asc")},
            {"action": "add-sort-order", "sort-order": order("desc")},
            {"action": "set-default-sort-order", "sort-order-id": -1}
        ]),
    );
    let json = value(&sorted);
    assert_eq!(json["default-sort-order-id"], 2);
    assert_eq!(json["sort-orders"].as_array().unwrap().len(), 3);
    let unsorted = apply(
        &sorted,
        json!([
            {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
            {"action": "set-default-sort-order", "sort-order-id": -1}
        ]),
    );
    assert_eq!(value(&unsorted)["default-sort-order-id"], 0);
    assert_eq!(value(&unsorted)["sort-orders"].as_array().unwrap().len(), 3);
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let current = "Cannot remove the current schema";
    let cases = [
        (
            json!({"action": "set-current-schema", "schema-id": -1}),
            "no schema has been added",
        ),
        (
            json!({"action": "set-current-schema", "schema-id": 8}),
            "unknown schema: 8",
        ),
        (
            json!({"action": "set-default-spec", "spec-id": -1}),
            "no spec has been added",
        ),
        (
            json!({"action": "set-default-spec", "spec-id": 8}),
            "unknown spec: 8",
        ),
        (
            json!({"action": "set-default-sort-order", "sort-order-id": -1}),
            "no sort order has",
        ),
        (
            json!({"action": "set-default-sort-order", "sort-order-id": 8}),
            "sort order: 8",
        ),
        (
            json!({"action": "remove-schemas", "schema-ids": [0]}),
            current,
        ),
        (
            json!({"action": "remove-partition-specs", "spec-ids": [0]}),
            "default partition spec",
        ),
        (json!({"action": "add-spec", "spec": spec("hour[")}), ""),
        (
            json!({"action": "add-spec", "spec": spec("truncate[8]")}),
            "Invalid source type timestamptz",
        ),
    ];
    for (update, want) in cases {
        if want.is_empty() {
            // An unknown transform may be of a later version, so it is accepted.
            apply(&table(2), json!([update]));
            continue;
        }
        let message = refused(&table(2), json!([update]));
        assert!(message.contains(want), "{message} lacks {want}");
    }
}

#[test]
fn a_schema_that_lacks_a_partition_column_cannot_become_current() {
    let parted = apply(
        &table(2),
        json!([
            {"action": "add-spec", "spec": spec("day")},
            {"action": "set-default-spec", "spec-id": -1}
        ]),
    );
    let narrow = schema(&json!([columns()[0]]));
    let message = refused(
        &parted,
        json!([
            {"action": "add-schema", "schema": narrow},
            {"action": "set-current-schema", "schema-id": -1}
        ]),
    );
    let want = "Cannot find source column for partition field: 1000: p: day(2)";
    assert!(message.contains(want), "{message}");
}

/// A table with the partition field `p` that is the day of `ts`, in its default spec.
fn parted() -> TableMetadata {
    apply(
        &parted_once(),
        json!([{"action": "set-default-spec", "spec-id": 1}]),
    )
}

/// A table with the same partition field, in a spec that is not the default one.
fn parted_once() -> TableMetadata {
    apply(
        &table(2),
        json!([{"action": "add-spec", "spec": spec("day")}]),
    )
}

fn become_current(schema: &Value) -> Value {
    json!([
        {"action": "add-schema", "schema": schema},
        {"action": "set-current-schema", "schema-id": -1}
    ])
}

const TAKEN: &str = "partition sourced from different field in schema: p";

#[test]
fn a_column_cannot_take_the_name_of_a_partition_field() {
    for base in [parted(), parted_once()] {
        let message = refused(&base, become_current(&with_column("p")));
        assert!(message.contains(TAKEN), "{message}");
        // The schema may be added as long as it does not become current.
        let mut updates = become_current(&with_column("p"));
        updates.as_array_mut().unwrap().pop();
        apply(&base, updates);
        apply(&base, become_current(&with_column("q")));
    }
    // If the column that the field reads is dropped, the Java reference accepts the name.
    let mut without_ts = with_column("p");
    without_ts["fields"].as_array_mut().unwrap().remove(1);
    apply(&parted_once(), become_current(&without_ts));
}

#[test]
fn a_table_whose_names_clash_already_can_be_changed_and_repaired() {
    let mut json = value(&apply(&parted(), become_current(&with_column("q"))));
    json["schemas"][1]["fields"][3]["name"] = "p".into();
    let broken = TableMetadata::parse(json.to_string().as_bytes()).unwrap();
    let message = broken.validate().unwrap_err().to_string();
    assert!(message.contains(TAKEN), "{message}");
    append(&broken, 11);
    let mut wider = with_column("p");
    let field = json!({"id": 5, "name": "r", "required": false, "type": "int"});
    wider["fields"].as_array_mut().unwrap().push(field);
    apply(&broken, become_current(&wider));
    let old = json!([{"action": "set-current-schema", "schema-id": 0}]);
    let repaired = apply(&broken, old);
    repaired.validate().unwrap();
    let again = json!([{"action": "set-current-schema", "schema-id": 1}]);
    let message = refused(&repaired, again);
    assert!(message.contains(TAKEN), "{message}");
}

#[test]
fn transforms_of_several_columns_are_carried() {
    let several = json!({"fields": [{"source-ids": [1, 3], "transform": "bucket[16]",
        "name": "b", "field-id": 1000, "later": [1]}]});
    let parted = apply(&table(3), json!([{"action": "add-spec", "spec": several}]));
    assert_eq!(
        value(&parted)["partition-specs"][1]["fields"],
        several["fields"]
    );
    let hidden = json!({"fields": [{"source-id": 9, "source-ids": [], "transform": "bucket[16]",
        "name": "b", "field-id": 1000}]});
    let message = refused(&table(3), json!([{"action": "add-spec", "spec": hidden}]));
    assert!(message.contains("bucket[16](9)"), "{message}");
    let missing = json!({"fields": [{"source-ids": [1, 9], "transform": "bucket[16]",
        "name": "b", "field-id": 1000}]});
    let message = refused(&table(3), json!([{"action": "add-spec", "spec": missing}]));
    assert!(message.contains("bucket[16](1, 9)"), "{message}");
}

#[test]
fn before_v3_a_transform_has_one_column_in_the_spelling_of_that_time() {
    let fields = |sources: &Value| {
        let mut field = json!({"transform": "bucket[16]", "name": "b", "field-id": 1000,
            "direction": "asc", "null-order": "nulls-first"});
        let sources = sources.as_object().unwrap().clone();
        field.as_object_mut().unwrap().extend(sources);
        json!([field])
    };
    let add = |sources: &Value| json!({"action": "add-spec", "spec": {"fields": fields(sources)}});
    let sort = |sources: &Value| json!({"action": "add-sort-order", "sort-order": {"order-id": 1, "fields": fields(sources)}});
    for wrong in [
        json!({"source-ids": [1, 3]}),
        json!({"source-id": 1, "source-ids": [1, 3]}),
        json!({"source-id": 3, "source-ids": [1]}),
    ] {
        for version in [1, 2] {
            for update in [add(&wrong), sort(&wrong)] {
                let message = refused(&table(version), json!([update]));
                let want = "transforms of several columns are not supported until v3";
                assert!(message.contains(want), "{message}");
            }
        }
        let request =
            json!({"schema": schema(&columns()), "partition-spec": {"fields": fields(&wrong)}});
        let error = TableMetadata::create(new_table(&request), NOW)
            .unwrap_err()
            .to_string();
        assert!(error.contains("Invalid partition field"), "{error}");
    }
    for version in [1, 2, 3] {
        let one = json!({"source-ids": [1]});
        let after = apply(&table(version), json!([add(&one), sort(&one)]));
        let json = value(&after);
        for field in ["/partition-specs/1/fields/0", "/sort-orders/1/fields/0"] {
            let field = json.pointer(field).unwrap();
            assert_eq!(
                (&field["source-id"], field.get("source-ids")),
                (&json!(1), None)
            );
        }
        let again = json!([add(&json!({"source-id": 1, "source-ids": [1]}))]);
        assert!(try_apply(&after, again).unwrap().is_none());
    }
}

#[test]
fn sources_of_stored_layouts_stay_as_they_are() {
    let mut json = value(&table(2));
    json["partition-specs"][0]["fields"] = json!([{"source-ids": [1], "transform": "bucket[16]",
        "name": "b", "field-id": 1000}]);
    let stored = TableMetadata::parse(json.to_string().as_bytes()).unwrap();
    assert_eq!(value(&stored), json);
    let same = json!([{"action": "add-spec", "spec": {"fields": [
        {"source-id": 1, "transform": "bucket[16]", "name": "b"}]}}]);
    assert!(try_apply(&stored, same).unwrap().is_none());
}

#[test]
fn a_stored_column_of_an_odd_type_keeps_nobody_from_changing_the_schema() {
    let mut json = value(&table(2));
    let odd = json!({"id": 3, "name": "data", "required": false, "type": "varchar", "doc": 5});
    json["schemas"][0]["fields"][2] = odd.clone();
    let stored = TableMetadata::parse(json.to_string().as_bytes()).unwrap();
    let mut wider = schema(&json!([columns()[0], odd,
        {"id": 4, "name": "new", "required": false, "type": "int"}]));
    wider["fields"][1]["name"] = "renamed".into();
    let after = apply(&stored, become_current(&wider));
    assert_eq!(value(&after)["schemas"][1]["fields"], wider["fields"]);
    // The odd type in another field is a new problem, and so is another odd type in this field.
    for (field, ty) in [(2, "varchar"), (1, "text")] {
        let mut wrong = wider.clone();
        wrong["fields"][field]["type"] = ty.into();
        let message = refused(&after, become_current(&wrong));
        assert!(message.contains("use string"), "{message}");
        assert_eq!(message.matches("Invalid type").count(), 1, "{message}");
    }
}
