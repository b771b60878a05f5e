//! What a rename into another namespace must not be worth: the power to give away what one may not give away where it is.

use authz::{Action, Authorized, Check, Protected};
use model::{NamespaceId, Privilege, Securable, TabularPath};
use store::{ManagedAccess, StoreError};

use super::target::TabularTarget;
use crate::namespace::NamespaceTarget;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// Whoever may give this gives everything.
const GIVE: Action = Action::Grant(Privilege::Ownership);

/// Refuses the rename if the caller may give nothing on the table where it is, but could where it goes; and if it would leave managed access, which
/// would let its owners give it away. All else takes no more than the wire contract asks for.
pub(super) async fn check(
    cx: &Catalog,
    request: &Request,
    source: &Authorized<TabularTarget>,
    home: &NamespaceTarget,
    (from, to): (&TabularPath, &TabularPath),
) -> Result<()> {
    let checks = [source.resource(), home.resource()].map(|resource| Check {
        action: GIVE,
        resource,
    });
    let gains = match cx.ask(request, None, &checks).await?.as_slice() {
        [true, _] => return Ok(()),
        [false, true] => "it would let you give privileges on it that you may not give where it is",
        _ if leaves_managed_access(cx, source.namespace, home.id).await? => {
            "it would leave managed access, where its owners may not give it to others"
        }
        _ => return Ok(()),
    };
    // Asked as what must be allowed, so that the refusal is told as one.
    let target = TabularTarget::clone(source);
    let required = cx.require(request, GIVE, target).await;
    required.map(|_| ()).map_err(|error| {
        let message = format!(
            "Cannot rename {from} to {to}: {gains}. Have somebody rename it who has `manage_grants` on the {}, or get that",
            source.kind()
        );
        match error.kind {
            ErrorKind::Forbidden(_) => CatalogError::new(error.kind, message),
            _ => error,
        }
    })
}

async fn leaves_managed_access(cx: &Catalog, from: NamespaceId, to: NamespaceId) -> Result<bool> {
    Ok(is_managed(cx, from).await? && !is_managed(cx, to).await?)
}

async fn is_managed(cx: &Catalog, namespace: NamespaceId) -> Result<bool> {
    let on = Securable::Namespace(namespace);
    match cx.lookup().managed_access(&on).await {
        Ok((_, managed)) => Ok(managed == ManagedAccess::On),
        // It has just gone; the rename will find that out.
        Err(StoreError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
