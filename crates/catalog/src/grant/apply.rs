//! Gives and takes back.

use std::collections::BTreeSet;

use authz::Action;
use model::{Bounds, EventKind, Principal, Privilege, Timestamp};
use serde_json::json;
use store::{Effects, Entity, GrantChange, StoreError};

use super::target::{GrantsOn, find};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events};

/// What is to be given, and what to be taken back.
#[derive(Debug, Clone, Default)]
pub struct GrantDiff {
    /// What is given, as the API spells it.
    pub writes: Vec<(Principal, String)>,
    /// What is taken back.
    pub deletes: Vec<(Principal, String)>,
}

/// Gives and takes back, all or nothing. What has been given before stays; what nobody has is no error.
pub async fn apply(
    cx: &Catalog,
    request: &Request,
    (on, diff): (GrantsOn, GrantDiff),
) -> Result<()> {
    check(&diff)?;
    let (writes, deletes) = (parse(on, diff.writes)?, parse(on, diff.deletes)?);
    let target = find(cx, request, on).await?;
    let all = writes.iter().chain(&deletes);
    let distinct: BTreeSet<Privilege> = all.map(|(_, privilege)| *privilege).collect();
    let actions: Vec<Action> = distinct.into_iter().map(Action::Grant).collect();
    let target = cx.require_all(request, &actions, target).await?;
    let now = cx.now();
    let change = GrantChange {
        on: target.securable.clone(),
        writes,
        deletes,
        at: now,
    };
    let effects = told(&change, (request, now))?;
    let applied = cx.store(&target).grants_apply(change, effects);
    applied.await.map_err(refused)
}

fn told(change: &GrantChange, by: (&Request, Timestamp)) -> Result<Effects> {
    let shown = |grants: &[(Principal, Privilege)]| {
        let one = |(to, privilege): &(Principal, Privilege)| json!({ "principal": to.to_string(), "privilege": privilege.as_str() });
        grants.iter().map(one).collect::<Vec<_>>()
    };
    let body = json!({ "writes": shown(&change.writes), "deletes": shown(&change.deletes) });
    Ok(Effects {
        events: vec![events::of_server(
            EventKind::UpdateGrants,
            &change.on,
            by,
            &body,
        )?],
        ..Effects::none()
    })
}

fn check(diff: &GrantDiff) -> Result<()> {
    let (count, most) = (
        diff.writes.len() + diff.deletes.len(),
        Bounds::GRANTS_PER_CHANGE,
    );
    if count == 0 {
        let message = "`writes` and `deletes` are empty: there is nothing to do";
        return Err(CatalogError::new(ErrorKind::EmptyGrantDiff, message));
    }
    if count > most {
        let message = format!(
            "at most {most} grants change at once, these are {count}: send several requests"
        );
        return Err(CatalogError::new(ErrorKind::GrantDiffTooLarge, message));
    }
    let mut known = BTreeSet::new();
    for (to, privilege) in diff.writes.iter().chain(&diff.deletes) {
        if !known.insert((to, privilege)) {
            let message = format!("`{privilege}` of `{to}` stands in the request twice");
            return Err(CatalogError::new(ErrorKind::RepeatedGrant, message));
        }
    }
    Ok(())
}

/// A privilege that there is on the thing.
fn parse(on: GrantsOn, grants: Vec<(Principal, String)>) -> Result<Vec<(Principal, Privilege)>> {
    let there = on.kind().privileges();
    let grants = grants.into_iter().map(|(to, text)| {
        let known = Privilege::of_str(&text).filter(|privilege| there.contains(privilege));
        known.map(|privilege| (to, privilege)).ok_or_else(|| {
            let all: Vec<&str> = there.iter().map(|one| one.as_str()).collect();
            let shown: String = text.chars().take(100).collect();
            CatalogError::new(
                ErrorKind::UnknownPrivilege,
                format!(
                    "there is no privilege `{shown}` on a {}: use {}",
                    on.kind(),
                    all.join(", ")
                ),
            )
        })
    });
    grants.collect()
}

fn refused(error: StoreError) -> CatalogError {
    let message = error.to_string();
    let kind = match &error {
        StoreError::NotFound(Entity::User(_)) => ErrorKind::NoSuchGrantUser,
        StoreError::NotFound(Entity::Role(_)) => ErrorKind::NoSuchGrantRole,
        _ => return error.into(),
    };
    CatalogError::new(kind, message)
}
