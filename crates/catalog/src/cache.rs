//! Metadata in memory, bounded in bytes. Never served before the database has said that its version is current.

use std::sync::Arc;

use bytes::Bytes;
use model::{NameKey, NamespaceKey, TabularId, TabularPath, Version, WarehouseId};
use moka::sync::Cache;
use store::{StoredMetadata, TabularContent};

use crate::Result;

/// Which of a table's snapshots an answer holds (`snapshots` of loadTable).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Representation {
    /// All.
    All,
    /// Those that a branch or tag points to.
    Refs,
}

/// A table's or view's content at one version.
#[derive(Debug)]
pub(crate) struct Versioned {
    pub(crate) version: Version,
    pub(crate) content: TabularContent,
}

/// What is kept of tables and views.
#[derive(Debug)]
pub(crate) struct MetadataCache {
    /// Which table or view a path led to last; a hint, checked by the lookup that it is used for.
    hints: Cache<(WarehouseId, NamespaceKey, NameKey), TabularId>,
    /// Compressed, as stored.
    stored: Cache<TabularId, Arc<Versioned>>,
    /// Without unreferenced snapshots, compressed.
    refs: Cache<(TabularId, Version), StoredMetadata>,
    /// Uncompressed, for clients that do not take gzip.
    plain: Cache<(TabularId, Version, Representation), Bytes>,
}

/// Most paths that are remembered; about 200 bytes each.
const HINTS: u64 = 50_000;
/// What a cache entry costs beside its bytes.
const OVERHEAD: usize = 400;

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes + OVERHEAD).unwrap_or(u32::MAX)
}

impl MetadataCache {
    /// An empty cache: half of the bytes for stored values, a quarter each for what is made of them.
    pub(crate) fn new(bytes: u64) -> Self {
        let stored = Cache::builder()
            .max_capacity(bytes / 2)
            .weigher(|_, one: &Arc<Versioned>| weight(one.content.metadata.as_stored().len()))
            .build();
        let refs = Cache::builder()
            .max_capacity(bytes / 4)
            .weigher(|_, one: &StoredMetadata| weight(one.as_stored().len()))
            .build();
        let plain = Cache::builder()
            .max_capacity(bytes / 4)
            .weigher(|_, one: &Bytes| weight(one.len()))
            .build();
        Self {
            hints: Cache::new(HINTS),
            stored,
            refs,
            plain,
        }
    }

    /// What stood at the path when it was looked up last.
    pub(crate) fn hint(&self, warehouse: WarehouseId, path: &TabularPath) -> Option<TabularId> {
        self.hints.get(&(
            warehouse,
            path.namespace.key().clone(),
            path.name.key().clone(),
        ))
    }

    /// Remembers what stands at the path.
    pub(crate) fn remember(&self, warehouse: WarehouseId, path: &TabularPath, id: TabularId) {
        let key = (
            warehouse,
            path.namespace.key().clone(),
            path.name.key().clone(),
        );
        self.hints.insert(key, id);
    }

    /// What is known of a table or view, current or not.
    pub(crate) fn get(&self, id: TabularId) -> Option<Arc<Versioned>> {
        self.stored.get(&id)
    }

    /// Keeps what the database said.
    pub(crate) fn put(&self, id: TabularId, versioned: Versioned) -> Arc<Versioned> {
        let versioned = Arc::new(versioned);
        self.stored.insert(id, Arc::clone(&versioned));
        versioned
    }

    /// The metadata with referenced snapshots only; made once per version.
    pub(crate) fn refs(
        &self,
        id: TabularId,
        version: Version,
        make: impl FnOnce() -> Result<StoredMetadata>,
    ) -> Result<StoredMetadata> {
        if let Some(known) = self.refs.get(&(id, version)) {
            return Ok(known);
        }
        let made = make()?;
        self.refs.insert((id, version), made.clone());
        Ok(made)
    }

    /// The uncompressed JSON; made once per version and representation.
    pub(crate) fn plain(
        &self,
        key: (TabularId, Version, Representation),
        metadata: &StoredMetadata,
    ) -> Result<Bytes> {
        if let Some(known) = self.plain.get(&key) {
            return Ok(known);
        }
        let made = Bytes::from(metadata.decode()?);
        self.plain.insert(key, made.clone());
        Ok(made)
    }
}
