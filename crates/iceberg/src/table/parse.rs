//! Reads table metadata.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use uuid::Uuid;

use super::log::{EncryptionKey, StatisticsFile, parse_log};
use super::snapshot::{MAIN, NO_SNAPSHOT, Snapshot, SnapshotRef};
use super::{NEWEST_FORMAT_VERSION, StoredSchema, TableMetadata};
use crate::error::ParseError;
use crate::json::{Object, Raw, check_depth};
use crate::layout::{PartitionSpec, SortOrder};

const WHAT: &str = "table metadata";

/// One kind of part (schemas, specs or sort orders): the id of the current or default one, and all of them.
type Parts<T> = (i32, Vec<T>);

impl TableMetadata {
    /// Reads the JSON of a metadata file (not compressed) and checks that its parts fit together: ids are
    /// unique, ids that are referred to exist, logs are in order.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(bytes).map_err(|error| ParseError::new(WHAT, error))?;
        check_depth(text).map_err(|problem| ParseError::new(WHAT, problem))?;
        let (object, snapshots) = Object::parse_with_array(WHAT, text, "snapshots")?;
        let mut metadata = read(object)?;
        metadata.snapshots = snapshots
            .into_iter()
            .map(Snapshot::parse)
            .collect::<Result<_, _>>()?;
        metadata
            .check_consistency()
            .map_err(|problem| ParseError::new(WHAT, problem))?;
        Ok(metadata)
    }
}

/// Reads everything but the snapshots.
fn read(mut object: Object<'_>) -> Result<TableMetadata, ParseError> {
    let format_version = format_version(&mut object)?;
    let (current_schema_id, schemas) = schemas(&mut object, format_version)?;
    let (default_spec_id, specs) = specs(&mut object, format_version)?;
    let last_partition_id = last_partition_id(&mut object, format_version, &specs)?;
    let (default_sort_order_id, sort_orders) = sort_orders(&mut object, format_version)?;
    let current: Option<i64> = object.optional("current-snapshot-id")?;
    let current_snapshot_id = current.filter(|id| *id != NO_SNAPSHOT);
    Ok(TableMetadata {
        format_version,
        uuid: uuid(&mut object, format_version)?,
        location: strip_slashes(&object.require::<String>("location")?).to_owned(),
        last_sequence_number: last_sequence_number(&mut object, format_version)?,
        last_updated_ms: object.require("last-updated-ms")?,
        last_column_id: object.require("last-column-id")?,
        current_schema_id,
        schemas,
        default_spec_id,
        specs,
        last_partition_id,
        default_sort_order_id,
        sort_orders,
        properties: object.optional("properties")?.unwrap_or_default(),
        current_snapshot_id,
        next_row_id: next_row_id(&mut object, format_version)?,
        encryption_keys: list(&mut object, "encryption-keys", EncryptionKey::parse)?,
        refs: refs(&mut object, current_snapshot_id)?,
        snapshots: Vec::new(),
        statistics: list(&mut object, "statistics", StatisticsFile::parse)?,
        partition_statistics: list(&mut object, "partition-statistics", StatisticsFile::parse)?,
        snapshot_log: parse_log(object.raw("snapshot-log"))?,
        metadata_log: parse_log(object.raw("metadata-log"))?,
        extra: object.rest(),
    })
}

fn format_version(object: &mut Object<'_>) -> Result<u8, ParseError> {
    let version: i64 = object.require("format-version")?;
    u8::try_from(version)
        .ok()
        .filter(|v| (1..=NEWEST_FORMAT_VERSION).contains(v))
        .ok_or_else(|| {
            object.error(format_args!(
            "the format version is {version}; versions 1 to {NEWEST_FORMAT_VERSION} are supported"
        ))
        })
}

fn uuid(object: &mut Object<'_>, format_version: u8) -> Result<Uuid, ParseError> {
    if format_version == 1 {
        return Ok(object.optional("table-uuid")?.unwrap_or_default());
    }
    object.require("table-uuid")
}

fn last_sequence_number(object: &mut Object<'_>, format_version: u8) -> Result<i64, ParseError> {
    if format_version == 1 {
        return Ok(object.optional("last-sequence-number")?.unwrap_or(0));
    }
    object.require("last-sequence-number")
}

fn next_row_id(object: &mut Object<'_>, format_version: u8) -> Result<Option<i64>, ParseError> {
    if format_version < 3 {
        return object.optional("next-row-id");
    }
    object.require("next-row-id").map(Some)
}

/// Takes `schemas`, or in old v1 metadata the single `schema`. Both are always removed from the object: a remaining
/// member would be printed a second time.
fn schemas(object: &mut Object<'_>, version: u8) -> Result<Parts<StoredSchema>, ParseError> {
    let legacy = object.raw("schema");
    let current: Option<i32> = object.optional("current-schema-id")?;
    let Some(list) = list_if_any(object, version, "schemas")? else {
        let raw = legacy.ok_or_else(|| object.missing("schema"))?;
        let schema = stored_schema(raw)?;
        return Ok((schema.id, vec![schema]));
    };
    let list = list
        .into_iter()
        .map(stored_schema)
        .collect::<Result<_, _>>()?;
    Ok((
        current.ok_or_else(|| object.missing("current-schema-id"))?,
        list,
    ))
}

