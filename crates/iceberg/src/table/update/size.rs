//! How much text updates are, without printing them: what it costs to apply them goes with that.

use std::collections::BTreeMap;

use super::TableUpdate;

/// What an update, a field of a layout or an id is at most, but for names and texts in it.
const SMALL: usize = 128;

impl TableUpdate {
    /// About how many bytes of JSON the update is.
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

/// About how many bytes of JSON properties are.
pub(crate) fn size_of_properties(properties: &BTreeMap<String, String>) -> usize {
    let size = |(name, value): (&String, &String)| name.len() + value.len() + 6;
    properties.iter().map(size).sum()
}
