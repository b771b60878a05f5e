//! Replays the saved fuzz corpus and the fixtures through the checks of the fuzz targets.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::{Path, PathBuf};

/// Checks every input; panics if there are too few of them to mean anything.
fn replay(target: &str, check: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        root.join("../../fuzz/corpus").join(target),
        root.join("tests/fixtures"),
    ];
    let files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() > 20, "only {} inputs for {target}", files.len());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        // Names the input if the check panics.
        let outcome = std::panic::catch_unwind(|| check(&bytes));
        assert!(outcome.is_ok(), "{} breaks {target}", file.display());
    }
}

#[test]
fn table_metadata() {
    replay("table_metadata", checks::table_metadata);
}

#[test]
fn view_metadata() {
    replay("view_metadata", checks::view_metadata);
}

#[test]
fn commit_bodies() {
    replay("commit", checks::commit);
}
