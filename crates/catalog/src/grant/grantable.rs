//! What somebody may give to others.

use std::sync::Arc;

use authz::{Action, Check, Protected};
use model::{Caller, Identity, Principal, Privilege, UserId};

use super::principal_of;
use super::target::{GrantsOn, find};
use crate::{Catalog, CatalogError, Request, Result};

/// Each privilege that there is on the thing, and whether the caller, or somebody else if one is named, may give it to others.
pub async fn grantable(
    cx: &Catalog,
    request: &Request,
    (on, of): (GrantsOn, Option<Principal>),
) -> Result<Vec<(Privilege, bool)>> {
    let target = find(cx, request, on).await?;
    let others = of.filter(|of| principal_of(&request.caller).as_ref() != Some(of));
    let (action, asked) = match others {
        None => (target.see(), request.caller.clone()),
        Some(other) => (target.read_grants(), caller(other)?),
    };
    let target = cx.require(request, action, target).await?;
    let privileges = on.level().privileges();
    let checks: Vec<_> = privileges
        .iter()
        .map(|privilege| Check {
            action: Action::Grant(*privilege),
            resource: target.resource(),
        })
        .collect();
    let allowed = cx.ask(request, Some(&asked), &checks).await?;
    Ok(privileges.iter().copied().zip(allowed).collect())
}

/// Somebody as if they had come: of a user nothing but the id is known, so no role that a token would name.
fn caller(of: Principal) -> Result<Caller> {
    Ok(match of {
        Principal::User(id) => Caller::User(Arc::new(Identity::of(id))),
        Principal::Role(id) => {
            let nobody = UserId::new("role", &id.to_string()).map_err(CatalogError::internal)?;
            Caller::Role(Arc::new(Identity::of(nobody)), id)
        }
    })
}
