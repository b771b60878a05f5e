//! The metadata files of a table, read from the disk without the catalog.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::check::{Rule, Violation};
use crate::history::{OpId, Snapshot, Table, Version};
use crate::world::{Loaded, path_of};

/// Files beside the metadata files that became current: a kill between writing a file and pointing the table to it
/// leaves one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Whole metadata files that no table ever pointed to.
    pub unused: usize,
    /// Temporary files that were never renamed to their final name.
    pub temporary: usize,
}

/// Reads every version of the table from the metadata files that its metadata lists, and counts the other files
/// beside them.
pub(crate) fn table(name: &str, loaded: &Loaded, found: &mut Vec<Violation>) -> (Table, Leftovers) {
    let mut locations = log_of(&loaded.metadata);
    locations.push(loaded.location.clone());
    let mut versions = Vec::new();
    for location in &locations {
        match read(&path_of(location)) {
            Err(said) => {
                let detail = format!("{location} of {name}: {said}");
                found.push(Violation::new(Rule::Files, detail));
            }
            Ok(metadata) => {
                if *location == loaded.location && metadata != loaded.metadata {
                    let detail = format!("{location} of {name} is not what is served");
                    found.push(Violation::new(Rule::Files, detail));
                }
                versions.push(version(location, &metadata));
            }
        }
    }
    let leftovers = leftovers(&locations, found);
    let table = Table {
        name: name.to_owned(),
        uuid: loaded.uuid().unwrap_or_default(),
        versions,
    };
    (table, leftovers)
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

fn leftovers(locations: &[String], found: &mut Vec<Violation>) -> Leftovers {
    let known: HashSet<PathBuf> = locations.iter().map(|location| path_of(location)).collect();
    let folder = known.iter().next().and_then(|path| path.parent());
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let mut leftovers = Leftovers::default();
    for entry in entries.into_iter().flatten().flatten() {
        let path = entry.path();
        if known.contains(&path) {
            continue;
        }
        if entry
            .file_name()
            .to_string_lossy()
            .ends_with(".metadata.json")
        {
            leftovers.unused += 1;
            if let Err(said) = read(&path) {
                let detail = format!("{} is damaged: {said}", path.display());
                found.push(Violation::new(Rule::Files, detail));
            }
        } else {
            leftovers.temporary += 1;
        }
    }
    leftovers
}

pub(crate) fn log_of(metadata: &Value) -> Vec<String> {
    let files = items(metadata, "metadata-log").filter_map(|entry| entry.get("metadata-file"));
    files
        .filter_map(|file| file.as_str().map(str::to_owned))
        .collect()
}

fn items<'a>(metadata: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let list = metadata.get(key).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn version(location: &str, metadata: &Value) -> Version {
    let properties = metadata.get("properties").and_then(Value::as_object);
    let marks = properties.into_iter().flat_map(serde_json::Map::keys);
    let marks = marks.filter_map(|key| key.strip_prefix("op.")?.parse().ok());
    let last = properties.and_then(|properties| properties.get("last")?.as_str()?.parse().ok());
    let main = metadata.pointer("/refs/main/snapshot-id");
    Version {
        location: location.to_owned(),
        log: log_of(metadata),
        properties: marks.collect(),
        last,
        snapshots: items(metadata, "snapshots").filter_map(snapshot).collect(),
        main: main.and_then(Value::as_i64),
    }
}

fn snapshot(snapshot: &Value) -> Option<Snapshot> {
    let number = |key: &str| -> Option<OpId> { snapshot.get(key)?.as_i64() };
    Some(Snapshot {
        id: number("snapshot-id")?,
        parent: number("parent-snapshot-id"),
        sequence: number("sequence-number")?,
    })
}
