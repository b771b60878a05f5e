//! Snapshots, references, row ids, and the files that describe snapshots.

use serde_json::json;

use super::kit::*;
use crate::UpdateError;

#[test]
fn an_append_moves_main_and_counts_up() {
    let one = append(&table(3), 11);
    let two = append(&one, 12);
    assert_eq!(two.current_snapshot_id(), Some(12));
    assert_eq!(two.last_sequence_number(), 2);
    assert_eq!(two.next_row_id(), Some(20));
    let log: Vec<_> = two
        .snapshot_log()
        .iter()
        .map(|entry| entry.snapshot_id)
        .collect();
    assert_eq!(log, [11, 12]);
    assert_eq!(two.snapshots()[1].parent_id(), Some(11));
    assert_eq!(
        two.snapshots()[1].manifest_list().unwrap(),
        "s3://b/t/metadata/snap-12.avro"
    );
}

#[test]
fn a_snapshot_built_on_an_old_state_is_stale_not_wrong() {
    let one = append(&table(3), 11);
    let base = append(&one, 12);
    let mut late = snapshot(&one, 13);
    let add =
        |snapshot: &serde_json::Value| json!([{"action": "add-snapshot", "snapshot": snapshot}]);
    let error = try_apply(&base, add(&late)).unwrap_err();
    assert!(matches!(error, UpdateError::Stale(_)));
    let want = "Cannot add snapshot with sequence number 2 older than last sequence number 2";
    assert_eq!(
        error.to_string(),
        format!("Validation failed, please retry: {want}")
    );
    late["sequence-number"] = 3.into();
    let error = try_apply(&base, add(&late)).unwrap_err().to_string();
    assert!(
        error.contains("first-row-id is behind table next-row-id: 10 < 20"),
        "{error}"
    );
    late["first-row-id"] = 20.into();
    try_apply(&base, add(&late)).unwrap();
}

#[test]
fn row_ids_after_a_gap_are_not_given_twice() {
    let base = append(&table(3), 11);
    let mut far = snapshot(&base, 12);
    far["first-row-id"] = 1000.into();
    let after = apply(&base, json!([{"action": "add-snapshot", "snapshot": far}]));
    assert_eq!(after.next_row_id(), Some(1010));
}

#[test]
fn the_last_sequence_number_never_goes_back() {
    let base = append(&append(&table(2), 11), 12);
    let orphan = json!({"snapshot-id": 13, "sequence-number": 1, "timestamp-ms": NOW + 3000,
        "manifest-list": "m", "summary": {"operation": "append"}});
    let added = apply(
        &base,
        json!([{"action": "add-snapshot", "snapshot": orphan}]),
    );
    assert_eq!(added.last_sequence_number(), 2);
}

#[test]
fn snapshots_that_cannot_be_are_refused() {
    let base = append(&table(3), 11);
    let refused_with = |key: &str, part: serde_json::Value| {
        let mut new = snapshot(&base, 12);
        new[key] = part;
        refused(&base, json!([{"action": "add-snapshot", "snapshot": new}]))
    };
    assert!(refused_with("snapshot-id", 11.into()).contains("Snapshot already exists for id: 11"));
    assert!(refused_with("first-row-id", json!(null)).contains("first-row-id is null"));
    assert!(refused_with("added-rows", i64::MAX.into()).contains("there are no"));

    let parse = |key: &str, part: serde_json::Value| {
        let mut new = snapshot(&base, 12);
        new[key] = part;
        let update = json!({"action": "add-snapshot", "snapshot": new});
        serde_json::from_value::<crate::TableUpdate>(update)
            .unwrap_err()
            .to_string()
    };
    assert!(parse("snapshot-id", json!(-1)).contains("the snapshot id cannot be -1"));
    assert!(parse("added-rows", json!(-1)).contains("added-rows cannot be negative: -1"));
    assert!(parse("added-rows", json!(null)).contains("added-rows is required"));
    assert!(parse("manifest-list", json!(null)).contains("`manifest-list` is missing"));
    assert!(parse("timestamp-ms", json!("now")).contains("invalid type: string"));
    assert!(parse("summary", json!({"operation": 1})).contains("`summary`"));
}

#[test]
fn branches_and_tags_have_rules() {
    let base = append(&table(2), 11);
    let reference = |name: &str, kind: &str, more: serde_json::Value| {
        let mut update = set_ref(name, kind, 11);
        update
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!([update])
    };
    let tagged = apply(
        &base,
        reference("v1", "tag", json!({"max-ref-age-ms": 5, "later": 1})),
    );
    let expected = json!({"snapshot-id": 11, "type": "tag", "max-ref-age-ms": 5});
    assert_eq!(value(&tagged)["refs"]["v1"], expected);
    let same = reference("v1", "tag", json!({"max-ref-age-ms": 5}));
    assert!(try_apply(&tagged, same).unwrap().is_none());

    let cases = [
        (
            reference("main", "tag", json!({})),
            "Cannot set main to a tag, it must be a branch",
        ),
        (
            reference("x", "tag", json!({"min-snapshots-to-keep": 1})),
            "Tags do not support",
        ),
        (
            reference("x", "tag", json!({"max-snapshot-age-ms": 1})),
            "Tags do not support",
        ),
        (
            reference("x", "branch", json!({"min-snapshots-to-keep": 0})),
            "greater than 0",
        ),
        (
            reference("x", "branch", json!({"max-snapshot-age-ms": 0})),
            "greater than 0 ms",
        ),
        (
            reference("x", "branch", json!({"max-ref-age-ms": -4})),
            "greater than 0",
        ),
        (
            json!([set_ref("x", "branch", 99)]),
            "Cannot set x to unknown snapshot: 99",
        ),
    ];
    for (updates, want) in cases {
        let message = refused(&base, updates);
        assert!(message.contains(want), "{message} lacks {want}");
    }
}

