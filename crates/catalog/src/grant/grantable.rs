//! Which privileges somebody may grant to others.

use authz::{Action, Check, Protected};
use model::{Principal, Privilege};

use crate::permission::{Target, other};
use crate::{Catalog, Request, Result};

/// Each privilege that exists on the thing, and whether the caller, or `of` if given, may grant it to others.
pub async fn grantable(
    cx: &Catalog,
    request: &Request,
    on: &Target,
    of: Option<Principal>,
) -> Result<Vec<(Privilege, bool)>> {
    let found = on.find_even_if_deleted(cx, request).await?;
    let (action, asked) = match other(request, of.as_ref())? {
        None => (found.see(), request.caller.clone()),
        Some(other) => (found.resource().read_grants_action(), other),
    };
    let target = on.require(cx, request, &[action], found).await?;
    let privileges = on.kind().privileges().iter().copied();
    let checks = Check::each(privileges.clone().map(Action::Grant), &target.resource());
    let allowed = cx.ask(request, Some(&asked), &checks).await?;
    Ok(privileges.zip(allowed).collect())
}
