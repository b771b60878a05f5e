//! Applies updates to a view, as the Java reference's `ViewMetadata.Builder` does.

use std::collections::{BTreeSet, HashMap};

use super::{FORMAT_VERSION, LogEntry, ViewMetadata, ViewUpdate, ViewVersion};
use crate::error::UpdateError;
use crate::property::{self, VIEW_DROP_DIALECT, VIEW_HISTORY_SIZE};
use crate::schema::{KnownSchemas, Schema, StoredSchema};
use crate::table::{check_comparing_updates, last_added, next_id, strip_slashes};

/// The format version of tables whose types views can have: the newest one whose types are all known.
const TYPES_OF_TABLES: u8 = 3;

/// Applies `updates` in order; `now_ms` is the catalog's clock, in milliseconds since 1970. `None` if they change
/// nothing.
pub fn apply_view(
    base: &ViewMetadata,
    updates: &[ViewUpdate],
    now_ms: i64,
) -> Result<Option<ViewMetadata>, UpdateError> {
    try_apply(base, updates, now_ms).map_err(UpdateError::bounded)
}

fn try_apply(
    base: &ViewMetadata,
    updates: &[ViewUpdate],
    now_ms: i64,
) -> Result<Option<ViewMetadata>, UpdateError> {
    let compares = |update: &&ViewUpdate| {
        matches!(
            update,
            ViewUpdate::AddSchema { .. } | ViewUpdate::AddViewVersion { .. }
        )
    };
    check_comparing_updates(updates.iter().filter(compares).count())?;
    let mut builder = ViewBuilder::new(base, now_ms);
    for update in updates {
        builder.apply(update)?;
    }
    if !builder.changed {
        return Ok(None);
    }
    builder.finish().map(Some)
}

pub(super) struct ViewBuilder {
    meta: ViewMetadata,
    now_ms: i64,
    changed: bool,
    /// The version that was current before the updates; `None` for a new view.
    previous: Option<ViewVersion>,
    known_schemas: KnownSchemas,
    /// The ids of versions by their [`ViewVersion::content_key`]. Filled when the first version is added.
    known_versions: HashMap<String, i32>,
    last_added_schema: Option<i32>,
    last_added_version: Option<i32>,
    /// Versions that these updates added, which they must not expire.
    added: BTreeSet<i32>,
    /// The log entry for the last change of the current version; earlier changes by these updates are not logged.
    moved: Option<LogEntry>,
}

impl ViewBuilder {
    pub(super) fn new(base: &ViewMetadata, now_ms: i64) -> Self {
        Self {
            previous: base.current_version().cloned(),
            meta: base.clone(),
            now_ms,
            changed: false,
            known_schemas: KnownSchemas::default(),
            known_versions: HashMap::new(),
            last_added_schema: None,
            last_added_version: None,
            added: BTreeSet::new(),
            moved: None,
        }
    }

