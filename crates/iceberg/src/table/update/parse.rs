//! Reads updates according to their `action`.

use std::collections::BTreeMap;

use super::{KeyToAdd, StatisticsToSet, TableUpdate};
use crate::error::ParseError;
use crate::json::{Object, Raw};
use crate::layout::{PartitionSpec, SortOrder};
use crate::schema::Schema;
use crate::table::log::{EncryptionKey, StatisticsFile};
use crate::table::snapshot::{Snapshot, SnapshotRef};

/// Actions of views alone, which a client may send to a table by mistake.
const OF_VIEWS: [&str; 2] = ["add-view-version", "set-current-view-version"];

/// Actions of tables alone, which a client may send to a view by mistake.
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
    /// Reads one update. An unknown action is an error: ignoring it would confirm a change that was not made.
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
}

fn parse_layout(action: &str, o: &mut Object<'_>) -> Result<Option<TableUpdate>, ParseError> {
    Ok(Some(match action {
        "add-schema" => TableUpdate::AddSchema {
            schema: Schema::parse_new(one_line(o, "schema")?.get())?,
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
        // `snapshot-id` beside `statistics` is deprecated and repeats the one inside, so it is ignored.
        "set-statistics" => TableUpdate::SetStatistics {
            statistics: StatisticsToSet(StatisticsFile::parse_new(o.require_raw("statistics")?)?),
        },
        "remove-statistics" => TableUpdate::RemoveStatistics {
            snapshot_id: o.require("snapshot-id")?,
        },
        "set-partition-statistics" => TableUpdate::SetPartitionStatistics {
            partition_statistics: StatisticsToSet(StatisticsFile::parse_new_of_partitions(
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
            encryption_key: KeyToAdd(EncryptionKey::parse_new(o.require_raw("encryption-key")?)?),
        },
        "remove-encryption-key" => TableUpdate::RemoveEncryptionKey {
            key_id: o.require("key-id")?,
        },
        _ => return Ok(None),
    }))
}

/// Takes `updates`, or `updated`, which clients send that are older than its correction in the REST spec.
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

/// Takes `removals`, or `removed`, which clients send that are older than its correction in the REST spec.
pub(crate) fn property_removals(object: &mut Object<'_>) -> Result<Vec<String>, ParseError> {
    match object.optional("removals")? {
        Some(removals) => Ok(removals),
        None => Ok(object
            .optional("removed")?
            .map_or_else(|| object.require("removals"), Ok)?),
    }
}

/// Takes a required member, without line feeds between its tokens, so that texts kept from it are compact.
pub(crate) fn one_line(object: &mut Object<'_>, key: &str) -> Result<Raw, ParseError> {
    object.require_raw(key).map(Raw::from)
}
