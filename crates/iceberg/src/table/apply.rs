//! Applies updates to a table, or creates a table from them, as the Java reference's `TableMetadata.Builder` does.

use super::builder::Builder;
use super::parse::strip_slashes;
use super::update::{KeyToAdd, StatisticsToSet, TableUpdate};
use super::{DEFAULT_FORMAT_VERSION, NEWEST_FORMAT_VERSION, TableMetadata};
use crate::error::UpdateError;
use crate::layout::{PartitionSpec, SortOrder};

/// How many milliseconds a new snapshot on `main` may be ahead of the catalog's clock: as many as object stores allow
/// the clock of a request. Snapshots are expired by their timestamps, so these must be about right.
const MOST_AHEAD_MS: i64 = 900_000;

/// The time of a commit, and the metadata file that it is based on.
#[derive(Debug, Clone)]
pub struct CommitPoint {
    /// The catalog's clock, in milliseconds since 1970.
    pub now_ms: i64,
    /// The location of the base's metadata file, which is added to the metadata log. `None` if the base has itself just
    /// been made by updates: then no file ever holds it.
    pub previous_metadata_location: Option<String>,
}

/// Applies `updates` in order to `base`. `None` if they change nothing, so that nothing has to be written.
pub fn apply_table(
    base: &TableMetadata,
    updates: &[TableUpdate],
    point: &CommitPoint,
) -> Result<Option<TableMetadata>, UpdateError> {
    let after = apply_all(updates, || Ok(Builder::from_base(base, point))).and_then(|builder| {
        let is_changed = builder.changed;
        is_changed.then(|| builder.finish()).transpose()
    });
    after.map_err(UpdateError::bounded)
}

/// Creates a table from `updates`; `assign-uuid`, `set-location` and `add-schema` must be among them. `now_ms` is the
/// catalog's clock, in milliseconds since 1970.
pub fn create_table(updates: &[TableUpdate], now_ms: i64) -> Result<TableMetadata, UpdateError> {
    let point = CommitPoint {
        now_ms,
        previous_metadata_location: None,
    };
    let first = || {
        let version = initial_format_version(updates)?;
        Ok(Builder::from_nothing(version, &point))
    };
    let created = apply_all(updates, first).and_then(Builder::finish);
    created.map_err(UpdateError::bounded)
}

fn apply_all<'c>(
    updates: &[TableUpdate],
    begin: impl FnOnce() -> Result<Builder<'c>, UpdateError>,
) -> Result<Builder<'c>, UpdateError> {
    check_comparing_updates(updates.iter().filter(|update| update.compares()).count())?;
    let mut builder = begin()?;
    for update in updates {
        builder.apply(update)?;
    }
    Ok(builder)
}

/// Refuses more than `MAX_COMPARING_UPDATES` updates that are each compared with all existing schemas, specs, sort
/// orders or view versions, because their cost is quadratic. Real commits have a few of them.
pub(crate) fn check_comparing_updates(updates: usize) -> Result<(), UpdateError> {
    if updates > MAX_COMPARING_UPDATES {
        return Err(UpdateError::Invalid(format!(
            "the commit has {updates} updates that add or remove schemas, partition specs, sort orders or \
             view versions; at most {MAX_COMPARING_UPDATES} are taken at once"
        )));
    }
    Ok(())
}

const MAX_COMPARING_UPDATES: usize = 1000;

/// The format version of a table that updates create: the first version they ask for, or the default.
fn initial_format_version(updates: &[TableUpdate]) -> Result<u8, UpdateError> {
    let mut asked = updates.iter().filter_map(|update| match update {
        TableUpdate::UpgradeFormatVersion { format_version } => Some(*format_version),
        _ => None,
    });
    asked
        .next()
        .map_or(Ok(DEFAULT_FORMAT_VERSION), supported_version)
}

pub(super) fn supported_version(version: i64) -> Result<u8, UpdateError> {
    let known = u8::try_from(version)
        .ok()
        .filter(|v| (1..=NEWEST_FORMAT_VERSION).contains(v));
    known.ok_or_else(|| {
        UpdateError::Invalid(format!(
            "Unsupported format version: v{version} (supported: v{NEWEST_FORMAT_VERSION})"
        ))
    })
}

