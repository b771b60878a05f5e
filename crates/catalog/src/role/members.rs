//! Lists, adds and removes the members of a role.

use std::collections::BTreeSet;

use authz::{ProjectAction, RoleAction};
use model::{Bounds, Event, EventKind, Page, Principal, RoleId};
use serde_json::json;
use store::{Effects, MemberFilter, Membership, RoleMember, RoleMembers};

use super::{find, missing, refused, require};
use crate::events::Cause;
use crate::{Catalog, CatalogError, ListQuery, Request, Result, events, project, tabular};

/// Adds members to the role, all or none, and returns each once. Those who already are members stay.
pub async fn add(
    cx: &Catalog,
    request: &Request,
    id: RoleId,
    members: Vec<Principal>,
) -> Result<Vec<Principal>> {
    let role = require(cx, request, id, RoleAction::ManageRoleAssignments).await?;
    let most = Bounds::ROLE_MEMBERS_PER_CHANGE;
    if members.len() > most {
        let message = format!(
            "one request may add at most {most} members to a role, not {}: send several requests",
            members.len()
        );
        return Err(CatalogError::bad_request(message));
    }
    let mut known = BTreeSet::new();
    let members: Vec<Principal> = members
        .into_iter()
        .filter(|member| known.insert(member.clone()))
        .collect();
    let add = RoleMembers {
        role: id,
        members: members.clone(),
    };
    let depth = cx.settings().role_nesting_depth;
    let by = request.at(cx.now());
    let effects = Effects::telling([members_event(
        EventKind::AddRoleMembers,
        id,
        &add.members,
        by,
    )?]);
    let added = cx.store(&role).role_members_add(add, depth, effects);
    added.await.map_err(refused)?;
    Ok(members)
}

/// Removes a member from the role. It is no error if it is not a member.
pub async fn remove(cx: &Catalog, request: &Request, id: RoleId, member: Principal) -> Result<()> {
    let role = require(cx, request, id, RoleAction::ManageRoleAssignments).await?;
    let remove = RoleMembers {
        role: id,
        members: vec![member],
    };
    let by = request.at(cx.now());
    let effects = Effects::telling([members_event(
        EventKind::RemoveRoleMembers,
        id,
        &remove.members,
        by,
    )?]);
    let removed = cx.store(&role).role_members_remove(remove, effects);
    removed.await.map_err(refused)
}

/// The event of members that were added or removed.
pub(crate) fn members_event(
    kind: EventKind,
    role: RoleId,
    members: &[Principal],
    by: Cause<'_>,
) -> Result<Event> {
    let all: Vec<_> = members.iter().map(Principal::to_string).collect();
    let body = json!({ "members": all });
    events::of_server(kind, &role, by, &body)
}

/// The members of the role, roles before users, each ordered by id. Transitive members belong to other roles, so to
/// list them the caller must be allowed to list all roles of the project.
pub async fn members(
    cx: &Catalog,
    request: &Request,
    id: RoleId,
    which: MemberFilter,
    query: ListQuery,
) -> Result<Page<RoleMember>> {
    match which.membership {
        Membership::Direct => {
            let role = require(cx, request, id, RoleAction::ReadRoleAssignments).await?;
            let store = cx.store(&role);
            tabular::collect(query, async |page| {
                Ok(store.role_members(id, which, page).await?)
            })
            .await
        }
        Membership::Transitive => {
            let project = project::of_request(cx, request)?;
            let project = project::require(cx, request, &project, ProjectAction::ListRoles).await?;
            if find(cx, id).await?.project != project.0.id {
                return Err(missing(id));
            }
            let store = cx.store(&project);
            tabular::collect(query, async |page| {
                Ok(store.role_members(id, which, page).await?)
            })
            .await
        }
    }
}
