//! Members of roles.

use std::collections::{BTreeMap, BTreeSet};

use model::{Page, PageRequest, Principal, ProjectId, RoleId};
use rusqlite::{Connection, OptionalExtension, params};
use store::{
    Entity, MemberFilter, MemberKind, Membership, RoleAssign, RoleMember, RoleMembers, RoleRow,
    StoreError, Unchanged,
};
use uuid::Uuid;

use super::{after, load};
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::{self, Reach, with_roles};
use crate::row::{self, PageStart};
use crate::user;

/// Adds members.
pub(super) fn add(db: &Connection, add: &RoleMembers, most: u32) -> Work<()> {
    let project = load(db, add.role)?.project;
    for member in &add.members {
        if !is_known(db, member, &project)? {
            return Err(not_found(Entity::from(member)));
        }
    }
    let mut added = 0;
    for member in &add.members {
        if let Principal::Role(id) = member {
            refuse_bad_nesting(db, add.role, *id, most)?;
        }
        added += db
            .prepare_cached(
                "insert into role_member (role_id, member) values (?1, ?2) on conflict do nothing",
            )?
            .execute(params![add.role.as_uuid(), member.to_string()])?;
    }
    step_if(added, db, add.role)
}

fn step_if(changed: usize, db: &Connection, role: RoleId) -> Work<()> {
    match changed {
        0 => Ok(()),
        _ => Reach::of_principal(db, Principal::Role(role))?.step(db),
    }
}

/// Whether the member is a known user, or a role of this project.
fn is_known(db: &Connection, member: &Principal, project: &ProjectId) -> Work<bool> {
    Ok(match member {
        Principal::User(id) => db
            .prepare_cached("select 1 from catalog_user where id = ?1")?
            .exists([id.as_str()])?,
        Principal::Role(id) => db
            .prepare_cached("select 1 from role where id = ?1 and project_id = ?2")?
            .exists(params![id.as_uuid(), project.as_str()])?,
    })
}

fn refuse_bad_nesting(db: &Connection, role: RoleId, member: RoleId, most: u32) -> Work<()> {
    let mut above = db.prepare_cached("select role_id from role_member where member = ?1")?;
    let above = depths(role, |role| {
        let rows = above.query([Principal::Role(role).to_string()])?;
        row::all(rows, |row| Ok(row.get::<_, Uuid>(0)?.into()))
    })?;
    if above.contains_key(&member) {
        return Err(StoreError::RoleCycle { role, member }.into());
    }
    let mut below = db.prepare_cached(
        "select member from role_member where role_id = ?1 and member >= 'role:' and member < 'role;'",
    )?;
    let below = depths(member, |role| {
        let rows = below.query([role.as_uuid()])?;
        row::all(rows, |row| role_of(&row.get::<_, String>(0)?))
    })?;
    let longest = |depths: &BTreeMap<RoleId, u32>| depths.values().max().copied().unwrap_or(0);
    if longest(&above) + 1 + longest(&below) > most {
        return Err(StoreError::RoleTooDeep { role, member, most }.into());
    }
    Ok(())
}

/// Each role that is reachable from the first one, with the length of the longest path to it. There are no cycles.
fn depths(
    first: RoleId,
    mut next: impl FnMut(RoleId) -> Work<Vec<RoleId>>,
) -> Work<BTreeMap<RoleId, u32>> {
    let mut found = BTreeMap::from([(first, 0)]);
    let (mut depth, mut level) = (0, BTreeSet::from([first]));
    while !level.is_empty() {
        depth += 1;
        let mut further = BTreeSet::new();
        for role in level {
            further.extend(next(role)?);
        }
        found.extend(further.iter().map(|role| (*role, depth)));
        level = further;
    }
    Ok(found)
}

fn role_of(member: &str) -> Work<RoleId> {
    match member.parse().map_err(Failure::damaged)? {
        Principal::Role(id) => Ok(id),
        Principal::User(id) => Err(Failure::damaged(format!("`{id}` is no role"))),
    }
}

pub(super) fn remove(db: &Connection, remove: &RoleMembers) -> Work<()> {
    load(db, remove.role)?;
    let mut removed = 0;
    for member in &remove.members {
        removed += db
            .prepare_cached("delete from role_member where role_id = ?1 and member = ?2")?
            .execute(params![remove.role.as_uuid(), member.to_string()])?;
    }
    step_if(removed, db, remove.role)
}

