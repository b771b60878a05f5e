//! Grants and revokes privileges and role memberships.

use std::collections::BTreeSet;

use authz::{Action, Authorized, Protected, Resource, ResourceKind};
use model::{Bounds, Event, EventKind, Principal, Privilege, RoleId, Securable};
use serde_json::json;
use store::{Effects, Entity, GrantChange, RoleAssign, StoreError, Unchanged};

use super::Relation;
use crate::events::Cause;
use crate::permission::{Found, Target};
use crate::{Catalog, CatalogError, ErrorKind, GrantErrorKind, Request, Result, events, role};

/// The grants to add and to remove.
#[derive(Debug, Clone)]
pub struct GrantDiff {
    /// The grants to add: to whom, and the privilege as the API spells it.
    pub writes: Vec<(Principal, String)>,
    /// The grants to remove.
    pub deletes: Vec<(Principal, String)>,
    /// What happens if a grant to add already exists, or one to remove does not exist.
    pub unchanged: Unchanged,
}

/// A [`GrantDiff`] with its privileges parsed.
struct Change {
    writes: Vec<(Principal, Relation)>,
    deletes: Vec<(Principal, Relation)>,
    unchanged: Unchanged,
}

/// Applies the diff, all or nothing.
pub async fn apply(cx: &Catalog, request: &Request, on: &Target, diff: GrantDiff) -> Result<()> {
    check(&diff)?;
    let change = Change {
        writes: parse(on.kind(), diff.writes)?,
        deletes: parse(on.kind(), diff.deletes)?,
        unchanged: diff.unchanged,
    };
    let found = on.find_even_if_deleted(cx, request).await?;
    let actions = change.actions();
    let target = on.require(cx, request, &actions, found).await?;
    if let Resource::Role(_, role) = target.resource() {
        return assign(cx, request, &target, role, &change).await;
    }
    let now = cx.now();
    let grants = GrantChange {
        on: target.securable()?,
        writes: given(&change.writes),
        deletes: given(&change.deletes),
        unchanged: change.unchanged,
        at: now,
    };
    let effects = Effects::telling([told(&grants.on, &change, request.at(now))?]);
    let applied = cx.store(&target).grants_apply(grants, effects);
    applied.await.map_err(refused)
}

/// Changes the members of a role, and the grants on it.
async fn assign(
    cx: &Catalog,
    request: &Request,
    target: &Authorized<Found>,
    role: RoleId,
    change: &Change,
) -> Result<()> {
    let itself = Principal::Role(role);
    if change.writes.iter().any(|(to, _)| *to == itself) {
        let message = format!("role `{role}` can neither be in itself nor own itself");
        return Err(CatalogError::new(ErrorKind::RoleCycle, message));
    }
    let assign = RoleAssign {
        role,
        joins: members(&change.writes),
        leaves: members(&change.deletes),
        writes: given(&change.writes),
        deletes: given(&change.deletes),
        unchanged: change.unchanged,
        at: cx.now(),
    };
    let by = request.at(assign.at);
    let mut events = Vec::new();
    if !assign.joins.is_empty() {
        events.push(role::members_event(
            EventKind::AddRoleMembers,
            role,
            &assign.joins,
            by,
        )?);
    }
    if !assign.leaves.is_empty() {
        events.push(role::members_event(
            EventKind::RemoveRoleMembers,
            role,
            &assign.leaves,
            by,
        )?);
    }
    if !assign.writes.is_empty() || !assign.deletes.is_empty() {
        events.push(told(&Securable::Role(role), change, by)?);
    }
    let depth = cx.settings().role_nesting_depth;
    let effects = Effects::telling(events);
    let assigned = cx.store(target).role_assign(assign, depth, effects);
    assigned.await.map_err(refused)
}

/// The event of a change of grants on `on`.
fn told(on: &Securable, change: &Change, by: Cause<'_>) -> Result<Event> {
    let shown = |grants: &[(Principal, Relation)]| -> Vec<_> {
        let given = given(grants).into_iter().map(|(to, privilege)| {
            json!({ "principal": to.to_string(), "privilege": privilege.as_str() })
        });
        given.collect()
    };
    let body = json!({ "writes": shown(&change.writes), "deletes": shown(&change.deletes) });
    events::of_server(EventKind::UpdateGrants, on, by, &body)
}

impl Change {
    /// The actions that the caller must be allowed for this change, without duplicates.
    fn actions(&self) -> Vec<Action> {
        let all = self.writes.iter().chain(&self.deletes);
        let distinct: BTreeSet<Relation> = all.map(|(_, relation)| *relation).collect();
        distinct.into_iter().map(Relation::action).collect()
    }
}

fn given(all: &[(Principal, Relation)]) -> Vec<(Principal, Privilege)> {
    let given = all.iter().filter_map(|(to, relation)| match relation {
        Relation::Given(privilege) => Some((to.clone(), *privilege)),
        Relation::Member => None,
    });
    given.collect()
}

fn members(all: &[(Principal, Relation)]) -> Vec<Principal> {
    let members = all.iter().filter(|(_, one)| *one == Relation::Member);
    members.map(|(who, _)| who.clone()).collect()
}

fn check(diff: &GrantDiff) -> Result<()> {
    let (count, most) = (
        diff.writes.len() + diff.deletes.len(),
        Bounds::GRANTS_PER_CHANGE,
    );
    if count == 0 {
        let message = "`writes` and `deletes` are empty: there is nothing to do";
        return Err(CatalogError::new(GrantErrorKind::EmptyDiff.into(), message));
    }
    if count > most {
        let message = format!(
            "one request may change at most {most} grants, not {count}: send several requests"
        );
        return Err(CatalogError::new(
            GrantErrorKind::DiffTooLarge.into(),
            message,
        ));
    }
    let mut known = BTreeSet::new();
    for (to, privilege) in diff.writes.iter().chain(&diff.deletes) {
        if !known.insert((to, privilege)) {
            let message = format!("the request has privilege `{privilege}` of `{to}` twice");
            return Err(CatalogError::new(GrantErrorKind::Repeated.into(), message));
        }
    }
    Ok(())
}

/// Parses privileges that exist on this kind of thing.
fn parse(on: ResourceKind, all: Vec<(Principal, String)>) -> Result<Vec<(Principal, Relation)>> {
    let all = all.into_iter();
    all.map(|(to, text)| Ok((to, Relation::parse(on, &text)?)))
        .collect()
}

fn refused(error: StoreError) -> CatalogError {
    let mut message = error.to_string();
    let kind = match &error {
        StoreError::NotFound(Entity::User(_)) => GrantErrorKind::NoSuchUser,
        StoreError::NotFound(Entity::Role(_)) => GrantErrorKind::NoSuchRole,
        StoreError::NotFound(Entity::Grant(_) | Entity::Member(..)) => {
            GrantErrorKind::NoSuchAssignment
        }
        StoreError::AlreadyExists(Entity::Grant(_) | Entity::Member(..)) => {
            GrantErrorKind::AssignmentExists
        }
        _ => return error.into(),
    };
    if let GrantErrorKind::NoSuchAssignment | GrantErrorKind::AssignmentExists = kind {
        message.push_str("; nothing was changed, send the request without this assignment");
    }
    CatalogError::new(kind.into(), message)
}
