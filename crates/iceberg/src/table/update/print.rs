//! Prints updates as in the REST spec, for events.

use serde::ser::{Serialize, Serializer};

use super::TableUpdate;
use crate::json::{ObjectWriter, Raw, array_of};

impl Serialize for TableUpdate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = String::new();
        let mut writer = ObjectWriter::new(&mut out);
        writer.string("action", self.action());
        self.print(&mut writer);
        writer.end();
        Raw::printed(out).serialize(serializer)
    }
}

impl TableUpdate {
    fn print(&self, w: &mut ObjectWriter<'_>) {
        match self {
            Self::AssignUuid { uuid } => {
                w.string("uuid", &uuid.to_string());
            }
            Self::UpgradeFormatVersion { format_version } => {
                w.plain("format-version", format_version);
            }
            Self::AddSchema { schema } => {
                w.json("schema", schema.to_raw(schema.id).get());
            }
            Self::SetCurrentSchema { schema_id } => {
                w.plain("schema-id", schema_id);
            }
            Self::AddSpec { spec } => spec.print(w.value("spec")),
            Self::SetDefaultSpec { spec_id } => {
                w.plain("spec-id", spec_id);
            }
            Self::AddSortOrder { sort_order } => sort_order.print(w.value("sort-order")),
            Self::SetDefaultSortOrder { sort_order_id } => {
                w.plain("sort-order-id", sort_order_id);
            }
            Self::AddSnapshot { snapshot } => {
                w.json("snapshot", snapshot.raw.get());
            }
            Self::SetSnapshotRef {
                ref_name,
                reference,
            } => {
                reference.print(w.string("ref-name", ref_name));
            }
            Self::RemoveSnapshots { snapshot_ids } => numbers(w, "snapshot-ids", snapshot_ids),
            Self::RemoveSnapshotRef { ref_name } => {
                w.string("ref-name", ref_name);
            }
            Self::SetLocation { location } => {
                w.string("location", location);
            }
            Self::SetProperties { updates } => {
                w.strings("updates", updates);
            }
            Self::RemoveProperties { removals } => strings(w, "removals", removals),
            Self::SetStatistics { statistics } => {
                w.json("statistics", statistics.0.raw.get());
            }
            Self::SetPartitionStatistics {
                partition_statistics,
            } => {
                w.json("partition-statistics", partition_statistics.0.raw.get());
            }
            Self::RemoveStatistics { snapshot_id }
            | Self::RemovePartitionStatistics { snapshot_id } => {
                w.plain("snapshot-id", snapshot_id);
            }
            Self::RemovePartitionSpecs { spec_ids } => numbers(w, "spec-ids", spec_ids),
            Self::RemoveSchemas { schema_ids } => numbers(w, "schema-ids", schema_ids),
            Self::AddEncryptionKey { encryption_key } => {
                w.json("encryption-key", encryption_key.0.raw.get());
            }
            Self::RemoveEncryptionKey { key_id } => {
                w.string("key-id", key_id);
            }
        }
    }
}

fn numbers(writer: &mut ObjectWriter<'_>, key: &str, numbers: &[impl ToString]) {
    array_of(writer.value(key), numbers, |out, number| {
        out.push_str(&number.to_string());
    });
}

pub(crate) fn strings(writer: &mut ObjectWriter<'_>, key: &str, strings: &[String]) {
    array_of(writer.value(key), strings, |out, text| {
        out.push_str(crate::json::quoted(text).get());
    });
}
