//! Who has been given what.

use authz::{ProjectAction, Protected};
use model::{Page, Principal};
use store::GrantRow;

use crate::permission::Target;
use crate::{Catalog, ListQuery, Request, Result, project, tabular};

/// The grants directly on a thing, of one principal if one is named. What one has been given oneself everybody may see who sees the thing.
pub async fn on(
    cx: &Catalog,
    request: &Request,
    on: &Target,
    to: Option<Principal>,
    query: ListQuery,
) -> Result<Page<GrantRow>> {
    let found = on.found_kept(cx, request).await?;
    let is_own = to.is_some() && to == request.caller.principal();
    let action = if is_own {
        found.see()
    } else {
        found.resource().insight()
    };
    let target = on.require(cx, request, &[action], found).await?;
    let (store, on) = (cx.store(&target), target.securable()?);
    tabular::collect(query, async |page| {
        Ok(store.grants_on(&on, to.as_ref(), page).await?)
    })
    .await
}

/// The grants that a principal has itself in the request's project. One's own everybody may see who sees the project.
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
