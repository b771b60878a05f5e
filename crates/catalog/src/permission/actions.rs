//! All that somebody may do to one thing.

use authz::{Action, Check, Resource, UserAction};
use model::Principal;

use super::subject::other;
use super::target::{Found, Target};
use crate::{Catalog, Request, Result};

/// What the caller may do to the thing, or what somebody else may, for which the caller must be allowed to see the grants on it.
pub async fn actions(
    cx: &Catalog,
    request: &Request,
    target: &Target,
    of: Option<&Principal>,
) -> Result<Vec<Action>> {
    let resource = match target.find(cx, request).await {
        Ok(resource) => resource,
        Err(error) => return Err(target.hide(cx, request, error).await),
    };
    let of = other(request, of)?;
    if of.is_some() {
        require(cx, request, (target, &resource), resource.insight()).await?;
    }
    let actions = resource.kind().actions();
    let checks = Check::each(actions.iter().copied(), &resource);
    let answers = cx.ask(request, of.as_ref(), &checks).await?;
    let allowed = actions.into_iter().zip(answers);
    let allowed: Vec<_> = allowed.filter(|(_, yes)| *yes).map(|one| one.0).collect();
    if of.is_none()
        && let Some(sight) = sight(&resource)
        && !allowed.contains(&sight)
    {
        require(cx, request, (target, &resource), sight).await?;
    }
    Ok(allowed)
}

/// Without which one is told nothing of the thing.
const fn sight(resource: &Resource) -> Option<Action> {
    match resource {
        Resource::User(_) => Some(Action::User(UserAction::Read)),
        other => other.sight(),
    }
}

async fn require(
    cx: &Catalog,
    request: &Request,
    (target, resource): (&Target, &Resource),
    action: Action,
) -> Result<()> {
    let found = Found(resource.clone());
    match cx.require(request, action, found).await {
        Ok(_) => Ok(()),
        Err(error) => Err(target.hide(cx, request, error).await),
    }
}
