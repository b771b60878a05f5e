//! Checks of table metadata, view metadata and commits that must hold for any bytes. The fuzz targets call them, and so does
//! a test of the crate `iceberg` on the saved corpus.

use iceberg::{
    CommitPoint, TableMetadata, TableRequirement, TableUpdate, ViewMetadata, ViewRequirement,
    ViewUpdate, apply_table, apply_view, check_table, check_view, create_table,
};
use serde::Deserialize;

const V1: &[u8] = include_bytes!("../crates/iceberg/tests/fixtures/table-v1.json");
const V1_OLD: &[u8] = include_bytes!("../crates/iceberg/tests/fixtures/table-v1-old.json");
const V2: &[u8] = include_bytes!("../crates/iceberg/tests/fixtures/table-v2.json");
const V3: &[u8] = include_bytes!("../crates/iceberg/tests/fixtures/table-v3.json");
const VIEW: &[u8] = include_bytes!("../crates/iceberg/tests/fixtures/view-v1.json");
const NOW: i64 = 1_700_000_000_000;

/// The bytes are table metadata or refused. Metadata that was read and printed is read as the same metadata again.
pub(crate) fn table_metadata(bytes: &[u8]) {
    let Ok(table) = TableMetadata::parse(bytes) else {
        return;
    };
    stable_table(&table);
    // The result does not matter: the call must only not panic.
    let _ = table.validate();
    let _ = table.to_json_refs_only();
    for snapshot in table.snapshots() {
        let _ = snapshot.manifest_list();
    }
    let update = r#"[{"action":"set-properties","updates":{"a":"b"}},
        {"action":"upgrade-format-version","format-version":3}]"#;
    apply_all(&table, update.as_bytes());
}

/// The bytes are view metadata or refused; otherwise like [`table_metadata`].
pub(crate) fn view_metadata(bytes: &[u8]) {
    let Ok(view) = ViewMetadata::parse(bytes) else {
        return;
    };
    stable_view(&view);
    let _ = view.validate();
    let update = r#"[{"action":"set-properties","updates":{"a":"b"}}]"#;
    let updates: Vec<ViewUpdate> = serde_json::from_str(update).unwrap();
    if let Ok(Some(after)) = apply_view(&view, &updates, NOW) {
        stable_view(&after);
    }
}

/// The bytes are the body of a commit or refused. Tables and views that the commit makes can be read again.
pub(crate) fn commit(bytes: &[u8]) {
    #[derive(Deserialize)]
    struct Body<R, U> {
        requirements: Vec<R>,
        updates: Vec<U>,
    }
    if let Ok(body) = serde_json::from_slice::<Body<TableRequirement, TableUpdate>>(bytes) {
        let _ = check_table(&body.requirements, None);
        if let Ok(created) = create_table(&body.updates, NOW) {
            stable_table(&created);
        }
        for fixture in [V1, V1_OLD, V2, V3] {
            let table = TableMetadata::parse(fixture).unwrap();
            let _ = check_table(&body.requirements, Some(&table));
            apply_updates(&table, &body.updates);
        }
        let printed = serde_json::to_string(&body.updates).unwrap();
        let again: Vec<TableUpdate> = serde_json::from_str(&printed).unwrap();
        assert_eq!(printed, serde_json::to_string(&again).unwrap());
    }
    if let Ok(body) = serde_json::from_slice::<Body<ViewRequirement, ViewUpdate>>(bytes) {
        let view = ViewMetadata::parse(VIEW).unwrap();
        let _ = check_view(&body.requirements, &view);
        if let Ok(Some(after)) = apply_view(&view, &body.updates, NOW) {
            stable_view(&after);
        }
    }
}

fn apply_all(base: &TableMetadata, updates: &[u8]) {
    let updates: Vec<TableUpdate> = serde_json::from_slice(updates).unwrap();
    apply_updates(base, &updates);
}

fn apply_updates(base: &TableMetadata, updates: &[TableUpdate]) {
    let point = CommitPoint {
        now_ms: NOW,
        previous_metadata_location: Some("previous".to_owned()),
    };
    if let Ok(Some(after)) = apply_table(base, updates, &point) {
        stable_table(&after);
    }
}

fn stable_table(table: &TableMetadata) {
    let printed = table.to_json();
    let again = TableMetadata::parse(&printed).unwrap();
    assert_eq!(
        String::from_utf8(printed).unwrap(),
        String::from_utf8(again.to_json()).unwrap()
    );
}

fn stable_view(view: &ViewMetadata) {
    let printed = view.to_json();
    let again = ViewMetadata::parse(&printed).unwrap();
    assert_eq!(
        String::from_utf8(printed).unwrap(),
        String::from_utf8(again.to_json()).unwrap()
    );
}