    fn apply(&mut self, update: &ViewUpdate) -> Result<(), UpdateError> {
        match update {
            ViewUpdate::AssignUuid { uuid } if *uuid != self.meta.uuid => {
                return Err(UpdateError::invalid("Cannot reassign uuid"));
            }
            ViewUpdate::AssignUuid { .. } => {}
            ViewUpdate::UpgradeFormatVersion { format_version } => upgrade(*format_version)?,
            ViewUpdate::AddSchema { schema } => {
                self.add_schema(schema)?;
            }
            ViewUpdate::AddViewVersion { view_version } => {
                self.add_version(view_version)?;
            }
            ViewUpdate::SetCurrentViewVersion { view_version_id } => {
                self.set_current_version(*view_version_id)?;
            }
            ViewUpdate::SetLocation { location } => {
                let location = strip_slashes(location);
                self.changed |= self.meta.location != location;
                location.clone_into(&mut self.meta.location);
            }
            ViewUpdate::SetProperties { updates } => {
                self.changed |= !updates.is_empty();
                let updates = updates
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()));
                self.meta.properties.extend(updates);
            }
            ViewUpdate::RemoveProperties { removals } => {
                self.changed |= !removals.is_empty();
                for name in removals {
                    self.meta.properties.remove(name);
                }
            }
        }
        Ok(())
    }

    /// Adds a schema, unless an equal schema exists. In later updates −1 stands for the added or the existing schema.
    pub(super) fn add_schema(&mut self, schema: &Schema) -> Result<i32, UpdateError> {
        let schemas = &self.meta.schemas;
        self.known_schemas
            .check_compatibility(schema, schemas, TYPES_OF_TABLES)?;
        if let Some(id) = self.known_schemas.equal_to(schema, schemas)? {
            self.last_added_schema = Some(id);
            return Ok(id);
        }
        let highest = schemas.iter().map(|stored| stored.id).max();
        let id = highest.map_or(Ok(0), |id| next_id("schema", id))?.max(0);
        self.known_schemas.add(id, schema.clone());
        self.meta.schemas.push(StoredSchema {
            id,
            raw: schema.to_raw(Some(id)),
        });
        self.last_added_schema = Some(id);
        self.changed = true;
        Ok(id)
    }

    /// Adds a version, unless an equal version exists. In later updates −1 stands for the added or the existing version.
    pub(super) fn add_version(&mut self, version: &ViewVersion) -> Result<i32, UpdateError> {
        let mut version = version.clone();
        let last = self.last_added_schema;
        version.schema_id =
            last_added(version.schema_id, last, "schema: no schema has been added")?;
        if self.known_versions.is_empty() {
            for stored in &self.meta.versions {
                let known = self.known_versions.entry(stored.content_key());
                known.or_insert(stored.id);
            }
        }
        let content_key = version.content_key();
        if let Some(id) = self.known_versions.get(&content_key) {
            self.last_added_version = Some(*id);
            return Ok(*id);
        }
        let highest = self.meta.versions.iter().map(|stored| stored.id).max();
        if let Some(highest) = highest.filter(|highest| *highest >= version.id) {
            version.id = next_id("view version", highest)?;
        }
        if !self
            .meta
            .schemas
            .iter()
            .any(|schema| schema.id == version.schema_id)
        {
            return Err(UpdateError::Invalid(format!(
                "Cannot add version with unknown schema: {}",
                version.schema_id
            )));
        }
        version.check_dialects()?;
        let id = version.id;
        self.known_versions.insert(content_key, id);
        self.meta.versions.push(version);
        self.added.insert(id);
        self.last_added_version = Some(id);
        self.changed = true;
        Ok(id)
    }

    pub(super) fn set_current_version(&mut self, id: i32) -> Result<(), UpdateError> {
        let what = "version: no version has been added";
        let id = last_added(id, self.last_added_version, what)?;
        if self.meta.current_version_id == id && self.previous.is_some() {
            return Ok(());
        }
        let Some(version) = self.meta.versions.iter().find(|version| version.id == id) else {
            return Err(UpdateError::Invalid(format!(
                "Cannot set current version to unknown version: {id}"
            )));
        };
        // An old version becomes current now; a new version became current when it was made.
        let is_new = self.added.contains(&id);
        let timestamp_ms = if is_new {
            version.timestamp_ms
        } else {
            self.now_ms
        };
        self.meta.current_version_id = id;
        self.moved = Some(LogEntry {
            timestamp_ms,
            version_id: id,
            extra: Vec::new(),
        });
        self.changed = true;
        Ok(())
    }

    /// Brings the log up to date, expires old versions and checks the whole metadata.
    pub(super) fn finish(mut self) -> Result<ViewMetadata, UpdateError> {
        self.meta.version_log.extend(self.moved.take());
        self.check_dropped_dialects()?;
        let default = property::VIEW_HISTORY_SIZE_DEFAULT;
        let size = property::int(&self.meta.properties, VIEW_HISTORY_SIZE, default)?;
        let size = usize::try_from(size)
            .ok()
            .filter(|size| *size > 0)
            .ok_or_else(|| {
                UpdateError::Invalid(format!(
                    "{VIEW_HISTORY_SIZE} must be positive but was {size}"
                ))
            })?;
        self.added.insert(self.meta.current_version_id);
        self.expire_versions(size.max(self.added.len()));
        self.meta.check().map_err(UpdateError::Invalid)?;
        Ok(self.meta)
    }

    /// Refuses a new current version that lacks a dialect of the previous one, unless
    /// `replace.drop-dialect.allowed` is `true`.
    fn check_dropped_dialects(&self) -> Result<(), UpdateError> {
        let (Some(previous), Some(current)) = (&self.previous, self.meta.current_version()) else {
            return Ok(());
        };
        let (before, after) = (previous.dialects(), current.dialects());
        if before.is_subset(&after) || property::is_true(&self.meta.properties, VIEW_DROP_DIALECT) {
            return Ok(());
        }
        let list = |dialects: &BTreeSet<String>| {
            dialects
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        Err(UpdateError::Invalid(format!(
            "Cannot replace view due to loss of view dialects ({VIEW_DROP_DIALECT}=false):\n\
             Previous dialects: [{}]\nNew dialects: [{}]",
            list(&before),
            list(&after)
        )))
    }

    /// Keeps the current version and the newest others, `keep` in all. The log is cut after its last entry for a version
    /// that is not kept.
    fn expire_versions(&mut self, keep: usize) {
        let meta = &mut self.meta;
        if meta.versions.len() <= keep {
            return;
        }
        let mut ids: Vec<i32> = meta.versions.iter().map(|version| version.id).collect();
        ids.sort_unstable_by_key(|id| (*id != meta.current_version_id, std::cmp::Reverse(*id)));
        ids.truncate(keep);
        meta.versions.retain(|version| ids.contains(&version.id));
        let gone = meta
            .version_log
            .iter()
            .rposition(|entry| !ids.contains(&entry.version_id));
        meta.version_log.drain(..gone.map_or(0, |at| at + 1));
    }
}

fn upgrade(to: i64) -> Result<(), UpdateError> {
    if to < FORMAT_VERSION {
        let message = format!("Cannot downgrade v{FORMAT_VERSION} view to v{to}");
        return Err(UpdateError::Invalid(message));
    }
    if to > FORMAT_VERSION {
        return Err(UpdateError::Invalid(format!(
            "Unsupported format version: {to}"
        )));
    }
    Ok(())
}
