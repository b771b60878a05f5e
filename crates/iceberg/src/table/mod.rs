//! Table metadata of versions 1 to 3 of the table spec, tolerant of later additions.

mod apply;
mod attached;
mod builder;
mod create;
mod history;
mod keyed;
mod layouts;
mod log;
mod parse;
mod print;
mod requirement;
mod snapshot;
mod snapshots;
mod update;
mod validate;

use std::collections::BTreeMap;

use uuid::Uuid;

pub use apply::{CommitPoint, apply_table, create_table};
pub use create::NewTable;
pub use history::{logged_metadata_files, removed_metadata_files};
pub use log::{MetadataLogEntry, SnapshotLogEntry};
pub use requirement::{TableRequirement, check_table};
pub use snapshot::{RefKind, Snapshot, SnapshotRef};
pub use update::TableUpdate;

use crate::error::ParseError;
use crate::json::Extra;
use crate::layout::{PartitionSpec, SortOrder};
use crate::schema::{Schema, SchemaIndex, StoredSchema};
pub(crate) use apply::check_comparing_updates;
pub(crate) use layouts::{last_added, next_id};
use log::{EncryptionKey, StatisticsFile};
pub(crate) use parse::strip_slashes;
pub(crate) use snapshot::repeated_id;
pub(crate) use update::{
    is_table_action, one_line, property_removals, property_updates, size_of_properties, strings,
};

/// The newest format version that is accepted. Version 4 is not final: its members are kept, and the rules of
/// version 3 apply to it.
pub(crate) const NEWEST_FORMAT_VERSION: u8 = 4;
/// The format version of new tables whose creator does not choose one.
pub(crate) const DEFAULT_FORMAT_VERSION: u8 = 2;

/// The metadata of a table (table spec, "Table Metadata Fields").
///
/// Members that this crate does not interpret are kept as text, in every part of the tree, and printed unchanged.
#[derive(Debug, Clone)]
pub struct TableMetadata {
    format_version: u8,
    /// Nil if v1 metadata of an old writer has none.
    uuid: Uuid,
    location: String,
    last_sequence_number: i64,
    last_updated_ms: i64,
    last_column_id: i32,
    current_schema_id: i32,
    schemas: Vec<StoredSchema>,
    default_spec_id: i32,
    specs: Vec<PartitionSpec>,
    last_partition_id: i32,
    default_sort_order_id: i32,
    sort_orders: Vec<SortOrder>,
    properties: BTreeMap<String, String>,
    current_snapshot_id: Option<i64>,
    /// Since v3.
    next_row_id: Option<i64>,
    encryption_keys: Vec<EncryptionKey>,
    refs: BTreeMap<String, SnapshotRef>,
    snapshots: Vec<Snapshot>,
    statistics: Vec<StatisticsFile>,
    partition_statistics: Vec<StatisticsFile>,
    snapshot_log: Vec<SnapshotLogEntry>,
    metadata_log: Vec<MetadataLogEntry>,
    extra: Extra,
}

/// The field id of a column of a schema.
fn column_of(schema: &str, name: &str) -> Result<Option<i32>, ParseError> {
    let schema = Schema::parse(schema)?;
    Ok(SchemaIndex::new(&schema)?.id_of(name))
}

impl TableMetadata {
    /// The table's UUID; nil for v1 metadata that has none.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// The table's base location, without a slash at the end.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// 1, 2, 3 or 4.
    pub fn format_version(&self) -> u8 {
        self.format_version
    }

    /// All table properties.
    pub fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    /// One table property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// When this metadata was made, in milliseconds since 1970.
    pub fn last_updated_ms(&self) -> i64 {
        self.last_updated_ms
    }

    /// The snapshot that readers see, if the table has data.
    pub fn current_snapshot_id(&self) -> Option<i64> {
        self.current_snapshot_id
    }

    /// The highest sequence number that was handed out; 0 in v1.
    pub fn last_sequence_number(&self) -> i64 {
        self.last_sequence_number
    }

    /// The row id that the next commit starts with (v3).
    pub fn next_row_id(&self) -> Option<i64> {
        self.next_row_id
    }

    /// The highest column id that was handed out.
    pub fn last_column_id(&self) -> i32 {
        self.last_column_id
    }

    /// The id of the schema that new data is written with.
    pub fn current_schema_id(&self) -> i32 {
        self.current_schema_id
    }

    /// The current schema as JSON.
    pub fn current_schema_json(&self) -> Option<&str> {
        let current = self
            .schemas
            .iter()
            .find(|schema| schema.id == self.current_schema_id)?;
        Some(current.raw.get())
    }

    /// The field id of a column of the current schema, by its full name (`a.b`) or its short one (`list.x` for
    /// `list.element.x`). Fails if the schema cannot be read.
    pub fn column_id(&self, name: &str) -> Result<Option<i32>, ParseError> {
        let current = self.current_schema_json();
        current.map_or(Ok(None), |json| column_of(json, name))
    }

    /// Like [`Self::column_id`], in the schemas that are not current: the one with the greatest id that has such a column
    /// decides.
    pub fn former_column_id(&self, name: &str) -> Result<Option<i32>, ParseError> {
        let current = self.current_schema_id;
        let others = self.schemas.iter().filter(|schema| schema.id != current);
        let mut former: Vec<_> = others.collect();
        former.sort_by_key(|schema| std::cmp::Reverse(schema.id));
        for schema in former {
            if let Some(id) = column_of(schema.raw.get(), name)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Earlier metadata files, oldest first.
    pub fn metadata_log(&self) -> &[MetadataLogEntry] {
        &self.metadata_log
    }

    /// Which snapshots became current and when, oldest first.
    pub fn snapshot_log(&self) -> &[SnapshotLogEntry] {
        &self.snapshot_log
    }

    /// Every snapshot, in the order they were added.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// How many snapshots there are.
    pub fn snapshot_count(&self) -> usize {
        self.snapshots.len()
    }

    /// Branches and tags by name.
    pub fn refs(&self) -> &BTreeMap<String, SnapshotRef> {
        &self.refs
    }
}

#[cfg(test)]
mod tests;
