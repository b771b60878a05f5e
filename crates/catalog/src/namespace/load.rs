//! Loads a namespace.

use authz::NamespaceAction;
use model::{NamespaceId, NamespacePath, Properties, WarehouseId};
use store::Protection;

use super::create::answered;
use crate::{Catalog, Request, Result};

/// A namespace, as answers show it.
#[derive(Debug, Clone)]
pub struct NamespaceView {
    /// Its id.
    pub id: NamespaceId,
    /// Its properties.
    pub properties: Properties,
    /// Whether it is protected against drops.
    pub protection: Protection,
}

/// The namespace at the path.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &NamespacePath,
) -> Result<NamespaceView> {
    let action = NamespaceAction::GetMetadata;
    let namespace = cx
        .require_namespace_row(request, warehouse, path, action)
        .await?
        .into_inner();
    let (warehouse, row) = (namespace.warehouse, namespace.row);
    let properties = answered(cx, &warehouse, &row.path, row.id, row.properties).await?;
    Ok(NamespaceView {
        id: row.id,
        properties,
        protection: row.protection,
    })
}

/// Checks that there is a namespace at the path that the caller may see; an error if not.
pub async fn exists(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &NamespacePath,
) -> Result<()> {
    let action = NamespaceAction::GetMetadata;
    cx.require_namespace(request, warehouse, path, action)
        .await?;
    Ok(())
}