#[test]
fn without_main_there_is_no_current_snapshot() {
    let base = append(&table(2), 11);
    let update = json!([{"action": "remove-snapshot-ref", "ref-name": "main"}]);
    let empty = apply(&base, update.clone());
    assert_eq!(empty.current_snapshot_id(), None);
    assert_eq!(empty.snapshot_count(), 1);
    assert!(try_apply(&empty, update).unwrap().is_none());
}

#[test]
fn removing_snapshots_takes_along_what_named_them() {
    let file = |id: i64| {
        json!({"snapshot-id": id, "statistics-path": "p", "file-size-in-bytes": 1,
        "file-footer-size-in-bytes": 1, "blob-metadata": []})
    };
    let mut base = append(&append(&table(2), 11), 12);
    base = apply(
        &base,
        json!([
            set_ref("old", "tag", 11),
            {"action": "set-statistics", "snapshot-id": 11, "statistics": file(11)},
            {"action": "set-partition-statistics", "partition-statistics": file(11)},
            {"action": "set-statistics", "statistics": file(12)}
        ]),
    );
    let json = value(&apply(
        &base,
        json!([{"action": "remove-snapshots", "snapshot-ids": [11, 99]}]),
    ));
    assert_eq!(json["snapshots"].as_array().unwrap().len(), 1);
    assert_eq!(
        json["refs"],
        json!({"main": {"snapshot-id": 12, "type": "branch"}})
    );
    assert_eq!(json["statistics"], json!([file(12)]));
    assert_eq!(json["partition-statistics"], json!([]));
    assert_eq!(json["snapshot-log"].as_array().unwrap().len(), 1);
    let nothing = json!([{"action": "remove-snapshots", "snapshot-ids": [99]}]);
    assert!(try_apply(&base, nothing).unwrap().is_none());
}

#[test]
fn a_removed_id_can_come_back() {
    let base = append(&append(&table(2), 11), 12);
    let again = snapshot(&base, 11);
    let table = apply(
        &base,
        json!([
            {"action": "remove-snapshots", "snapshot-ids": [11]},
            {"action": "add-snapshot", "snapshot": again}
        ]),
    );
    let sequence: Vec<_> = table
        .snapshots()
        .iter()
        .map(|s| (s.id(), s.sequence_number()))
        .collect();
    assert_eq!(sequence, [(12, 2), (11, 3)]);
}

#[test]
fn statistics_replace_those_of_the_same_snapshot() {
    let file = |path: &str| {
        json!({"snapshot-id": 11, "statistics-path": path, "file-size-in-bytes": 1,
            "file-footer-size-in-bytes": 1, "blob-metadata": []})
    };
    let base = append(&table(2), 11);
    let set = |path: &str| json!({"action": "set-statistics", "statistics": file(path)});
    let table = apply(&base, json!([set("a"), set("b")]));
    assert_eq!(value(&table)["statistics"], json!([file("b")]));
    let update = json!([{"action": "remove-statistics", "snapshot-id": 11}]);
    let table = apply(&table, update.clone());
    assert_eq!(value(&table)["statistics"], json!([]));
    assert!(try_apply(&table, update).unwrap().is_none());
}

#[test]
fn only_snapshots_with_a_name_are_printed_for_refs() {
    let base = append(&append(&append(&table(2), 11), 12), 13);
    let base = apply(&base, json!([set_ref("t", "tag", 11)]));
    let some: serde_json::Value = serde_json::from_slice(&base.to_json_refs_only()).unwrap();
    let mut all = value(&base);
    all["snapshots"].as_array_mut().unwrap().remove(1);
    assert_eq!(some, all);
}

#[test]
fn encryption_keys_are_added_once_and_removed() {
    let key = json!({"key-id": "k", "encrypted-key-metadata": "aGk=", "later": 1.50});
    let add = json!([{"action": "add-encryption-key", "encryption-key": key}]);
    let table = apply(&table(3), add.clone());
    assert_eq!(value(&table)["encryption-keys"], json!([key]));
    assert!(try_apply(&table, add).unwrap().is_none());
    let table = apply(
        &table,
        json!([{"action": "remove-encryption-key", "key-id": "k"}]),
    );
    assert_eq!(value(&table).get("encryption-keys"), None);
}
