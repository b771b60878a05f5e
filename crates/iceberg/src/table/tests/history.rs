//! Logs, format versions, properties and locations.

use serde_json::json;

use super::kit::*;
use crate::{CommitPoint, TableMetadata, apply_table, removed_metadata_files};

#[test]
fn the_metadata_log_keeps_the_newest() {
    let max = |n: &str| {
        json!([{"action": "set-properties",
            "updates": {"write.metadata.previous-versions-max": n}}])
    };
    let mut base = apply(&table(2), max("3"));
    for _ in 0..5 {
        base = apply(&base, max("3"));
    }
    let files: Vec<_> = base
        .metadata_log()
        .iter()
        .map(|entry| entry.timestamp_ms)
        .collect();
    assert_eq!(files, [NOW + 3000, NOW + 4000, NOW + 5000]);
    let short = apply(&base, max("0"));
    assert_eq!(short.metadata_log().len(), 1);
    assert_eq!(removed_metadata_files(&base, &short).len(), 3);
    let kept = json!([{"action": "set-properties",
        "updates": {"write.metadata.delete-after-commit.enabled": "false",
                    "write.metadata.previous-versions-max": "0"}}]);
    let kept = apply(&base, kept);
    assert_eq!(kept.metadata_log().len(), 1);
    assert!(removed_metadata_files(&base, &kept).is_empty());
    let wanted = json!([{"action": "set-properties",
        "updates": {"write.metadata.delete-after-commit.enabled": "True",
                    "write.metadata.previous-versions-max": "2"}}]);
    let after = apply(&base, wanted);
    let removed = removed_metadata_files(&base, &after);
    assert_eq!(
        removed,
        base.metadata_log()[..2]
            .iter()
            .map(|e| e.metadata_file.clone())
            .collect::<Vec<_>>()
    );
    assert!(refused(&base, max("many")).contains("must be a whole number"));
}

#[test]
fn a_base_that_never_had_a_file_is_in_no_log() {
    let max = |n: &str| {
        json!([{"action": "set-properties",
            "updates": {"write.metadata.previous-versions-max": n}}])
    };
    let mut base = table(3);
    for _ in 0..5 {
        base = apply(&base, max("9"));
    }
    let with_file = point(base.last_updated_ms() + 1000);
    let without = CommitPoint {
        previous_metadata_location: None,
        ..with_file.clone()
    };
    let append = |base: &TableMetadata, id, at| {
        let add = json!({"action": "add-snapshot", "snapshot": snapshot(base, id)});
        let updates = updates(json!([add, set_ref("main", "branch", id)]));
        apply_table(base, &updates, at).unwrap().unwrap()
    };
    let first = append(&base, 11, &with_file);
    let second = append(&first, 12, &without);
    assert_eq!(second.metadata_log(), first.metadata_log());
    assert_eq!(second.metadata_log().len(), base.metadata_log().len() + 1);
    let current = second.snapshot_log().iter().map(|entry| entry.snapshot_id);
    assert_eq!(current.collect::<Vec<_>>(), [11, 12]);
    assert_eq!(
        value(&TableMetadata::parse(&second.to_json()).unwrap()),
        value(&second)
    );
    // The bound of the metadata log also holds for a commit whose base has no file.
    let bounded = |n| apply_table(&second, &updates(max(n)), &without);
    let short = bounded("2").unwrap().unwrap();
    assert_eq!(short.metadata_log(), &second.metadata_log()[4..]);
    let refused = bounded("many").unwrap_err().to_string();
    assert!(refused.contains("must be a whole number"), "{refused}");
}

#[test]
fn snapshots_that_were_never_current_are_not_in_the_log() {
    let base = append(&table(2), 11);
    let first = snapshot(&base, 12);
    let mut second = snapshot(&base, 13);
    second["sequence-number"] = 3.into();
    second["parent-snapshot-id"] = 12.into();
    let both = apply(
        &base,
        json!([
            {"action": "add-snapshot", "snapshot": first},
            set_ref("main", "branch", 12),
            {"action": "add-snapshot", "snapshot": second},
            set_ref("main", "branch", 13)
        ]),
    );
    let log: Vec<_> = both
        .snapshot_log()
        .iter()
        .map(|entry| entry.snapshot_id)
        .collect();
    assert_eq!(log, [11, 13]);
}

#[test]
fn a_rollback_is_logged_now_and_a_gap_ends_the_history() {
    let base = append(&append(&append(&table(2), 11), 12), 13);
    let back = apply(&base, json!([set_ref("main", "branch", 11)]));
    let last = back.snapshot_log().last().unwrap();
    assert_eq!(
        (last.snapshot_id, last.timestamp_ms),
        (11, back.last_updated_ms())
    );
    let expired = apply(
        &back,
        json!([{"action": "remove-snapshots", "snapshot-ids": [12]}]),
    );
    let log: Vec<_> = expired
        .snapshot_log()
        .iter()
        .map(|entry| entry.snapshot_id)
        .collect();
    assert_eq!(log, [13, 11]);
}

