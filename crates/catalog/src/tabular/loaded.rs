//! Tables and views as they are answered.

use std::sync::Arc;

use model::{TabularId, TabularKind, Version, WarehouseId};
use serde::{Deserialize, Serialize};
use store::{ResolveTarget, StoreError, StoredMetadata, TabularContent};

use super::target::{TabularAction, TabularTarget};
use crate::cache::Versioned;
use crate::idempotency::{Interrupted, once};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Representation, Request, Result, files};

/// A table or view as it is answered.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The table or view.
    pub id: TabularId,
    /// Its current metadata file; none for a table that is staged only.
    pub metadata_location: Option<String>,
    /// Its metadata, compressed.
    pub metadata: StoredMetadata,
    /// Which of its snapshots the metadata holds.
    pub representation: Representation,
    warehouse: Arc<Warehouse>,
    version: Option<Version>,
}

/// Names an answer that was made of a row: equal for equal answers, different as soon as the table or view, or the warehouse,
/// which decides on [`Loaded::config`], has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoadedStamp {
    id: TabularId,
    version: Version,
    warehouse_version: Version,
    representation: Representation,
}

impl Loaded {
    /// The answer for a version of a table or view.
    pub(crate) fn of(warehouse: &Arc<Warehouse>, id: TabularId, versioned: &Versioned) -> Self {
        let content = &versioned.content;
        Self {
            warehouse: Arc::clone(warehouse),
            id,
            metadata_location: Some(content.metadata_location.clone()),
            metadata: content.metadata.clone(),
            representation: Representation::All,
            version: Some(versioned.version),
        }
    }

    /// The answer for a table that has no row yet.
    pub(crate) fn staged(warehouse: &Arc<Warehouse>, id: TabularId, json: &[u8]) -> Self {
        Self {
            warehouse: Arc::clone(warehouse),
            id,
            metadata_location: None,
            metadata: StoredMetadata::encode(json),
            representation: Representation::All,
            version: None,
        }
    }

    /// With the given metadata instead.
    pub(crate) fn represented(
        mut self,
        representation: Representation,
        metadata: StoredMetadata,
    ) -> Self {
        self.representation = representation;
        self.metadata = metadata;
        self
    }

    /// The warehouse.
    pub fn warehouse(&self) -> WarehouseId {
        self.warehouse.id()
    }

    /// How often the warehouse has changed.
    pub fn warehouse_version(&self) -> Version {
        self.warehouse.row.version
    }

    /// What the client needs to reach the files.
    pub fn config(&self) -> Vec<(String, String)> {
        self.warehouse.profile.client_config()
    }

    /// What answers made of this can be kept by; none for a table that is staged only.
    pub fn stamp(&self) -> Option<LoadedStamp> {
        Some(LoadedStamp {
            id: self.id,
            version: self.version?,
            warehouse_version: self.warehouse_version(),
            representation: self.representation,
        })
    }

    /// The metadata, uncompressed.
    pub fn metadata_json(&self) -> Result<Vec<u8>> {
        Ok(self.metadata.decode()?)
    }
}

/// What identifies the outcome of a create or commit, should the request come again.
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

/// Runs `act`, which answers a table or view, unless the request has been answered before.
pub(crate) async fn once_loaded<F>(
    cx: &Catalog,
    request: &Request,
    kind: TabularKind,
    act: F,
) -> Result<Loaded>
where
    F: Future<Output = std::result::Result<(CommittedTabular, Loaded), Interrupted>>,
{
    let mut answer = None;
    let committed = once(cx, request, async {
        let (committed, loaded) = act.await?;
        answer = Some(loaded);
        Ok(committed)
    })
    .await?;
    match answer {
        Some(loaded) => Ok(loaded),
        None => loaded_again(cx, request, kind, &committed).await,
    }
}

/// The answer to a request that has been done before: the table or view as it is now ("the response body may reflect a
/// newer state", REST specification), or as it was then if it is gone.
async fn loaded_again(
    cx: &Catalog,
    request: &Request,
    kind: TabularKind,
    committed: &CommittedTabular,
) -> Result<Loaded> {
    let (warehouse, _) = cx
        .resolve(committed.warehouse, ResolveTarget::Warehouse)
        .await?;
    match cx
        .lookup()
        .tabular_load(committed.warehouse, committed.id)
        .await
    {
        Ok(row) => {
            let (id, version) = (row.id, row.version);
            let target = TabularTarget::of_row(warehouse, &row);
            let target = cx
                .require(request, TabularAction::GetMetadata.on(kind), target)
                .await?;
            let versioned = cx.metadata.put(id, version, row.content);
            Ok(Loaded::of(&target.warehouse, id, &versioned))
        }
        Err(StoreError::NotFound(_)) => {
            // It was the caller's own answer, and is shown to nobody else: the key is bound to the caller.
            let json = files::read(cx, &warehouse, &committed.metadata_location)
                .await
                .map_err(|error| {
                    let message = format!(
                        "the {kind} of this request has been dropped, and its metadata file is gone"
                    );
                    CatalogError {
                        kind: ErrorKind::NoSuchTable,
                        message,
                        source: Some(Box::new(error)),
                    }
                })?;
            let metadata_location = Some(committed.metadata_location.clone());
            Ok(Loaded {
                metadata_location,
                ..Loaded::staged(&warehouse, committed.id, &json)
            })
        }
        Err(error) => Err(error.into()),
    }
}
