//! Metadata in memory, bounded in bytes. An entry is served only after the database has said that its version is
//! current.

use std::sync::{Arc, OnceLock};

use iceberg::ViewMetadata;
use model::{
    NameKey, NamespaceId, NamespaceKey, TabularId, TabularKind, TabularPath, Version, WarehouseId,
};
use objects::Location;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use store::{AtVersion, Protection, StoredMetadata, TabularContent, TabularRow, TabularStamp};

use crate::bounded::{Bounded, Weight, bounded};
use crate::heavy::heavy;
use crate::tabular::AtPath;
use crate::{CatalogError, Result};

/// Which of a table's snapshots an answer holds (`snapshots` of loadTable).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Representation {
    /// All snapshots.
    All,
    /// Only snapshots that a branch or tag points to.
    Refs,
}

/// A table or view at one version, with its content.
#[derive(Debug)]
pub(crate) struct Versioned {
    pub(crate) content: TabularContent,
    warehouse: WarehouseId,
    hint: TabularHint,
    file: OnceLock<Location>,
    folder: OnceLock<Location>,
    owner_properties: OnceLock<Box<[(String, String)]>>,
}

impl Versioned {
    const fn new(warehouse: WarehouseId, hint: TabularHint, content: TabularContent) -> Self {
        Self {
            content,
            warehouse,
            hint,
            file: OnceLock::new(),
            folder: OnceLock::new(),
            owner_properties: OnceLock::new(),
        }
    }

    pub(crate) const fn version(&self) -> Version {
        self.hint.stamp.version
    }

    pub(crate) const fn at_version(&self) -> AtVersion {
        AtVersion::of(self.hint.stamp.id, self.version())
    }

    /// Its namespace and stamp at this version.
    pub(crate) const fn hint(&self) -> TabularHint {
        self.hint
    }

    /// The metadata file, parsed once.
    pub(crate) fn file(&self) -> Result<&Location> {
        if let Some(known) = self.file.get() {
            return Ok(known);
        }
        let parsed = Location::parse_object(&self.content.metadata_location)?;
        Ok(self.file.get_or_init(|| parsed))
    }

    /// The location of the table or view, parsed once.
    pub(crate) fn folder(&self) -> Result<&Location> {
        if let Some(known) = self.folder.get() {
            return Ok(known);
        }
        let parsed = Location::parse_object(&self.content.location)?;
        Ok(self.folder.get_or_init(|| parsed))
    }

    /// The properties of a view by which engines name its owner, parsed once. `is_owner` tells them, always the same: with all
    /// properties, which may be very many, the entry would take more memory than it is weighed with.
    pub(crate) fn owner_properties(
        &self,
        is_owner: impl Fn(&str) -> bool,
    ) -> Result<&[(String, String)]> {
        if let Some(known) = self.owner_properties.get() {
            return Ok(known);
        }
        let stored = &self.content.metadata;
        let parsed: Result<_> = heavy(stored.json_len(), || {
            ViewMetadata::parse(&stored.decode()?).map_err(CatalogError::internal)
        });
        let parsed = parsed?;
        let owners = parsed.properties().iter();
        let owners = owners.filter(|(name, _)| is_owner(name));
        let owners = owners.map(|(name, owner)| (name.clone(), owner.clone()));
        Ok(self.owner_properties.get_or_init(|| owners.collect()))
    }
}

/// The namespace and stamp (id, kind, version, protection) of a table or view, as last looked up by path or by id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TabularHint {
    pub(crate) namespace: NamespaceId,
    pub(crate) stamp: TabularStamp,
}

impl TabularHint {
    /// For a table or view that has just been created.
    pub(crate) const fn created(
        namespace: NamespaceId,
        kind: TabularKind,
        id: TabularId,
        version: Version,
    ) -> Self {
        let stamp = TabularStamp {
            id,
            kind,
            version,
            protection: Protection::Off,
        };
        Self { namespace, stamp }
    }

    /// For a row that was read by id.
    pub(crate) const fn of_row(row: &TabularRow) -> Self {
        let stamp = TabularStamp {
            id: row.id,
            kind: row.kind,
            version: row.version,
            protection: row.protection,
        };
        Self {
            namespace: row.namespace,
            stamp,
        }
    }

    /// The same after a commit.
    pub(crate) const fn at(mut self, version: Version) -> Self {
        self.stamp.version = version;
        self
    }
}