#[test]
fn a_table_without_a_log_can_expire_snapshots() {
    let base = append(&append(&table(2), 11), 12);
    let mut json = value(&base);
    json.as_object_mut().unwrap().remove("snapshot-log");
    let base = TableMetadata::parse(json.to_string().as_bytes()).unwrap();
    let expired = apply(
        &base,
        json!([{"action": "remove-snapshots", "snapshot-ids": [11]}]),
    );
    assert_eq!(expired.snapshot_count(), 1);
}

#[test]
fn a_clock_that_went_back_too_far_is_refused() {
    let base = append(&table(2), 11);
    let at = |now_ms| {
        let point = CommitPoint {
            now_ms,
            previous_metadata_location: None,
        };
        let change = updates(json!([{"action": "set-location", "location": "s3://b/u"}]));
        apply_table(&base, &change, &point)
    };
    assert!(at(NOW + 500 - 60_000).is_ok());
    let error = at(NOW + 500 - 60_001).unwrap_err().to_string();
    assert!(error.contains("Invalid update timestamp"), "{error}");
}

#[test]
fn a_writer_whose_clock_is_ahead_is_served_and_nobody_else_waits() {
    let base = table(2);
    let made_at = |ahead: i64| {
        let mut snapshot = snapshot(&base, 11);
        let time = base.last_updated_ms() + 1_000 + ahead;
        snapshot["timestamp-ms"] = json!(time);
        let updates = json!([
            {"action": "add-snapshot", "snapshot": snapshot},
            {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 11},
        ]);
        (time, try_apply(&base, updates))
    };
    let (time, applied) = made_at(900_000);
    let after = applied.unwrap().unwrap();
    let now = time - 900_000;
    assert_eq!(after.last_updated_ms(), now);
    assert_eq!(after.snapshot_log()[0].timestamp_ms, now);
    assert_eq!(after.snapshots()[0].timestamp_ms(), time);
    // Writers with a correct clock can commit half a second later: a change, or a snapshot.
    let change = json!([{"action": "set-properties", "updates": {"a": "b"}}]);
    apply(&after, change);
    let next = append(&after, 12);
    assert_eq!(next.snapshot_log()[1].timestamp_ms, now + 500);
    TableMetadata::parse(&next.to_json()).unwrap();
    let (_, refused) = made_at(900_001);
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("900001 ms ahead of the catalog's clock"),
        "{refused}"
    );
    // A snapshot of a writer whose clock is behind is accepted.
    let (time, applied) = made_at(-30_000);
    assert_eq!(applied.unwrap().unwrap().last_updated_ms(), time + 30_000);
}

#[test]
fn versions_go_up_only() {
    let one = append(&table(1), 11);
    assert!(value(&one).get("schema").is_some() && value(&one).get("partition-spec").is_some());
    let upgrade = |to: i64| json!([{"action": "upgrade-format-version", "format-version": to}]);
    let two = apply(&one, upgrade(2));
    assert_eq!(value(&two)["last-sequence-number"], 0);
    assert_eq!(value(&two).get("schema"), None);
    assert!(try_apply(&two, upgrade(2)).unwrap().is_none());
    let three = apply(&append(&two, 12), upgrade(3));
    assert_eq!(three.next_row_id(), Some(0));
    append(&three, 13);
    assert_eq!(
        refused(&three, upgrade(2)),
        "Cannot downgrade v3 table to v2"
    );
    assert!(refused(&three, upgrade(5)).contains("unsupported format version: v5"));
    assert!(refused(&three, upgrade(i64::MAX)).contains("unsupported format version"));
    assert!(refused(&three, upgrade(-1)).contains("Cannot downgrade v3 table to v-1"));
}

#[test]
fn properties_and_location_change_and_old_spellings_are_read() {
    let base = apply(
        &table(2),
        json!([
            {"action": "set-properties", "updated": {"a": "1", "b": "2"}},
            {"action": "remove-properties", "removed": ["a", "nope"]},
            {"action": "set-properties", "updates": {"c": "3"}},
            {"action": "remove-properties", "removals": ["c"]},
            {"action": "set-location", "location": "s3://b/elsewhere//"}
        ]),
    );
    assert_eq!((base.property("a"), base.property("b")), (None, Some("2")));
    assert_eq!(base.location(), "s3://b/elsewhere");
    let same = json!([{"action": "set-location", "location": "s3://b/elsewhere/"}]);
    assert!(try_apply(&base, same).unwrap().is_none());
    assert!(try_apply(&base, json!([])).unwrap().is_none());
    assert!(
        try_apply(&base, json!([{"action": "assign-uuid", "uuid": UUID}]))
            .unwrap()
            .is_none()
    );
}