/// Removes members, adds others, and changes the grants on the role.
pub(super) fn assign(db: &Connection, assign: &RoleAssign, most: u32) -> Work<()> {
    load(db, assign.role)?;
    if assign.unchanged == Unchanged::Refused {
        refuse_repeats(db, assign)?;
    }
    remove(db, &assign.leaves())?;
    add(db, &assign.joins(), most)?;
    grants::apply(db, &assign.grants())
}

/// Refuses to add a member that is in the role already, and to remove one that is not.
fn refuse_repeats(db: &Connection, assign: &RoleAssign) -> Work<()> {
    let mut known =
        db.prepare_cached("select 1 from role_member where role_id = ?1 and member = ?2")?;
    let mut is_in = |who: &Principal| known.exists(params![assign.role.as_uuid(), who.to_string()]);
    for who in &assign.leaves {
        if !is_in(who)? {
            return Err(not_found(Entity::Member(assign.role, who.clone())));
        }
    }
    for who in &assign.joins {
        if is_in(who)? {
            return Err(already_exists(Entity::Member(assign.role, who.clone())));
        }
    }
    Ok(())
}

pub(super) fn members(
    db: &Connection,
    role: RoleId,
    MemberFilter { kind, membership }: MemberFilter,
    page: &PageRequest,
) -> Work<Page<RoleMember>> {
    let mut direct =
        db.prepare_cached("select member from role_member where role_id = ?1 order by member")?;
    let (mut found, mut open) = (BTreeSet::new(), vec![role]);
    while let Some(role) = open.pop() {
        let rows = direct.query([role.as_uuid()])?;
        for member in row::all(rows, |row| Ok(row.get::<_, String>(0)?))? {
            let is_new = found.insert(member.clone());
            if is_new && membership == Membership::Transitive && member.starts_with("role:") {
                open.push(role_of(&member)?);
            }
        }
    }
    let start = PageStart::of(page);
    let is_wanted = |member: &String| match kind {
        None => true,
        Some(MemberKind::User) => member.starts_with("user:"),
        Some(MemberKind::Role) => member.starts_with("role:"),
    };
    let rows: Work<Vec<_>> = found
        .into_iter()
        .filter(|member| member.as_str() > start.after && is_wanted(member))
        .take(start.limit as usize)
        .map(|key| {
            let member = match key.parse().map_err(Failure::damaged)? {
                Principal::Role(id) => RoleMember::Role(load(db, id)?),
                Principal::User(id) => RoleMember::User(user::load(db, &id)?),
            };
            Ok((key, member))
        })
        .collect();
    let page = Page::cut(rows?, page.size, |(key, _)| key.clone());
    Ok(Page {
        items: page.items.into_iter().map(|(_, member)| member).collect(),
        next: page.next,
    })
}

pub(super) fn member_of(
    db: &Connection,
    member: &Principal,
    project: &ProjectId,
    membership: Membership,
    page: &PageRequest,
) -> Work<Page<RoleRow>> {
    let found: Vec<RoleId> = match membership {
        Membership::Direct => {
            let mut direct =
                db.prepare_cached("select role_id from role_member where member = ?1")?;
            let rows = direct.query([member.to_string()])?;
            row::all(rows, |row| Ok(row.get::<_, Uuid>(0)?.into()))?
        }
        Membership::Transitive => with_roles(db, vec![member.clone()])?
            .into_iter()
            .filter(|one| one != member)
            .filter_map(|one| match one {
                Principal::Role(id) => Some(id),
                Principal::User(_) => None,
            })
            .collect(),
    };
    let sorted: BTreeSet<RoleId> = found.into_iter().collect();
    let (after, limit) = (after(page), PageStart::of(page).limit as usize);
    let mut is_here = db.prepare_cached("select 1 from role where id = ?1 and project_id = ?2")?;
    let mut rows = Vec::new();
    for id in sorted.into_iter().filter(|id| id.as_uuid() > after) {
        let here = is_here
            .query_row(params![id.as_uuid(), project.as_str()], |_| Ok(()))
            .optional()?;
        if here.is_some() {
            rows.push(load(db, id)?);
        }
        if rows.len() == limit {
            break;
        }
    }
    Ok(Page::cut(rows, page.size, |role| role.id.to_string()))
}
