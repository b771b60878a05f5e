//! Prints table metadata, in the order of the Java reference.

use std::collections::HashSet;

use super::log::LogEntry;
use super::{Snapshot, TableMetadata};
use crate::json::{ObjectWriter, array_of};

impl TableMetadata {
    /// The metadata as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        self.print(self.snapshots.iter())
    }

    /// The metadata with only those snapshots that a branch or tag names (`snapshots=refs`).
    pub fn to_json_refs_only(&self) -> Vec<u8> {
        let named: HashSet<i64> = self.refs.values().map(|r| r.snapshot_id).collect();
        self.print(
            self.snapshots
                .iter()
                .filter(|snapshot| named.contains(&snapshot.id)),
        )
    }

    fn print<'s>(&self, snapshots: impl Iterator<Item = &'s Snapshot> + Clone) -> Vec<u8> {
        let snapshot_bytes: usize = snapshots.clone().map(|s| s.raw.get().len() + 1).sum();
        let schema_bytes: usize = self.schemas.iter().map(|s| s.raw.get().len() + 1).sum();
        let log_bytes = self.snapshot_log.len() * 80 + self.metadata_log.len() * 200;
        let mut out = String::with_capacity(4096 + snapshot_bytes + 2 * schema_bytes + log_bytes);
        let mut writer = ObjectWriter::new(&mut out);
        self.print_head(&mut writer);
        self.print_layouts(&mut writer);
        writer.strings("properties", &self.properties);
        self.print_current(&mut writer);
        print_raws(
            &mut writer,
            "snapshots",
            snapshots.map(|snapshot| snapshot.raw.get()),
        );
        print_raws(
            &mut writer,
            "statistics",
            self.statistics.iter().map(|file| file.raw.get()),
        );
        let partition_statistics = self.partition_statistics.iter().map(|file| file.raw.get());
        print_raws(&mut writer, "partition-statistics", partition_statistics);
        writer.array("snapshot-log", &self.snapshot_log, |out, entry| {
            entry.print(out);
        });
        writer.array("metadata-log", &self.metadata_log, |out, entry| {
            entry.print(out);
        });
        writer.extra(&self.extra).end();
        out.into_bytes()
    }

    fn print_head(&self, writer: &mut ObjectWriter<'_>) {
        writer.plain("format-version", self.format_version);
        if !self.uuid.is_nil() {
            writer.plain("table-uuid", format_args!("\"{}\"", self.uuid));
        }
        writer.string("location", &self.location);
        if self.format_version > 1 {
            writer.plain("last-sequence-number", self.last_sequence_number);
        }
        writer
            .plain("last-updated-ms", self.last_updated_ms)
            .plain("last-column-id", self.last_column_id);
    }

    fn print_layouts(&self, writer: &mut ObjectWriter<'_>) {
        // Readers of v1 may know only `schema` and `partition-spec`, not the lists.
        if let (1, Some(current)) = (self.format_version, self.current_schema_json()) {
            writer.json("schema", current);
        }
        writer.plain("current-schema-id", self.current_schema_id);
        print_raws(
            writer,
            "schemas",
            self.schemas.iter().map(|schema| schema.raw.get()),
        );
        let default = self
            .specs
            .iter()
            .find(|spec| spec.id == Some(self.default_spec_id));
        if let (1, Some(default)) = (self.format_version, default) {
            default.print_fields(writer.value("partition-spec"));
        }
        writer.plain("default-spec-id", self.default_spec_id);
        writer.array("partition-specs", &self.specs, |out, spec| spec.print(out));
        writer.plain("last-partition-id", self.last_partition_id);
        writer.plain("default-sort-order-id", self.default_sort_order_id);
        writer.array("sort-orders", &self.sort_orders, |out, order| {
            order.print(out);
        });
    }

    fn print_current(&self, writer: &mut ObjectWriter<'_>) {
        match self.current_snapshot_id {
            Some(id) => writer.plain("current-snapshot-id", id),
            None if self.format_version >= 3 => writer.json("current-snapshot-id", "null"),
            None => writer.json("current-snapshot-id", "-1"),
        };
        writer.plain_if_some("next-row-id", self.next_row_id);
        if !self.encryption_keys.is_empty() {
            let keys = self.encryption_keys.iter().map(|key| key.raw.get());
            print_raws(writer, "encryption-keys", keys);
        }
        let mut refs = ObjectWriter::new(writer.value("refs"));
        for (name, reference) in &self.refs {
            let mut inner = ObjectWriter::new(refs.value(name));
            reference.print(&mut inner);
            inner.end();
        }
        refs.end();
    }
}

fn print_raws<'r>(writer: &mut ObjectWriter<'_>, key: &str, raws: impl Iterator<Item = &'r str>) {
    array_of(writer.value(key), raws, String::push_str);
}