/// A schema without an id has the id 0, as the Java reference reads it.
fn stored_schema(raw: &RawValue) -> Result<StoredSchema, ParseError> {
    let mut object = Object::parse("schema", raw.get())?;
    if let Some(id) = object.optional("schema-id")? {
        return Ok(StoredSchema {
            id,
            raw: Raw::from(raw),
        });
    }
    Ok(StoredSchema {
        id: 0,
        raw: crate::schema::Schema::parse(raw.get())?.to_raw(Some(0)),
    })
}

/// Takes `partition-specs`, or in old v1 metadata the single `partition-spec`.
fn specs(object: &mut Object<'_>, version: u8) -> Result<Parts<PartitionSpec>, ParseError> {
    let legacy = object.array("partition-spec")?;
    let default: Option<i32> = object.optional("default-spec-id")?;
    let Some(list) = list_if_any(object, version, "partition-specs")? else {
        let fields = legacy.ok_or_else(|| object.missing("partition-spec"))?;
        return Ok((0, vec![with_ids(PartitionSpec::parse_v1(fields)?)?]));
    };
    let list = list
        .into_iter()
        .map(|raw| with_ids(PartitionSpec::parse(raw.get())?))
        .collect::<Result<_, _>>()?;
    Ok((
        default.ok_or_else(|| object.missing("default-spec-id"))?,
        list,
    ))
}

/// Numbers the fields of an old v1 spec, which have no ids, from 1000.
fn with_ids(mut spec: PartitionSpec) -> Result<PartitionSpec, ParseError> {
    spec.id.get_or_insert(0);
    let mut next = crate::layout::FIRST_PARTITION_ID..;
    spec.fill_ids(|_| Ok(next.next().unwrap_or(i32::MAX)))
        .map_err(|problem| ParseError::new("partition spec", problem))?;
    Ok(spec)
}

fn last_partition_id(
    object: &mut Object<'_>,
    version: u8,
    specs: &[PartitionSpec],
) -> Result<i32, ParseError> {
    if version > 1 {
        return object.require("last-partition-id");
    }
    let highest = specs.iter().map(PartitionSpec::highest_field_id).max();
    let fallback = highest.unwrap_or(crate::layout::FIRST_PARTITION_ID - 1);
    Ok(object.optional("last-partition-id")?.unwrap_or(fallback))
}

fn sort_orders(object: &mut Object<'_>, version: u8) -> Result<Parts<SortOrder>, ParseError> {
    let default: Option<i32> = object.optional("default-sort-order-id")?;
    let Some(list) = list_if_any(object, version, "sort-orders")? else {
        let unsorted = SortOrder::unsorted();
        return Ok((unsorted.id, vec![unsorted]));
    };
    let list = list
        .into_iter()
        .map(|raw| SortOrder::parse(raw.get()))
        .collect::<Result<_, _>>()?;
    Ok((
        default.ok_or_else(|| object.missing("default-sort-order-id"))?,
        list,
    ))
}

/// An array that may be missing in v1 only.
fn list_if_any<'a>(
    object: &mut Object<'a>,
    version: u8,
    key: &str,
) -> Result<Option<Vec<&'a RawValue>>, ParseError> {
    if version > 1 {
        object.require_array(key).map(Some)
    } else {
        object.array(key)
    }
}

fn list<T>(
    object: &mut Object<'_>,
    key: &str,
    parse: impl Fn(&RawValue) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    object
        .array(key)?
        .unwrap_or_default()
        .into_iter()
        .map(parse)
        .collect()
}

/// Takes `refs`; without that member, `main` points to the current snapshot.
fn refs(
    object: &mut Object<'_>,
    current: Option<i64>,
) -> Result<BTreeMap<String, SnapshotRef>, ParseError> {
    let Some(raw) = object.raw("refs") else {
        return Ok(current
            .map(|id| (MAIN.to_owned(), SnapshotRef::branch(id)))
            .into_iter()
            .collect());
    };
    Object::parse("refs", raw.get())?
        .into_members()
        .into_iter()
        .map(|(name, value)| Ok((name.into_owned(), SnapshotRef::parse(value.get())?)))
        .collect()
}

/// The location without slashes at its end; a scheme's `://` stays.
pub(crate) fn strip_slashes(location: &str) -> &str {
    let mut stripped = location;
    while let Some(shorter) = stripped.strip_suffix('/') {
        if shorter.ends_with(":/") || shorter.is_empty() {
            break;
        }
        stripped = shorter;
    }
    stripped
}
