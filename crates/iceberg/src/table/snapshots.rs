//! Updates of snapshots, references and the files that describe snapshots.

use super::builder::Builder;
use super::log::{SnapshotLogEntry, StatisticsFile};
use super::snapshot::{MAIN, RefKind, Snapshot, SnapshotRef};
use crate::error::UpdateError;

/// The format version that brought row ids.
const ROW_LINEAGE_SINCE: u8 = 3;

impl Builder<'_> {
    pub(super) fn add_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), UpdateError> {
        // Specs and orders may still come by default, a schema cannot.
        if self.meta.schemas.is_empty() {
            return Err(UpdateError::invalid(
                "Attempting to add a snapshot before a schema is added",
            ));
        }
        if self.snapshot_times.contains_key(&snapshot.id) {
            return Err(UpdateError::Invalid(format!(
                "Snapshot already exists for id: {}",
                snapshot.id
            )));
        }
        self.check_sequence_number(snapshot)?;
        let next_row_id = self.next_row_id(snapshot)?;
        if self.removed_snapshots.contains(&snapshot.id) {
            // The same id again: what was removed must go before it comes back.
            self.sweep_snapshots();
        }
        let meta = &mut self.meta;
        if let Some(next_row_id) = next_row_id {
            meta.next_row_id = Some(next_row_id);
        }
        // A snapshot without parent may be older than the last one; the number never goes back.
        meta.last_sequence_number = meta.last_sequence_number.max(snapshot.sequence_number);
        meta.snapshots.push(snapshot.clone());
        self.snapshot_times
            .insert(snapshot.id, snapshot.timestamp_ms);
        self.added_snapshots.insert(snapshot.id);
        self.changed = true;
        Ok(())
    }

    fn check_sequence_number(&self, snapshot: &Snapshot) -> Result<(), UpdateError> {
        let (number, last) = (snapshot.sequence_number, self.meta.last_sequence_number);
        if self.meta.format_version == 1 || number > last || snapshot.parent_id.is_none() {
            return Ok(());
        }
        Err(UpdateError::Stale(format!(
            "Cannot add snapshot with sequence number {number} older than last sequence number {last}"
        )))
    }

    /// The table's next row id after this snapshot (table spec, "Row Lineage"); none before v3.
    fn next_row_id(&self, snapshot: &Snapshot) -> Result<Option<i64>, UpdateError> {
        if self.meta.format_version < ROW_LINEAGE_SINCE {
            return Ok(None);
        }
        let (Some(first), Some(added)) = (snapshot.first_row_id, snapshot.added_rows) else {
            return Err(UpdateError::invalid(
                "Cannot add a snapshot: first-row-id is null",
            ));
        };
        let next = self.meta.next_row_id.unwrap_or(0);
        if first < next {
            return Err(UpdateError::Stale(format!(
                "Cannot add a snapshot, first-row-id is behind table next-row-id: {first} < {next}"
            )));
        }
        let after = next.checked_add(added).ok_or_else(|| {
            UpdateError::Invalid(format!("there are no {added} row ids after {next}"))
        })?;
        Ok(Some(after))
    }

    pub(super) fn set_ref(&mut self, name: &str, new: &SnapshotRef) -> Result<(), UpdateError> {
        new.check()?;
        if self.meta.refs.get(name) == Some(new) {
            return Ok(());
        }
        let id = new.snapshot_id;
        let Some(snapshot_time) = self.snapshot_times.get(&id).copied() else {
            return Err(UpdateError::Invalid(format!(
                "Cannot set {name} to unknown snapshot: {id}"
            )));
        };
        if name == MAIN {
            if new.kind == RefKind::Tag {
                return Err(UpdateError::Invalid(format!(
                    "Cannot set {MAIN} to a tag, it must be a branch"
                )));
            }
            self.move_main(id, snapshot_time);
        }
        self.meta.refs.insert(name.to_owned(), new.clone());
        self.changed = true;
        Ok(())
    }

    /// Going back to an old snapshot happens now; a new one became current when it was made.
    fn move_main(&mut self, snapshot_id: i64, snapshot_time: i64) {
        let is_new = self.added_snapshots.contains(&snapshot_id);
        let timestamp_ms = if is_new {
            snapshot_time
        } else {
            self.point.now_ms
        };
        if is_new {
            self.main_moves.push(snapshot_id);
        }
        self.meta.current_snapshot_id = Some(snapshot_id);
        let entry = SnapshotLogEntry {
            timestamp_ms,
            snapshot_id,
            extra: Vec::new(),
        };
        self.meta.snapshot_log.push(entry);
    }

    pub(super) fn remove_ref(&mut self, name: &str) {
        if name == MAIN {
            self.changed |= self.meta.current_snapshot_id.is_some();
            self.meta.current_snapshot_id = None;
        }
        self.changed |= self.meta.refs.remove(name).is_some();
    }

    /// Removes snapshots, their statistics and the references that named them. Ids that are not there are
    /// passed over: whoever wanted them gone has it so.
    pub(super) fn remove_snapshots(&mut self, ids: &[i64]) {
        for id in ids {
            if self.snapshot_times.remove(id).is_none() {
                continue;
            }
            self.removed_snapshots.insert(*id);
            self.removed_any_snapshot = true;
            self.changed = true;
            self.meta.statistics.retain(|file| file.snapshot_id != *id);
            self.meta
                .partition_statistics
                .retain(|file| file.snapshot_id != *id);
        }
        let dangling: Vec<String> = self
            .meta
            .refs
            .iter()
            .filter(|(_, reference)| !self.snapshot_times.contains_key(&reference.snapshot_id))
            .map(|(name, _)| name.clone())
            .collect();
        for name in dangling {
            self.remove_ref(&name);
        }
    }

    /// Takes removed snapshots out of the list, all at once: clients send thousands of removals.
    pub(super) fn sweep_snapshots(&mut self) {
        if self.removed_snapshots.is_empty() {
            return;
        }
        let removed = std::mem::take(&mut self.removed_snapshots);
        self.meta
            .snapshots
            .retain(|snapshot| !removed.contains(&snapshot.id));
    }

    pub(super) fn set_statistics(&mut self, file: &StatisticsFile) {
        replace(&mut self.meta.statistics, file);
        self.changed = true;
    }

    pub(super) fn set_partition_statistics(&mut self, file: &StatisticsFile) {
        replace(&mut self.meta.partition_statistics, file);
        self.changed = true;
    }

    pub(super) fn remove_statistics(&mut self, snapshot_id: i64) {
        self.changed |= remove(&mut self.meta.statistics, snapshot_id);
    }

    pub(super) fn remove_partition_statistics(&mut self, snapshot_id: i64) {
        self.changed |= remove(&mut self.meta.partition_statistics, snapshot_id);
    }
}

/// Puts a file in the place of those of the same snapshot.
fn replace(files: &mut Vec<StatisticsFile>, file: &StatisticsFile) {
    let at = files
        .iter()
        .position(|other| other.snapshot_id == file.snapshot_id);
    files.retain(|other| other.snapshot_id != file.snapshot_id);
    files.insert(at.unwrap_or(files.len()), file.clone());
}

fn remove(files: &mut Vec<StatisticsFile>, snapshot_id: i64) -> bool {
    let before = files.len();
    files.retain(|file| file.snapshot_id != snapshot_id);
    files.len() != before
}
