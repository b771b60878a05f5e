//! The approximate size of updates as JSON, without printing them: the cost of applying an update grows with it.

use std::collections::BTreeMap;

use super::TableUpdate;

/// About the largest size of an update or of a layout's field in bytes of JSON, without the names and texts in it.
const SMALL: usize = 128;

impl TableUpdate {
    /// The approximate size of the update's JSON, in bytes.
    pub fn size(&self) -> usize {
        let more = match self {
            Self::AddSchema { schema } => schema.size(),
            Self::AddSpec { spec } => spec.fields.len() * SMALL,
            Self::AddSortOrder { sort_order } => sort_order.len() * SMALL,
            Self::AddSnapshot { snapshot } => snapshot.raw.get().len(),
            Self::SetProperties { updates } => size_of_properties(updates),
            Self::RemoveProperties { removals } => removals.iter().map(String::len).sum(),
            Self::SetStatistics { statistics: file }
            | Self::SetPartitionStatistics {
                partition_statistics: file,
            } => file.0.raw.get().len(),
            Self::AddEncryptionKey { encryption_key } => encryption_key.0.raw.get().len(),
            Self::RemoveSnapshots { snapshot_ids } => snapshot_ids.len() * 20,
            Self::RemoveSchemas { schema_ids: ids }
            | Self::RemovePartitionSpecs { spec_ids: ids } => ids.len() * 11,
            Self::SetLocation { location: text }
            | Self::SetSnapshotRef { ref_name: text, .. }
            | Self::RemoveSnapshotRef { ref_name: text }
            | Self::RemoveEncryptionKey { key_id: text } => text.len(),
            Self::AssignUuid { .. }
            | Self::UpgradeFormatVersion { .. }
            | Self::SetCurrentSchema { .. }
            | Self::SetDefaultSpec { .. }
            | Self::SetDefaultSortOrder { .. }
            | Self::RemoveStatistics { .. }
            | Self::RemovePartitionStatistics { .. } => 0,
        };
        SMALL + more
    }
}

/// The approximate size of properties as JSON, in bytes.
pub(crate) fn size_of_properties(properties: &BTreeMap<String, String>) -> usize {
    let size = |(name, value): (&String, &String)| name.len() + value.len() + 6;
    properties.iter().map(size).sum()
}
