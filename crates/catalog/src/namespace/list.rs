//! Lists the namespaces directly below another one, or at the top.

use authz::{Action, InWarehouse, NamespaceAction, Protected, Resource, WarehouseAction};
use model::{NamespaceId, NamespacePath, Page, WarehouseId};
use store::{ListedNamespace, ResolveTarget, Store};

use crate::tabular::collect_visible;
use crate::{Catalog, ListQuery, Request, Result};

/// The namespaces directly below `parent`, or at the top, that the caller may see.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    parent: Option<&NamespacePath>,
    query: ListQuery,
) -> Result<Page<ListedNamespace>> {
    match parent {
        None => {
            let (found, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
            let action = Action::Warehouse(WarehouseAction::ListNamespaces);
            let within = cx.require(request, action, found).await?;
            let at = (within.as_resource(), None);
            list_below(cx, request, cx.store(&within), at, query).await
        }
        Some(parent) => {
            let action = NamespaceAction::ListNamespaces;
            let within = cx
                .require_namespace(request, warehouse, parent, action)
                .await?;
            let at = (within.warehouse.as_resource(), Some(within.id));
            list_below(cx, request, cx.store(&within), at, query).await
        }
    }
}

async fn list_below(
    cx: &Catalog,
    request: &Request,
    store: &dyn Store,
    (within, parent): (InWarehouse, Option<NamespaceId>),
    query: ListQuery,
) -> Result<Page<ListedNamespace>> {
    let within = &within;
    collect_visible(query, |page| async move {
        let found = store.namespace_list(within.id, parent, page).await?;
        let seen = found
            .items
            .into_iter()
            .map(|item| ListedTarget {
                within: within.clone(),
                item,
            })
            .collect();
        let action = Action::Namespace(NamespaceAction::GetMetadata);
        let visible = cx.filter(request, action, seen).await?;
        let items = visible
            .into_iter()
            .map(|one| one.into_inner().item)
            .collect();
        Ok(Page {
            items,
            next: found.next,
        })
    })
    .await
}

struct ListedTarget {
    within: InWarehouse,
    item: ListedNamespace,
}

impl Protected for ListedTarget {
    fn resource(&self) -> Resource {
        Resource::Namespace(self.within.clone(), self.item.id)
    }
}
