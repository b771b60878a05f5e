//! Tables and views, as answers show them.

use std::sync::Arc;

use model::{TabularId, TabularKind, TabularPath, Version, WarehouseId};
use objects::{Location, StorageProfile};
use serde::{Deserialize, Serialize};
use store::{StoreError, StoredMetadata, TabularContent, WarehouseStatus};

use super::target::TabularTarget;
use crate::cache::Versioned;
use crate::credentials::Credential;
use crate::delegation::{FileAccess, FolderAccess};
use crate::heavy::heavy;
use crate::idempotency::{Interrupted, once};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Representation, Request, Result, Via, files};

/// A table or view, as answers show it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The id of the table or view.
    pub id: TabularId,
    /// Which snapshots the metadata contains.
    pub representation: Representation,
    content: Content,
    warehouse: Arc<Warehouse>,
    access: Option<FolderAccess>,
    via: Option<Arc<Via>>,
}

/// The content of the answer; cached values are shared, not copied.
#[derive(Debug, Clone)]
enum Content {
    /// A cached version.
    Kept(Arc<Versioned>),
    /// A cached version, with other metadata than its cached one.
    Represented(Arc<Versioned>, StoredMetadata),
    /// Metadata without a row that the caller may see, and its metadata file; `None` for a staged table.
    WithoutRow(Option<String>, StoredMetadata),
}

/// Identifies an answer that was made from a row: equal for equal answers. Differs if the table or view has changed,
/// or the warehouse, which decides on [`Loaded::config`], or if the caller has other access to the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoadedStamp {
    id: TabularId,
    version: Version,
    warehouse_version: Version,
    representation: Representation,
    access: Option<FileAccess>,
}

impl Loaded {
    /// The answer for a version of a table or view.
    pub(crate) fn of(
        warehouse: &Arc<Warehouse>,
        id: TabularId,
        versioned: &Arc<Versioned>,
    ) -> Self {
        Self::new(warehouse, id, Content::Kept(Arc::clone(versioned)))
    }

    fn new(warehouse: &Arc<Warehouse>, id: TabularId, content: Content) -> Self {
        Self {
            warehouse: Arc::clone(warehouse),
            id,
            content,
            representation: Representation::All,
            access: None,
            via: None,
        }
    }

    /// The answer for a table that has no row yet.
    pub(crate) fn staged(warehouse: &Arc<Warehouse>, id: TabularId, json: &[u8]) -> Self {
        let metadata = heavy(json.len(), || StoredMetadata::encode(json));
        Self::new(warehouse, id, Content::WithoutRow(None, metadata))
    }

    /// The current metadata file; `None` for a staged table.
    pub fn metadata_location(&self) -> Option<&str> {
        match &self.content {
            Content::Kept(versioned) | Content::Represented(versioned, _) => {
                Some(&versioned.content.metadata_location)
            }
            Content::WithoutRow(location, _) => location.as_deref(),
        }
    }

    /// The metadata, compressed.
    pub fn metadata(&self) -> &StoredMetadata {
        match &self.content {
            Content::Kept(versioned) => &versioned.content.metadata,
            Content::Represented(_, metadata) | Content::WithoutRow(_, metadata) => metadata,
        }
    }

    fn version(&self) -> Option<Version> {
        match &self.content {
            Content::Kept(versioned) | Content::Represented(versioned, _) => {
                Some(versioned.version())
            }
            Content::WithoutRow(..) => None,
        }
    }

    /// Sets the access to the files.
    pub(crate) fn with_access(mut self, access: Option<FolderAccess>) -> Self {
        self.access = access;
        self
    }

    /// Sets the views through which the request has come.
    pub(crate) fn reached(mut self, judged: &Request) -> Self {
        self.via.clone_from(&judged.via);
        self
    }

    /// The views that a client must name again to get credentials for the same files: all views on the way, if one of
    /// them is read with its owner's rights; otherwise none.
    pub fn referenced_by(&self) -> &[TabularPath] {
        let via = self.via.as_ref().filter(|via| via.definer.is_some());
        via.map_or(&[], |via| &via.views)
    }

    /// Replaces the metadata by that with only the snapshots that a branch or tag points to.
    pub(crate) fn refs_only(
        mut self,
        versioned: &Arc<Versioned>,
        metadata: StoredMetadata,
    ) -> Self {
        self.representation = Representation::Refs;
        self.content = Content::Represented(Arc::clone(versioned), metadata);
        self
    }

    /// The warehouse.
    pub fn warehouse(&self) -> WarehouseId {
        self.warehouse.id()
    }

    /// The version of the warehouse's row.
    pub fn warehouse_version(&self) -> Version {
        self.warehouse.row.version
    }

    /// The properties that the client needs to access the files.
    pub fn config(&self) -> Vec<(String, String)> {
        self.warehouse.profile.client_config()
    }

    /// The storage that the files are in.
    pub fn profile(&self) -> &StorageProfile {
        &self.warehouse.profile
    }

    /// How the client may access the files; `None` if the catalog does not help with that.
    pub fn file_access(&self) -> Option<FileAccess> {
        Some(self.access.as_ref()?.access)
    }

