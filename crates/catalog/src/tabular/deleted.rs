//! Finds and lists soft-deleted tables and views.

use std::collections::HashMap;
use std::sync::Arc;

use authz::{Action, Authorized, Protected, Resource, WarehouseAction};
use model::{NamespaceId, Page, TabularId, TabularKind, WarehouseId};
use store::{DeletedQuery, DeletedTabular, ResolveTarget};

use super::list::{ListQuery, collect_visible};
use super::target::TabularAction;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A table or view, soft-deleted or not, and the namespace that it lies in.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    warehouse: Arc<Warehouse>,
    namespace: NamespaceId,
    pub(crate) kind: TabularKind,
    pub(crate) id: TabularId,
}

impl Protected for Home {
    fn resource(&self) -> Resource {
        let within = self.warehouse.as_resource();
        Resource::Tabular(self.kind, within, self.namespace, self.id)
    }
}

struct Deleted(Arc<Warehouse>, DeletedTabular);

impl Protected for Deleted {
    fn resource(&self) -> Resource {
        let within = self.0.as_resource();
        Resource::Tabular(self.1.kind, within, self.1.namespace, self.1.id)
    }
}

/// The soft-deleted tables and views that the caller may see; with `namespace`, only those directly in it.
pub async fn deleted(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: Option<NamespaceId>,
    query: ListQuery,
) -> Result<Page<DeletedTabular>> {
    let (found, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
    let action = Action::Warehouse(WarehouseAction::ListDeletedTabulars);
    let proof = cx.require(request, action, Arc::clone(&found)).await?;
    let within = found;
    let store = cx.store(&proof);
    collect_visible(query, async |page| {
        let query = DeletedQuery {
            warehouse,
            namespace,
            page,
        };
        let found = store.deleted_list(query).await?;
        let mut left: Vec<_> = found
            .items
            .into_iter()
            .map(|one| Deleted(Arc::clone(&within), one))
            .collect();
        let mut items = Vec::with_capacity(left.len());
        for kind in [
            TabularKind::Table,
            TabularKind::View,
            TabularKind::GenericTable,
        ] {
            let of_kind: Vec<_> = left.extract_if(.., |one| one.1.kind == kind).collect();
            let action = TabularAction::GetMetadata.on(kind);
            let visible = cx.filter(request, action, of_kind).await?;
            items.extend(visible.into_iter().map(|one| one.into_inner().1));
        }
        items.sort_unstable_by_key(|one| one.id);
        Ok(Page {
            items,
            next: found.next,
        })
    })
    .await
}

/// All of the tables and views, soft-deleted or not, if the caller may do `action` on each of them.
pub(crate) async fn require_each(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    ids: &[TabularId],
    action: TabularAction,
) -> Result<Vec<Authorized<Home>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (within, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
    let found = cx.lookup().tabular_homes(warehouse, ids.to_vec()).await?;
    let found: HashMap<_, _> = found
        .into_iter()
        .map(|(id, kind, namespace)| (id, (kind, namespace)))
        .collect();
    // The error is the same for hidden and for missing ones; it is that of the first such id of the request.
    let missing = |id: &TabularId| {
        let message = format!("Table or view does not exist: {id}");
        CatalogError::new(ErrorKind::NoSuchTable, message)
    };
    let mut allowed = Vec::with_capacity(ids.len());
    for id in ids {
        let (kind, namespace) = *found.get(id).ok_or_else(|| missing(id))?;
        let home = Home {
            warehouse: Arc::clone(&within),
            namespace,
            kind,
            id: *id,
        };
        let required = cx.require(request, action.on(kind), home).await;
        allowed.push(required.map_err(|error| error.or_missing(|| missing(id)))?);
    }
    Ok(allowed)
}
