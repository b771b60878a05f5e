//! Functions. The catalog keeps none, and says so: every namespace has an empty list of them.

use authz::NamespaceAction;
use model::{NamespacePath, WarehouseId};

use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// The functions of a namespace: none, if there is such a namespace.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
) -> Result<()> {
    let action = NamespaceAction::GetMetadata;
    cx.require_namespace(request, warehouse, namespace, action)
        .await?;
    Ok(())
}

/// The function of this name: there is none.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
    name: &str,
) -> Result<()> {
    list(cx, request, warehouse, namespace).await?;
    let message = format!("Function does not exist: {namespace}.{name}");
    Err(CatalogError::new(ErrorKind::NoSuchFunction, message))
}
