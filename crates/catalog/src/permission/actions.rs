//! All actions that a caller may do on one thing.

use authz::{Action, Check, Protected, Resource, UserAction};
use model::Principal;

use super::subject::other;
use super::target::Target;
use crate::{Catalog, Request, Result};

/// The actions that the caller may do on the thing, or those that `of` may do. To ask about `of`, the caller must be
/// allowed to see the grants on the thing.
pub async fn actions(
    cx: &Catalog,
    request: &Request,
    target: &Target,
    of: Option<&Principal>,
) -> Result<Vec<Action>> {
    let actions = target.kind().actions().into_iter();
    let asked = actions.map(|action| (action, action)).collect();
    allowed(cx, request, target, asked, of).await
}

/// Those of the named relations of the permissions API that are allowed.
pub async fn relations(
    cx: &Catalog,
    request: &Request,
    target: &Target,
    names: &[&'static str],
    of: Option<&Principal>,
) -> Result<Vec<&'static str>> {
    let kind = target.kind();
    let named = names.iter().copied();
    let asked = named.filter_map(|name| Some((name, kind.relation(name)?)));
    allowed(cx, request, target, asked.collect(), of).await
}

/// Of the actions in `asked`, the values of those that are allowed, in the same order.
async fn allowed<T>(
    cx: &Catalog,
    request: &Request,
    target: &Target,
    asked: Vec<(T, Action)>,
    of: Option<&Principal>,
) -> Result<Vec<T>> {
    let mut found = target.found(cx, request).await?;
    let (resource, of) = (found.resource(), other(request, of)?);
    if of.is_some() {
        let read_grants = [resource.read_grants_action()];
        let proof = target.require(cx, request, &read_grants, found).await?;
        found = proof.into_inner();
    }
    // A caller that asks about itself and may not see the thing gets an error, not an empty list.
    let visibility = visibility_action(&resource).filter(|_| of.is_none());
    let further =
        visibility.filter(|visibility| asked.iter().all(|(_, action)| action != visibility));
    let actions = asked.iter().map(|(_, action)| *action).chain(further);
    let checks = Check::each(actions, &resource);
    let answers = cx.ask(request, of.as_ref(), &checks).await?;
    if let Some(visibility) = visibility {
        let mut answered = checks.iter().zip(&answers);
        if !answered.any(|(check, allowed)| check.action == visibility && *allowed) {
            target.require(cx, request, &[visibility], found).await?;
        }
    }
    let answered = asked.into_iter().zip(answers);
    let allowed = answered.filter(|(_, allowed)| *allowed);
    Ok(allowed.map(|((name, _), _)| name).collect())
}

/// The action without which a caller is told nothing about the thing.
const fn visibility_action(resource: &Resource) -> Option<Action> {
    match resource {
        Resource::User(_) => Some(Action::User(UserAction::Read)),
        other => other.visibility_action(),
    }
}