    /// The location of a staged table, if the catalog helps the client to access its files.
    pub fn staged_at(&self) -> Option<&Location> {
        match self.content {
            Content::WithoutRow(None, _) => self.access.as_ref()?.claimed(),
            _ => None,
        }
    }

    /// The vended credential, cached or new; `None` if the answer carries none.
    pub async fn credential(&self, cx: &Catalog) -> Result<Option<Arc<Credential>>> {
        match &self.access {
            Some(access) => access.credential(cx, &self.warehouse).await,
            None => Ok(None),
        }
    }

    /// The key by which answers made from this value can be cached; `None` if there is no row.
    pub fn stamp(&self) -> Option<LoadedStamp> {
        Some(LoadedStamp {
            id: self.id,
            version: self.version()?,
            warehouse_version: self.warehouse_version(),
            representation: self.representation,
            access: self.file_access(),
        })
    }

    /// The metadata, uncompressed.
    pub fn metadata_json(&self) -> Result<Vec<u8>> {
        let metadata = self.metadata();
        heavy(metadata.json_len(), || Ok(metadata.decode()?))
    }
}

/// What an idempotency record stores of a create or commit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CommittedTabular {
    pub(crate) warehouse: WarehouseId,
    pub(crate) id: TabularId,
    pub(crate) metadata_location: String,
}

impl CommittedTabular {
    pub(crate) fn of(warehouse: WarehouseId, id: TabularId, content: &TabularContent) -> Self {
        Self {
            warehouse,
            id,
            metadata_location: content.metadata_location.clone(),
        }
    }
}

/// Runs `act`, which returns a table or view, unless the request has been answered before.
pub(crate) async fn once_loaded<F>(
    cx: &Catalog,
    request: &Request,
    kind: TabularKind,
    path: &TabularPath,
    act: F,
) -> Result<Loaded>
where
    F: Future<Output = std::result::Result<(CommittedTabular, Loaded), Interrupted>>,
{
    let mut answer = None;
    // Boxed, because the future is large and each future around it would reserve its size twice.
    let act = Box::pin(act);
    let committed = once(cx, request, async {
        let (committed, loaded) = act.await?;
        answer = Some(loaded);
        Ok(committed)
    })
    .await?;
    match answer {
        Some(loaded) => Ok(loaded),
        None => loaded_again(cx, request, (kind, path), &committed).await,
    }
}

/// The answer to a request that has been carried out before: the table or view as it is now ("the response body may
/// reflect a newer state", REST specification), or as it was then, if it is gone or the caller may no longer see it.
///
/// It is the caller's own result, because the key is bound to the caller. So it is not refused even if the caller has
/// lost its permission or the warehouse has been deactivated: a client that is refused deletes the files that its
/// commit refers to.
async fn loaded_again(
    cx: &Catalog,
    request: &Request,
    (kind, path): (TabularKind, &TabularPath),
    committed: &CommittedTabular,
) -> Result<Loaded> {
    let CommittedTabular { warehouse, id, .. } = *committed;
    let row = cx.lookup().warehouse_load(warehouse).await?;
    let warehouse = cx.warehouses.put(row)?;
    let gone = match cx.lookup().tabular_load(warehouse.id(), id).await {
        Ok(row) => {
            let target = TabularTarget::of_row(Arc::clone(&warehouse), &row);
            let is_own = row.content.metadata_location == committed.metadata_location;
            let visible = cx.require_visible(request, target).await;
            if is_own || visible.is_ok() {
                let versioned = cx.metadata.put_row(row);
                let access = visible.ok().and_then(|(_, access)| access);
                let access = access.filter(|_| warehouse.row.status == WarehouseStatus::Active);
                let loaded = Loaded::of(&warehouse, id, &versioned);
                let access = FolderAccess::to(access, &versioned);
                let loaded = loaded.with_access(access.map(|to| to.at_path(&warehouse, path)));
                // The change has been made, so it is answered, if need be without credentials.
                return Ok(match loaded.credential(cx).await {
                    Ok(_) => loaded,
                    Err(_) => loaded.with_access(None),
                });
            }
            CatalogError::new(
                ErrorKind::CommitStateUnknown,
                format!(
                    "the request was carried out, but the {kind} has changed since, and the metadata file that this \
                     request wrote is gone"
                ),
            )
        }
        Err(StoreError::NotFound(_)) => CatalogError::new(
            ErrorKind::CommitStateUnknown,
            format!(
                "the request was carried out, but the {kind} has been dropped since, and its metadata file is gone"
            ),
        ),
        Err(error) => return Err(error.into()),
    };
    let read = files::read(cx, &warehouse, &committed.metadata_location).await;
    let json = read.map_err(|error| CatalogError {
        source: Some(Box::new(error)),
        ..gone
    })?;
    let metadata = heavy(json.len(), || StoredMetadata::encode(&json));
    let content = Content::WithoutRow(Some(committed.metadata_location.clone()), metadata);
    Ok(Loaded::new(&warehouse, id, content))
}
