//! Refuses renames into another namespace by which somebody would gain the right to grant privileges that they may
//! not grant where the table is now.

use authz::{Action, Authorized, Check, Protected};
use model::{NamespaceId, Privilege, Securable, TabularPath};
use store::{ManagedAccess, StoreError};

use super::target::TabularTarget;
use crate::namespace::NamespaceTarget;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A caller that may grant ownership may grant everything.
const GIVE: Action = Action::Grant(Privilege::Ownership);

/// Refuses the rename in two cases, unless the caller may grant everything on the table where it is: if the caller
/// could grant it where it goes, and if it would leave managed access, so that its owners could grant privileges on
/// it. Everything else is allowed, as the API's contract has it.
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
        [false, true] => {
            "it would let you grant privileges on it that you may not grant where it is now"
        }
        _ if leaves_managed_access(cx, source.namespace, home.id).await? => {
            "it would leave managed access, so that its owners could grant privileges on it to others"
        }
        _ => return Ok(()),
    };
    // Required and not only asked, so that the refusal is logged as one.
    let target = TabularTarget::clone(source);
    let required = cx.require(request, GIVE, target).await;
    required.map(|_| ()).map_err(|error| {
        let message = format!(
            "Cannot rename {from} to {to}: {gains}. Have somebody rename it who has `manage_grants` on the {}, or have \
             that granted to you",
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
        Ok(managed) => Ok(managed.effective == ManagedAccess::On),
        // The namespace has just been dropped; the rename itself will find that out.
        Err(StoreError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
