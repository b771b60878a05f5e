//! Managed access: where it is on, owners of things in a warehouse or namespace may not grant privileges on them to
//! others.

use authz::{Action, NamespaceAction, Protected, Resource, WarehouseAction};
use model::EventKind;
use serde_json::json;
use store::{Effects, ManagedAccess, ManagedAccessOf};

use crate::permission::Target;
use crate::{Catalog, CatalogError, Request, Result, events};

/// Managed access of a warehouse or namespace.
pub async fn managed_access(
    cx: &Catalog,
    request: &Request,
    on: &Target,
) -> Result<ManagedAccessOf> {
    let found = on.found(cx, request).await?;
    let see = [found.see()];
    let target = on.require(cx, request, &see, found).await?;
    Ok(cx
        .store(&target)
        .managed_access(&target.securable()?)
        .await?)
}

/// Switches managed access of a warehouse or namespace on or off.
pub async fn set_managed_access(
    cx: &Catalog,
    request: &Request,
    on: &Target,
    managed: ManagedAccess,
) -> Result<()> {
    let found = on.found(cx, request).await?;
    let action = match found.resource() {
        Resource::Warehouse(_) => Action::Warehouse(WarehouseAction::SetManagedAccess),
        Resource::Namespace(..) => Action::Namespace(NamespaceAction::SetManagedAccess),
        other => {
            let message = format!(
                "managed access is for warehouses and namespaces, not for a {}",
                other.kind()
            );
            return Err(CatalogError::bad_request(message));
        }
    };
    let target = on.require(cx, request, &[action], found).await?;
    let (store, on) = (cx.store(&target), target.securable()?);
    let body = json!({ "managed-access": managed == ManagedAccess::On });
    let by = request.at(cx.now());
    let told = events::of_server(EventKind::UpdateManagedAccess, &on, by, &body)?;
    Ok(store
        .managed_access_set(&on, managed, Effects::telling([told]))
        .await?)
}
