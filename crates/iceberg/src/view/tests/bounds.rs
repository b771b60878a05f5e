//! Large commits are applied soon. The tests measure no time: quadratic code would run for minutes and be noticed.

use serde_json::json;

use super::*;

#[test]
fn a_thousand_long_versions_and_schemas_are_added_in_one_commit() {
    let long = "x".repeat(20_000);
    let mut updates = Vec::new();
    for n in 0..400 {
        let query = json!([sql("spark", &format!("SELECT '{long}' -- {n}"))]);
        let added = version(n + 2, 0, &query);
        updates.push(json!({"action": "add-view-version", "view-version": added}));
        let mut wide = schema("a");
        let column =
            |id: i32| json!({"id": id, "name": format!("c{id}"), "required": false, "type": "int"});
        let mut fields: Vec<_> = (1..30).map(column).collect();
        fields[28]["doc"] = json!(n.to_string());
        wide["fields"] = fields.into();
        updates.push(json!({"action": "add-schema", "schema": wide}));
    }
    let after = apply(&view(), json!(updates));
    assert_eq!(after.version_count(), 401);
    // All of them exist now, so none is added again.
    assert!(try_apply(&after, json!(updates)).unwrap().is_none());
}

#[test]
fn the_size_of_an_update_is_about_that_of_its_text() {
    let long = "x".repeat(20_000);
    let mut wide = schema(&long);
    wide["later"] = json!(long);
    for update in [
        json!({"action": "add-schema", "schema": wide}),
        json!({"action": "set-properties", "updates": {"a": long}}),
        json!({"action": "add-view-version", "view-version": version(2, 0, &json!([sql("spark", &long)]))}),
    ] {
        let text = update.to_string().len();
        let size = serde_json::from_value::<ViewUpdate>(update.clone())
            .unwrap()
            .size();
        assert!(size.abs_diff(text) < 500, "{size} for {text}");
    }
}
