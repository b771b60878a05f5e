//! Lists generic tables.

use authz::NamespaceAction;
use model::{NamespacePath, Page, TabularKind, WarehouseId};
use store::ListedTabular;

use crate::{Catalog, ListQuery, Request, Result, tabular};

/// The generic tables of a namespace that the caller may see.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
    query: ListQuery,
) -> Result<Page<ListedTabular>> {
    let action = NamespaceAction::ListGenericTables;
    let namespace = cx
        .require_namespace(request, warehouse, namespace, action)
        .await?;
    tabular::list(cx, request, &namespace, TabularKind::GenericTable, query).await
}
