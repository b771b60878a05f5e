//! Checks of table metadata, read or made.

use std::collections::BTreeSet;

use super::TableMetadata;
use super::log::LogEntry;
use super::snapshot::{MAIN, repeated_id};
use crate::error::UpdateError;
use crate::layout::name_taken_error;
use crate::schema::{Schema, SchemaIndex};

/// How many milliseconds a log may go back between two entries, because the clocks of writers differ.
const TOLERANCE_MS: i64 = 60_000;

impl TableMetadata {
    /// Checks that ids are unique, that the ids referred to exist and that logs are in order.
    pub(super) fn check_consistency(&self) -> Result<(), String> {
        if self.format_version > 1 && self.uuid.is_nil() {
            return Err(format!(
                "UUID is required in format v{}",
                self.format_version
            ));
        }
        self.check_layout_ids()?;
        self.check_snapshots()?;
        self.check_refs()?;
        self.check_log(&self.snapshot_log, "snapshot log entry")?;
        self.check_log(&self.metadata_log, "metadata log entry")
    }

    /// Checks all that [`Self::parse`] leaves out: that every schema can be read, that no partition field has the name
    /// of a column it does not read, and that the default spec and order fit the current schema. For metadata that
    /// other catalogs wrote (register).
    pub fn validate(&self) -> Result<(), UpdateError> {
        for schema in &self.schemas {
            Schema::parse(schema.raw.get())?;
        }
        self.check_partition_names(&BTreeSet::new())?;
        self.check_defaults()
    }

    /// Checks that no column of the current schema has the name of a partition field that does not read it, in any spec:
    /// the Java reference cannot load such a table. Names in `before` clashed earlier and are accepted, so that such a
    /// table can still be changed.
    pub(super) fn check_partition_names(
        &self,
        before: &BTreeSet<String>,
    ) -> Result<(), UpdateError> {
        let taken = self.taken_partition_names()?;
        match taken.difference(before).next() {
            Some(name) => Err(name_taken_error(name)),
            None => Ok(()),
        }
    }

    /// The names of partition fields, in any spec, that are also names of columns of the current schema which the field
    /// does not read.
    pub(super) fn taken_partition_names(&self) -> Result<BTreeSet<String>, UpdateError> {
        let Some(current) = self.current_schema_json() else {
            return Ok(BTreeSet::new());
        };
        let index = SchemaIndex::new(&Schema::parse(current)?)?;
        let taken = self.specs.iter().flat_map(|spec| spec.taken_names(&index));
        Ok(taken.map(str::to_owned).collect())
    }

    /// Checks that the default spec and sort order fit the current schema.
    pub(super) fn check_defaults(&self) -> Result<(), UpdateError> {
        let Some(current) = self.current_schema_json() else {
            return Err(UpdateError::invalid("Cannot find the current schema"));
        };
        let schema = Schema::parse(current)?;
        let index = SchemaIndex::new(&schema)?;
        if let Some(spec) = self
            .specs
            .iter()
            .find(|s| s.id == Some(self.default_spec_id))
        {
            spec.check_sources(&index)?;
        }
        let mut orders = self.sort_orders.iter();
        orders
            .find(|order| order.id == self.default_sort_order_id)
            .map_or(Ok(()), |order| order.check_sources(&index))
    }

    fn check_layout_ids(&self) -> Result<(), String> {
        let schemas = self.schemas.iter().map(|schema| schema.id);
        let specs = self.specs.iter().filter_map(|spec| spec.id);
        let orders = self.sort_orders.iter().map(|order| order.id);
        check_ids("schema", schemas, self.current_schema_id)?;
        check_ids("partition spec", specs, self.default_spec_id)?;
        check_ids("sort order", orders, self.default_sort_order_id)
    }

    fn check_snapshots(&self) -> Result<(), String> {
        let last = self.last_sequence_number;
        if self.format_version == 1 && last != 0 {
            return Err(format!("Sequence number must be 0 in v1: {last}"));
        }
        if let Some(snapshot) = self.snapshots.iter().find(|s| s.sequence_number > last) {
            return Err(format!(
                "Invalid snapshot with sequence number {} greater than last sequence number {last}",
                snapshot.sequence_number
            ));
        }
        match repeated_id(self.snapshots.iter().map(|snapshot| snapshot.id)) {
            Some(id) => Err(format!("the snapshot id {id} occurs more than once")),
            None => Ok(()),
        }
    }

    fn check_refs(&self) -> Result<(), String> {
        let ids: std::collections::HashSet<i64> = self.snapshots.iter().map(|s| s.id).collect();
        if let Some((name, r)) = self
            .refs
            .iter()
            .find(|(_, r)| !ids.contains(&r.snapshot_id))
        {
            return Err(format!(
                "Snapshot for reference {name} does not exist in the existing snapshots list: {}",
                r.snapshot_id
            ));
        }
        let main = self.refs.get(MAIN).map(|main| main.snapshot_id);
        match (self.current_snapshot_id, main) {
            (Some(current), Some(main)) if current != main => Err(format!(
                "Current snapshot ID does not match main branch ({current} != {main})"
            )),
            (None, Some(main)) => Err(format!(
                "Current snapshot is not set, but main branch exists: {main}"
            )),
            (Some(current), _) if !ids.contains(&current) => {
                Err(format!("Cannot find current version: snapshot {current}"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that entries are in order and none is later than the metadata itself, within `TOLERANCE_MS`.
    fn check_log(&self, log: &[impl LogEntry], what: &str) -> Result<(), String> {
        let times = log.iter().map(LogEntry::timestamp_ms);
        let mut pairs = times.clone().zip(times.skip(1));
        if let Some((one, two)) = pairs.find(|(one, two)| before(*two, *one)) {
            return Err(format!(
                "the {what} at {two} follows one at {one}: not in order"
            ));
        }
        match log.last().map(LogEntry::timestamp_ms) {
            Some(last) if before(self.last_updated_ms, last) => Err(format!(
                "Invalid update timestamp {}: before last {what} at {last}",
                self.last_updated_ms
            )),
            _ => Ok(()),
        }
    }
}

fn check_ids(
    what: &str,
    mut ids: impl Iterator<Item = i32> + Clone,
    current: i32,
) -> Result<(), String> {
    if let Some(id) = repeated_id(ids.clone()) {
        return Err(format!("the {what} id {id} occurs more than once"));
    }
    if !ids.any(|id| id == current) {
        return Err(format!("there is no {what} with the current id {current}"));
    }
    Ok(())
}

fn before(time: i64, other: i64) -> bool {
    time.saturating_sub(other) < -TOLERANCE_MS
}
