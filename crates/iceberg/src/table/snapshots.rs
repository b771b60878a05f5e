//! Updates of snapshots and references.

use super::builder::Builder;
use super::log::SnapshotLogEntry;
use super::snapshot::{MAIN, RefKind, Snapshot, SnapshotRef};
use crate::error::UpdateError;

/// The first format version with row ids.
const ROW_LINEAGE_SINCE: u8 = 3;

impl Builder<'_> {
    pub(super) fn add_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), UpdateError> {
        // A table without a spec or a sort order gets a default one at the end, but no schema.
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
            // This commit has removed a snapshot with this id: take it out of the list before the new one goes in.
            self.sweep_snapshots();
        }
        let meta = &mut self.meta;
        if let Some(next_row_id) = next_row_id {
            meta.next_row_id = Some(next_row_id);
        }
        // A snapshot without a parent may have a lower sequence number; the table's number never decreases.
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
        // Counted from the snapshot's own first row id: it may leave a gap, and ids in use must not be assigned again.
        let after = first.checked_add(added).ok_or_else(|| {
            UpdateError::Invalid(format!("there are no {added} row ids after {first}"))
        })?;
        Ok(Some(after))
    }

    pub(super) fn set_ref(&mut self, name: &str, new: &SnapshotRef) -> Result<(), UpdateError> {
        new.check()?;
        let id = new.snapshot_id;
        let Some(snapshot_time) = self.snapshot_times.get(&id).copied() else {
            return Err(UpdateError::Invalid(format!(
                "Cannot set {name} to unknown snapshot: {id}"
            )));
        };
        if self.meta.refs.get(name) == Some(new) {
            return Ok(());
        }
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

    /// Points `main` to the snapshot and logs it: an old snapshot becomes current now, a new one when it was made. If the
    /// writer's clock is ahead, a new one becomes current now as well: otherwise the log could take no later entry, of
    /// any writer, until that time has come.
    fn move_main(&mut self, snapshot_id: i64, snapshot_time: i64) {
        let is_new = self.added_snapshots.contains(&snapshot_id);
        let timestamp_ms = if is_new {
            snapshot_time.min(self.point.now_ms)
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

    /// Removes snapshots, their statistics and the references to them. Ids that do not exist are ignored, because the
    /// table is already as the client wants it.
    pub(super) fn remove_snapshots(&mut self, ids: &[i64]) {
        for id in ids {
            if self.snapshot_times.remove(id).is_none() {
                continue;
            }
            self.removed_snapshots.insert(*id);
            self.removed_any_snapshot = true;
            self.changed = true;
            self.statistics.remove(id);
            self.partition_statistics.remove(id);
        }
    }

    /// Takes removed snapshots out of the list and removes the references to them, all at once: clients send
    /// thousands of removals.
    pub(super) fn sweep_snapshots(&mut self) {
        if self.removed_snapshots.is_empty() {
            return;
        }
        let removed = std::mem::take(&mut self.removed_snapshots);
        self.meta
            .snapshots
            .retain(|snapshot| !removed.contains(&snapshot.id));
        let is_gone = |reference: &SnapshotRef| removed.contains(&reference.snapshot_id);
        if self.meta.refs.get(MAIN).is_some_and(is_gone) {
            self.meta.current_snapshot_id = None;
        }
        self.meta.refs.retain(|_, reference| !is_gone(reference));
    }
}