impl Builder<'_> {
    fn apply(&mut self, update: &TableUpdate) -> Result<(), UpdateError> {
        match update {
            TableUpdate::AssignUuid { uuid } => self.assign_uuid(*uuid),
            TableUpdate::UpgradeFormatVersion { format_version } => self.upgrade(*format_version),
            TableUpdate::AddSchema { schema } => self.add_schema(schema),
            TableUpdate::SetCurrentSchema { schema_id } => self.set_current_schema(*schema_id),
            TableUpdate::RemoveSchemas { schema_ids } => self.remove_schemas(schema_ids),
            TableUpdate::AddSpec { spec } => self.add_spec(spec),
            TableUpdate::SetDefaultSpec { spec_id } => self.set_default_spec(*spec_id),
            TableUpdate::RemovePartitionSpecs { spec_ids } => self.remove_specs(spec_ids),
            TableUpdate::AddSortOrder { sort_order } => self.add_sort_order(sort_order),
            TableUpdate::SetDefaultSortOrder { sort_order_id } => {
                self.set_default_sort_order(*sort_order_id)
            }
            TableUpdate::AddSnapshot { snapshot } => self.add_snapshot(snapshot),
            TableUpdate::SetSnapshotRef {
                ref_name,
                reference,
            } => self.set_ref(ref_name, reference),
            other => {
                self.apply_infallible(other);
                Ok(())
            }
        }
    }

    /// Applies the updates that succeed whatever the table's state.
    fn apply_infallible(&mut self, update: &TableUpdate) {
        match update {
            TableUpdate::RemoveSnapshots { snapshot_ids } => self.remove_snapshots(snapshot_ids),
            TableUpdate::RemoveSnapshotRef { ref_name } => self.remove_ref(ref_name),
            TableUpdate::SetStatistics {
                statistics: StatisticsToSet(file),
            } => {
                self.statistics.set(file.snapshot_id, file.clone());
                self.changed = true;
            }
            TableUpdate::SetPartitionStatistics {
                partition_statistics: StatisticsToSet(file),
            } => {
                self.partition_statistics
                    .set(file.snapshot_id, file.clone());
                self.changed = true;
            }
            TableUpdate::RemoveStatistics { snapshot_id } => {
                self.changed |= self.statistics.remove(snapshot_id);
            }
            TableUpdate::RemovePartitionStatistics { snapshot_id } => {
                self.changed |= self.partition_statistics.remove(snapshot_id);
            }
            TableUpdate::SetLocation { location } => self.set_location(location),
            TableUpdate::SetProperties { updates } => {
                self.changed |= !updates.is_empty();
                let updates = updates
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()));
                self.meta.properties.extend(updates);
            }
            TableUpdate::RemoveProperties { removals } => {
                self.changed |= !removals.is_empty();
                for name in removals {
                    self.meta.properties.remove(name);
                }
            }
            TableUpdate::AddEncryptionKey {
                encryption_key: KeyToAdd(key),
            } => {
                if !self.encryption_keys.contains(&key.id) {
                    self.encryption_keys.set(key.id.clone(), key.clone());
                    self.changed = true;
                }
            }
            TableUpdate::RemoveEncryptionKey { key_id } => {
                self.changed |= self.encryption_keys.remove(key_id);
            }
            // `apply` handles these. They are listed so that the compiler complains about a new update.
            TableUpdate::AssignUuid { .. }
            | TableUpdate::UpgradeFormatVersion { .. }
            | TableUpdate::AddSchema { .. }
            | TableUpdate::SetCurrentSchema { .. }
            | TableUpdate::RemoveSchemas { .. }
            | TableUpdate::AddSpec { .. }
            | TableUpdate::SetDefaultSpec { .. }
            | TableUpdate::RemovePartitionSpecs { .. }
            | TableUpdate::AddSortOrder { .. }
            | TableUpdate::SetDefaultSortOrder { .. }
            | TableUpdate::AddSnapshot { .. }
            | TableUpdate::SetSnapshotRef { .. } => {}
        }
    }

    fn assign_uuid(&mut self, uuid: uuid::Uuid) -> Result<(), UpdateError> {
        if uuid.is_nil() {
            return Err(UpdateError::invalid(
                "Cannot set the table's uuid to the nil uuid",
            ));
        }
        self.changed |= self.meta.uuid != uuid;
        self.meta.uuid = uuid;
        Ok(())
    }

    fn upgrade(&mut self, to: i64) -> Result<(), UpdateError> {
        let from = self.meta.format_version;
        if to > i64::from(NEWEST_FORMAT_VERSION) {
            return Err(UpdateError::Invalid(format!(
                "Cannot upgrade table to unsupported format version: v{to} (supported: \
                 v{NEWEST_FORMAT_VERSION})"
            )));
        }
        if to < i64::from(from) {
            return Err(UpdateError::Invalid(format!(
                "Cannot downgrade v{from} table to v{to}"
            )));
        }
        let to = supported_version(to)?;
        if to == from {
            return Ok(());
        }
        self.meta.format_version = to;
        if to >= 3 {
            self.meta.next_row_id.get_or_insert(0);
        }
        self.changed = true;
        Ok(())
    }

    fn set_location(&mut self, location: &str) {
        let location = strip_slashes(location);
        if self.meta.location != location {
            location.clone_into(&mut self.meta.location);
            self.changed = true;
        }
    }

    /// Takes out removed snapshots, brings the logs up to date and checks the whole metadata.
    fn finish(mut self) -> Result<TableMetadata, UpdateError> {
        self.sweep_snapshots();
        self.meta.statistics = self.statistics.take_list();
        self.meta.partition_statistics = self.partition_statistics.take_list();
        self.meta.encryption_keys = self.encryption_keys.take_list();
        if self.base_updated_ms.is_none() {
            self.complete_new_table()?;
        }
        self.check_writers_clock()?;
        self.meta.last_updated_ms = self.point.now_ms;
        self.extend_metadata_log()?;
        self.prune_snapshot_log()?;
        self.meta
            .check_consistency()
            .map_err(UpdateError::Invalid)?;
        if self.defaults_changed {
            self.meta.check_defaults()?;
        }
        if let Some(before) = &self.taken_names {
            self.meta.check_partition_names(before)?;
        }
        Ok(self.meta)
    }

    /// Refuses a new snapshot on `main` whose timestamp is too far ahead of the catalog's clock.
    fn check_writers_clock(&self) -> Result<(), UpdateError> {
        let made = |id| self.snapshot_times.get(id).copied();
        let Some(newest) = self.main_moves.iter().filter_map(made).max() else {
            return Ok(());
        };
        let ahead = newest.saturating_sub(self.point.now_ms);
        if ahead > MOST_AHEAD_MS {
            return Err(UpdateError::Invalid(format!(
                "Invalid snapshot timestamp {newest}: it is {ahead} ms ahead of the catalog's clock, and {MOST_AHEAD_MS} are allowed; set the \
                 writer's clock"
            )));
        }
        Ok(())
    }

    /// Checks that a new table has a uuid, a location and a schema. Without a spec or a sort order it gets an
    /// unpartitioned spec or an unsorted order.
    fn complete_new_table(&mut self) -> Result<(), UpdateError> {
        let meta = &mut self.meta;
        let missing = [
            (meta.uuid.is_nil(), "assign-uuid"),
            (meta.location.is_empty(), "set-location"),
            (meta.schemas.is_empty(), "add-schema"),
        ];
        if let Some((_, action)) = missing.into_iter().find(|(is_missing, _)| *is_missing) {
            return Err(UpdateError::Invalid(format!(
                "the table does not exist, and the updates that are to create it lack `{action}`"
            )));
        }
        if meta.specs.is_empty() {
            let spec = PartitionSpec::unpartitioned();
            meta.last_partition_id = meta.last_partition_id.max(spec.highest_field_id());
            meta.specs.push(spec);
        }
        if meta.sort_orders.is_empty() {
            meta.sort_orders.push(SortOrder::unsorted());
        }
        Ok(())
    }
}
