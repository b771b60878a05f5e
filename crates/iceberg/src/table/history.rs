//! The two logs of a table: which snapshots were current, which files held its metadata.

use std::collections::HashSet;

use super::builder::Builder;
use super::log::MetadataLogEntry;
use super::{SnapshotLogEntry, TableMetadata};
use crate::error::UpdateError;
use crate::property::{self, DELETE_AFTER_COMMIT, PREVIOUS_VERSIONS_MAX};

/// The metadata files that a commit may delete once it is durable: those that fell out of the metadata log. There are
/// none if `write.metadata.delete-after-commit.enabled` is set to anything but `true`. Unset counts as `true`, as with
/// today's Lakekeeper: otherwise a table with frequent commits would leave files without end.
pub fn removed_metadata_files(before: &TableMetadata, after: &TableMetadata) -> Vec<String> {
    let keeps = after.properties.contains_key(DELETE_AFTER_COMMIT)
        && !property::is_true(&after.properties, DELETE_AFTER_COMMIT);
    if keeps {
        return Vec::new();
    }
    let kept: HashSet<&str> = logged_metadata_files(after).collect();
    logged_metadata_files(before)
        .filter(|file| !kept.contains(file))
        .map(str::to_owned)
        .collect()
}

/// The table's earlier metadata files, as far as the metadata log still names them, oldest first.
pub fn logged_metadata_files(metadata: &TableMetadata) -> impl Iterator<Item = &str> {
    metadata
        .metadata_log
        .iter()
        .map(|entry| entry.metadata_file.as_str())
}

impl Builder<'_> {
    /// Adds the base's file, if it has one, to the metadata log and drops the oldest entries beyond
    /// `write.metadata.previous-versions-max`.
    pub(super) fn extend_metadata_log(&mut self) -> Result<(), UpdateError> {
        let Some(timestamp_ms) = self.base_updated_ms else {
            return Ok(());
        };
        let file = self.point.previous_metadata_location.as_ref();
        let base = file.map(|file| MetadataLogEntry {
            timestamp_ms,
            metadata_file: file.clone(),
            extra: Vec::new(),
        });
        let default = property::PREVIOUS_VERSIONS_MAX_DEFAULT;
        let max = property::int(&self.meta.properties, PREVIOUS_VERSIONS_MAX, default)?;
        let max = usize::try_from(max).unwrap_or(0).max(1);
        let log = &mut self.meta.metadata_log;
        let room = max - usize::from(base.is_some());
        log.drain(..log.len().saturating_sub(room));
        log.extend(base);
        Ok(())
    }

    /// Drops snapshots that were current only within this commit from the snapshot log, and all entries before a
    /// removed snapshot: with a gap in the log, time travel would answer wrongly.
    pub(super) fn prune_snapshot_log(&mut self) -> Result<(), UpdateError> {
        let current = self.meta.current_snapshot_id;
        let between: HashSet<i64> = self
            .main_moves
            .iter()
            .copied()
            .filter(|id| Some(*id) != current)
            .collect();
        if between.is_empty() && !self.removed_any_snapshot {
            return Ok(());
        }
        let mut kept: Vec<SnapshotLogEntry> = Vec::with_capacity(self.meta.snapshot_log.len());
        for entry in std::mem::take(&mut self.meta.snapshot_log) {
            if self.snapshot_times.contains_key(&entry.snapshot_id) {
                if !between.contains(&entry.snapshot_id) {
                    kept.push(entry);
                }
            } else if self.removed_any_snapshot {
                kept.clear();
            }
        }
        // The log is optional, so an empty log is not an error.
        let last = kept.last().map(|entry| entry.snapshot_id);
        if current.is_some() && last.is_some() && last != current {
            return Err(UpdateError::invalid(
                "Cannot set invalid snapshot log: latest entry is not the current snapshot",
            ));
        }
        self.meta.snapshot_log = kept;
        Ok(())
    }
}
