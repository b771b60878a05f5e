//! The changes that a client can ask of a table (REST spec, `TableUpdate`).

mod print;

pub(crate) use print::strings;

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::log::{EncryptionKey, StatisticsFile};
use super::snapshot::{Snapshot, SnapshotRef};
use crate::error::ParseError;
use crate::json::{Object, Raw, check_depth};
use crate::layout::{PartitionSpec, SortOrder};
use crate::schema::Schema;

/// One change of a table.
///
/// Reading needs a `serde_json` deserializer (texts are kept), not one that buffers, as `flatten` does.
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
        statistics: FileOfSnapshot,
    },
    RemoveStatistics {
        snapshot_id: i64,
    },
    SetPartitionStatistics {
        partition_statistics: FileOfSnapshot,
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
pub struct FileOfSnapshot(pub(super) StatisticsFile);

/// An encryption key that is to be added.
#[derive(Debug, Clone)]
pub struct KeyToAdd(pub(super) EncryptionKey);

/// Actions of views that someone may send to a table by mistake.
const OF_VIEWS: [&str; 2] = ["add-view-version", "set-current-view-version"];

/// Actions of tables alone, which someone may send to a view by mistake.
const OF_TABLES: [&str; 17] = [
    "add-encryption-key",
    "add-snapshot",
    "add-sort-order",
    "add-spec",
    "remove-encryption-key",
    "remove-partition-specs",
    "remove-partition-statistics",
    "remove-schemas",
    "remove-snapshot-ref",
    "remove-snapshots",
    "remove-statistics",
    "set-current-schema",
    "set-default-sort-order",
    "set-default-spec",
    "set-partition-statistics",
    "set-snapshot-ref",
    "set-statistics",
];

/// Whether only tables have this action.
pub(crate) fn is_table_action(action: &str) -> bool {
    OF_TABLES.contains(&action)
}

impl TableUpdate {
    /// Reads one update. An unknown action is an error: ignoring it would acknowledge what was not done.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("table update", text)?;
        let action: String = object.require("action")?;
        let lower = action.to_ascii_lowercase();
        if let Some(update) = parse_layout(&lower, &mut object)? {
            return Ok(update);
        }
        if let Some(update) = parse_snapshots(&lower, &mut object)? {
            return Ok(update);
        }
        if let Some(update) = parse_other(&lower, &mut object)? {
            return Ok(update);
        }
        if OF_VIEWS.contains(&lower.as_str()) {
            return Err(object.error(format_args!("Cannot apply update `{action}` to a table")));
        }
        Err(object.error(format_args!("the action `{action}` is not known")))
    }

    /// Whether the update is compared with every part of its kind that the table has.
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

fn parse_layout(action: &str, o: &mut Object<'_>) -> Result<Option<TableUpdate>, ParseError> {
    Ok(Some(match action {
        "add-schema" => TableUpdate::AddSchema {
            schema: Schema::parse(one_line(o, "schema")?.get())?,
        },
        "set-current-schema" => TableUpdate::SetCurrentSchema {
            schema_id: o.require("schema-id")?,
        },
        "remove-schemas" => TableUpdate::RemoveSchemas {
            schema_ids: o.require("schema-ids")?,
        },
        "add-spec" => TableUpdate::AddSpec {
            spec: PartitionSpec::parse(o.require_raw("spec")?.get())?,
        },
        "set-default-spec" => TableUpdate::SetDefaultSpec {
            spec_id: o.require("spec-id")?,
        },
        "remove-partition-specs" => TableUpdate::RemovePartitionSpecs {
            spec_ids: o.require("spec-ids")?,
        },
        "add-sort-order" => TableUpdate::AddSortOrder {
            sort_order: SortOrder::parse(o.require_raw("sort-order")?.get())?,
        },
        "set-default-sort-order" => TableUpdate::SetDefaultSortOrder {
            sort_order_id: o.require("sort-order-id")?,
        },
        _ => return Ok(None),
    }))
}

fn parse_snapshots(action: &str, o: &mut Object<'_>) -> Result<Option<TableUpdate>, ParseError> {
    Ok(Some(match action {
        "add-snapshot" => TableUpdate::AddSnapshot {
            snapshot: Snapshot::parse_new(o.require_raw("snapshot")?)?,
        },
        "set-snapshot-ref" => TableUpdate::SetSnapshotRef {
            ref_name: o.require("ref-name")?,
            reference: SnapshotRef::take_from(o)?,
        },
        "remove-snapshots" => TableUpdate::RemoveSnapshots {
            snapshot_ids: o.require("snapshot-ids")?,
        },
        "remove-snapshot-ref" => TableUpdate::RemoveSnapshotRef {
            ref_name: o.require("ref-name")?,
        },
        // `snapshot-id` beside `statistics` is deprecated and says the same again.
        "set-statistics" => TableUpdate::SetStatistics {
            statistics: FileOfSnapshot(StatisticsFile::parse(o.require_raw("statistics")?)?),
        },
        "remove-statistics" => TableUpdate::RemoveStatistics {
            snapshot_id: o.require("snapshot-id")?,
        },
        "set-partition-statistics" => TableUpdate::SetPartitionStatistics {
            partition_statistics: FileOfSnapshot(StatisticsFile::parse(
                o.require_raw("partition-statistics")?,
            )?),
        },
        "remove-partition-statistics" => TableUpdate::RemovePartitionStatistics {
            snapshot_id: o.require("snapshot-id")?,
        },
        _ => return Ok(None),
    }))
}

fn parse_other(action: &str, o: &mut Object<'_>) -> Result<Option<TableUpdate>, ParseError> {
    Ok(Some(match action {
        "assign-uuid" => TableUpdate::AssignUuid {
            uuid: o.require("uuid")?,
        },
        "upgrade-format-version" => TableUpdate::UpgradeFormatVersion {
            format_version: o.require("format-version")?,
        },
        "set-location" => TableUpdate::SetLocation {
            location: o.require("location")?,
        },
        "set-properties" => TableUpdate::SetProperties {
            updates: property_updates(o)?,
        },
        "remove-properties" => TableUpdate::RemoveProperties {
            removals: property_removals(o)?,
        },
        "add-encryption-key" => TableUpdate::AddEncryptionKey {
            encryption_key: KeyToAdd(EncryptionKey::parse(o.require_raw("encryption-key")?)?),
        },
        "remove-encryption-key" => TableUpdate::RemoveEncryptionKey {
            key_id: o.require("key-id")?,
        },
        _ => return Ok(None),
    }))
}

/// `updates`, or `updated` as clients before the REST spec was fixed send it.
pub(crate) fn property_updates(
    object: &mut Object<'_>,
) -> Result<BTreeMap<String, String>, ParseError> {
    match object.optional("updates")? {
        Some(updates) => Ok(updates),
        None => Ok(object
            .optional("updated")?
            .map_or_else(|| object.require("updates"), Ok)?),
    }
}

/// `removals`, or `removed` as clients before the REST spec was fixed send it.
pub(crate) fn property_removals(object: &mut Object<'_>) -> Result<Vec<String>, ParseError> {
    match object.optional("removals")? {
        Some(removals) => Ok(removals),
        None => Ok(object
            .optional("removed")?
            .map_or_else(|| object.require("removals"), Ok)?),
    }
}

/// A member without line feeds, so that texts kept from it are compact.
pub(crate) fn one_line(object: &mut Object<'_>, key: &str) -> Result<Raw, ParseError> {
    object.require_raw(key).map(Raw::from)
}

impl<'de> Deserialize<'de> for TableUpdate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}