/// Caches of tables and views.
#[derive(Debug)]
pub(crate) struct MetadataCache {
    /// What each path last led to. Only a hint: the lookup that uses it checks it in the database.
    hints: Cache<(WarehouseId, NamespaceKey, NameKey), TabularHint>,
    /// The metadata of each table or view, compressed as stored.
    stored: Bounded<TabularId, Arc<Versioned>>,
    /// Metadata without unreferenced snapshots, compressed.
    refs: Bounded<AtVersion, StoredMetadata>,
}

/// Most hints that are kept; about 200 bytes each.
const HINTS: usize = 50_000;
/// The usual size of a metadata file in bytes, compressed.
const TYPICAL: u64 = 4_096;

impl Weight for Versioned {
    fn bytes(&self) -> u64 {
        self.content.metadata.bytes()
    }
}

impl Weight for StoredMetadata {
    fn bytes(&self) -> u64 {
        self.as_stored().len() as u64
    }
}

/// Borrowed key of a hint, so that a lookup does not copy the path.
#[derive(Hash)]
struct Place<'a>(WarehouseId, &'a NamespaceKey, &'a NameKey);

impl Equivalent<(WarehouseId, NamespaceKey, NameKey)> for Place<'_> {
    fn equivalent(&self, key: &(WarehouseId, NamespaceKey, NameKey)) -> bool {
        self.0 == key.0 && *self.1 == key.1 && *self.2 == key.2
    }
}

impl MetadataCache {
    /// An empty cache: three quarters of the bytes for stored metadata, the rest for metadata reduced to referenced
    /// snapshots.
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            hints: Cache::new(HINTS),
            stored: bounded(bytes / 4 * 3, TYPICAL),
            refs: bounded(bytes / 4, TYPICAL),
        }
    }

    /// What the path led to when it was last looked up, with the content of that version if it is cached.
    pub(crate) fn hint(
        &self,
        warehouse: WarehouseId,
        path: &TabularPath,
    ) -> Option<(TabularHint, Option<Arc<Versioned>>)> {
        let place = Place(warehouse, path.namespace.key(), path.name.key());
        let hint = self.hints.get(&place)?;
        let stored = self.stored.get(&hint.stamp.id);
        let versioned = stored.filter(|stored| stored.version() == hint.stamp.version);
        Some((hint, versioned))
    }

    /// Stores the hint for the path.
    pub(crate) fn remember(&self, warehouse: WarehouseId, path: &TabularPath, hint: TabularHint) {
        let (namespace, name) = (path.namespace.key().clone(), path.name.key().clone());
        self.hints.insert((warehouse, namespace, name), hint);
    }

    /// Stores the hint for the path, and caches the content.
    pub(crate) fn put_at(
        &self,
        AtPath { warehouse, path }: AtPath<'_>,
        hint: TabularHint,
        content: TabularContent,
    ) -> Arc<Versioned> {
        self.remember(warehouse, path, hint);
        self.put(Versioned::new(warehouse, hint, content))
    }

    /// Caches a row that was read by id.
    pub(crate) fn put_row(&self, row: TabularRow) -> Arc<Versioned> {
        let hint = TabularHint::of_row(&row);
        self.put(Versioned::new(row.warehouse, hint, row.content))
    }

    /// The cached table or view with this id, if it belongs to the warehouse.
    pub(crate) fn with_id(&self, warehouse: WarehouseId, id: TabularId) -> Option<Arc<Versioned>> {
        let kept = self.stored.get(&id);
        kept.filter(|kept| kept.warehouse == warehouse)
    }

    /// Removes the hint for the path.
    pub(crate) fn forget(&self, warehouse: WarehouseId, path: &TabularPath) {
        let place = Place(warehouse, path.namespace.key(), path.name.key());
        self.hints.remove(&place);
    }

    fn put(&self, versioned: Versioned) -> Arc<Versioned> {
        let versioned = Arc::new(versioned);
        self.stored
            .insert(versioned.hint.stamp.id, Arc::clone(&versioned));
        versioned
    }

    /// The metadata with referenced snapshots only; `make` is called if it is not cached for this version.
    pub(crate) fn refs(
        &self,
        at: AtVersion,
        make: impl FnOnce() -> Result<StoredMetadata>,
    ) -> Result<StoredMetadata> {
        if let Some(known) = self.refs.get(&at) {
            return Ok(known);
        }
        let made = make()?;
        self.refs.insert(at, made.clone());
        Ok(made)
    }
}
