//! The state while updates are applied: the metadata so far, and what the updates have changed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use uuid::Uuid;

use super::TableMetadata;
use super::apply::CommitPoint;
use super::keyed::Keyed;
use super::log::{EncryptionKey, StatisticsFile};
use crate::schema::{KnownSchemas, SchemaIndex};

/// The id −1 in updates: it stands for the schema, spec or sort order that was added last.
pub(super) const LAST_ADDED: i32 = -1;

pub(super) struct Builder<'c> {
    pub(super) meta: TableMetadata,
    pub(super) point: &'c CommitPoint,
    /// When the base was made, for the metadata log's entry of its file; `None` if there is no base.
    pub(super) base_updated_ms: Option<i64>,
    /// Whether an update has changed anything.
    pub(super) changed: bool,
    /// Whether an update changed the current schema, the default spec or the default sort order.
    pub(super) defaults_changed: bool,
    /// The names that partition fields shared with columns they do not read, before an update changed the current
    /// schema; `None` if none has changed it.
    pub(super) taken_names: Option<BTreeSet<String>>,
    pub(super) known_schemas: KnownSchemas,
    /// The columns of the current schema, with its id; `None` until an update needs them.
    pub(super) columns: Option<(i32, Rc<SchemaIndex>)>,
    pub(super) last_added_schema: Option<i32>,
    pub(super) last_added_spec: Option<i32>,
    pub(super) last_added_order: Option<i32>,
    pub(super) statistics: Keyed<i64, StatisticsFile>,
    pub(super) partition_statistics: Keyed<i64, StatisticsFile>,
    pub(super) encryption_keys: Keyed<String, EncryptionKey>,
    /// The timestamp of every existing snapshot, by id.
    pub(super) snapshot_times: HashMap<i64, i64>,
    /// Snapshots that this commit added.
    pub(super) added_snapshots: HashSet<i64>,
    /// Removed snapshots that are still in `meta.snapshots`: the list is swept only once, at the end.
    pub(super) removed_snapshots: HashSet<i64>,
    /// Whether this commit removed any snapshot.
    pub(super) removed_any_snapshot: bool,
    /// The snapshots that this commit both added and pointed `main` to, in this order.
    pub(super) main_moves: Vec<i64>,
}

impl<'c> Builder<'c> {
    /// Starts from a table.
    pub(super) fn from_base(base: &TableMetadata, point: &'c CommitPoint) -> Self {
        let snapshot_times = base
            .snapshots
            .iter()
            .map(|s| (s.id, s.timestamp_ms))
            .collect();
        Self {
            statistics: Keyed::new(&base.statistics, |file| file.snapshot_id),
            partition_statistics: Keyed::new(&base.partition_statistics, |file| file.snapshot_id),
            encryption_keys: Keyed::new(&base.encryption_keys, |key| key.id.clone()),
            meta: base.clone(),
            point,
            base_updated_ms: Some(base.last_updated_ms),
            changed: false,
            defaults_changed: false,
            taken_names: None,
            known_schemas: KnownSchemas::default(),
            columns: None,
            last_added_schema: None,
            last_added_spec: None,
            last_added_order: None,
            snapshot_times,
            added_snapshots: HashSet::new(),
            removed_snapshots: HashSet::new(),
            removed_any_snapshot: false,
            main_moves: Vec::new(),
        }
    }

    /// Starts from nothing: updates create the table.
    pub(super) fn from_nothing(format_version: u8, point: &'c CommitPoint) -> Self {
        let mut builder = Self::from_base(&empty_metadata(format_version, point.now_ms), point);
        builder.base_updated_ms = None;
        builder.defaults_changed = true;
        builder
    }
}

/// Metadata without a uuid, a location, schemas, specs and orders; the checks at the end refuse it if any of them is
/// still missing.
pub(super) fn empty_metadata(format_version: u8, now_ms: i64) -> TableMetadata {
    TableMetadata {
        format_version,
        uuid: Uuid::nil(),
        location: String::new(),
        last_sequence_number: 0,
        last_updated_ms: now_ms,
        last_column_id: 0,
        current_schema_id: 0,
        schemas: Vec::new(),
        default_spec_id: 0,
        specs: Vec::new(),
        last_partition_id: 0,
        default_sort_order_id: 0,
        sort_orders: Vec::new(),
        properties: std::collections::BTreeMap::new(),
        current_snapshot_id: None,
        next_row_id: (format_version >= 3).then_some(0),
        encryption_keys: Vec::new(),
        refs: std::collections::BTreeMap::new(),
        snapshots: Vec::new(),
        statistics: Vec::new(),
        partition_statistics: Vec::new(),
        snapshot_log: Vec::new(),
        metadata_log: Vec::new(),
        extra: Vec::new(),
    }
}
