//! Lists grants.

use authz::{ProjectAction, Protected};
use model::{Page, Principal};
use store::GrantRow;

use crate::permission::Target;
use crate::{Catalog, ListQuery, Request, Result, project, tabular};

/// The grants directly on a thing, only those of `to` if given. A caller who may see the thing may list its own
/// grants on it; other grants need the action that
/// [`Resource::read_grants_action`](authz::Resource::read_grants_action) names.
pub async fn on(
    cx: &Catalog,
    request: &Request,
    on: &Target,
    to: Option<Principal>,
    query: ListQuery,
) -> Result<Page<GrantRow>> {
    let found = on.find_even_if_deleted(cx, request).await?;
    let is_own = to.is_some() && to == request.caller.principal();
    let action = if is_own {
        found.see()
    } else {
        found.resource().read_grants_action()
    };
    let target = on.require(cx, request, &[action], found).await?;
    let (store, on) = (cx.store(&target), target.securable()?);
    tabular::collect(query, async |page| {
        Ok(store.grants_on(&on, to.as_ref(), page).await?)
    })
    .await
}

/// The grants that a principal itself has in the request's project. A caller who may see the project may list its
/// own.
pub async fn of_principal(
    cx: &Catalog,
    request: &Request,
    to: Principal,
    query: ListQuery,
) -> Result<Page<GrantRow>> {
    let id = project::of_request(cx, request)?;
    let action = if Some(&to) == request.caller.principal().as_ref() {
        ProjectAction::GetMetadata
    } else {
        ProjectAction::ReadGrants
    };
    let project = project::require(cx, request, &id, action).await?;
    let store = cx.store(&project);
    tabular::collect(query, async |page| {
        Ok(store.grants_to(&id, &to, page).await?)
    })
    .await
}
