//! The updates that a client can request of a table (REST spec, `TableUpdate`).

mod parse;
mod print;
mod size;

pub(crate) use parse::{is_table_action, one_line, property_removals, property_updates};
pub(crate) use print::strings;
pub(crate) use size::size_of_properties;

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::log::{EncryptionKey, StatisticsFile};
use super::snapshot::{Snapshot, SnapshotRef};
use crate::json::check_depth;
use crate::layout::{PartitionSpec, SortOrder};
use crate::schema::Schema;

/// One change of a table.
///
/// Reading needs a `serde_json` deserializer, because the text is kept; one that buffers, as for `flatten`, fails.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "the variants are the spec's, and their fields too"
)]
pub enum TableUpdate {
    AssignUuid {
        uuid: Uuid,
    },
    UpgradeFormatVersion {
        format_version: i64,
    },
    AddSchema {
        schema: Schema,
    },
    /// −1 is the schema added last.
    SetCurrentSchema {
        schema_id: i32,
    },
    AddSpec {
        spec: PartitionSpec,
    },
    /// −1 is the spec added last.
    SetDefaultSpec {
        spec_id: i32,
    },
    AddSortOrder {
        sort_order: SortOrder,
    },
    /// −1 is the order added last.
    SetDefaultSortOrder {
        sort_order_id: i32,
    },
    AddSnapshot {
        snapshot: Snapshot,
    },
    SetSnapshotRef {
        ref_name: String,
        reference: SnapshotRef,
    },
    RemoveSnapshots {
        snapshot_ids: Vec<i64>,
    },
    RemoveSnapshotRef {
        ref_name: String,
    },
    SetLocation {
        location: String,
    },
    SetProperties {
        updates: BTreeMap<String, String>,
    },
    RemoveProperties {
        removals: Vec<String>,
    },
    SetStatistics {
        statistics: StatisticsToSet,
    },
    RemoveStatistics {
        snapshot_id: i64,
    },
    SetPartitionStatistics {
        partition_statistics: StatisticsToSet,
    },
    RemovePartitionStatistics {
        snapshot_id: i64,
    },
    RemovePartitionSpecs {
        spec_ids: Vec<i32>,
    },
    RemoveSchemas {
        schema_ids: Vec<i32>,
    },
    AddEncryptionKey {
        encryption_key: KeyToAdd,
    },
    RemoveEncryptionKey {
        key_id: String,
    },
}

/// A statistics file that is to be set for its snapshot.
#[derive(Debug, Clone)]
pub struct StatisticsToSet(pub(super) StatisticsFile);

/// An encryption key that is to be added.
#[derive(Debug, Clone)]
pub struct KeyToAdd(pub(super) EncryptionKey);

impl TableUpdate {
    /// Whether the update is compared with every schema, partition spec or sort order of the table.
    pub(super) fn compares(&self) -> bool {
        matches!(
            self,
            Self::AddSchema { .. }
                | Self::RemoveSchemas { .. }
                | Self::AddSpec { .. }
                | Self::RemovePartitionSpecs { .. }
                | Self::AddSortOrder { .. }
        )
    }

    /// The action's name in the REST spec.
    pub fn action(&self) -> &'static str {
        match self {
            Self::AssignUuid { .. } => "assign-uuid",
            Self::UpgradeFormatVersion { .. } => "upgrade-format-version",
            Self::AddSchema { .. } => "add-schema",
            Self::SetCurrentSchema { .. } => "set-current-schema",
            Self::AddSpec { .. } => "add-spec",
            Self::SetDefaultSpec { .. } => "set-default-spec",
            Self::AddSortOrder { .. } => "add-sort-order",
            Self::SetDefaultSortOrder { .. } => "set-default-sort-order",
            Self::AddSnapshot { .. } => "add-snapshot",
            Self::SetSnapshotRef { .. } => "set-snapshot-ref",
            Self::RemoveSnapshots { .. } => "remove-snapshots",
            Self::RemoveSnapshotRef { .. } => "remove-snapshot-ref",
            Self::SetLocation { .. } => "set-location",
            Self::SetProperties { .. } => "set-properties",
            Self::RemoveProperties { .. } => "remove-properties",
            Self::SetStatistics { .. } => "set-statistics",
            Self::RemoveStatistics { .. } => "remove-statistics",
            Self::SetPartitionStatistics { .. } => "set-partition-statistics",
            Self::RemovePartitionStatistics { .. } => "remove-partition-statistics",
            Self::RemovePartitionSpecs { .. } => "remove-partition-specs",
            Self::RemoveSchemas { .. } => "remove-schemas",
            Self::AddEncryptionKey { .. } => "add-encryption-key",
            Self::RemoveEncryptionKey { .. } => "remove-encryption-key",
        }
    }
}

impl<'de> Deserialize<'de> for TableUpdate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}
