//! The functions API. The catalog has no functions, so every namespace has an empty list of them.

use authz::NamespaceAction;
use model::{NamespacePath, WarehouseId};

use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// Lists the functions of a namespace. There are none, so this only checks that the caller may see the namespace.
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

/// Loads a function: always `NoSuchFunction`, if the caller may see the namespace.
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
