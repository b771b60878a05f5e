//! Members of roles.

use std::collections::HashSet;

use model::{Page, PageRequest, Principal, ProjectId, RoleId};
use store::{
    Entity, MemberFilter, MemberKind, Membership, RoleAssign, RoleMember, RoleMembers, RoleRow,
    StoreError, Unchanged,
};
use tokio_postgres::Row;

use super::{after, role};
use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::{self, Reach};
use crate::row::{self, PageStart, get};
use crate::user;

/// Adds members. Changes of role members are serialized (see [`Reach::of_principal`]), so what is checked here
/// stays true.
pub(super) async fn add(db: &Session, add: &RoleMembers, most: u32) -> Work<()> {
    let principal = Principal::Role(add.role).to_string();
    let reach = Reach::of_principal(db, &principal).await?;
    let held = reach.hold(db).await?;
    refuse_unknown(db, add).await?;
    let mut added = 0;
    for member in &add.members {
        if let Principal::Role(id) = member {
            refuse_bad_nesting(db, add.role, *id, most).await?;
        }
        let insert = "insert into role_member (role_id, member) values ($1, $2)
            on conflict do nothing";
        let id = add.role.as_uuid();
        added += db.execute(insert, &[&id, &member.to_string()]).await?;
    }
    if added > 0 {
        held.step(db).await?;
    }
    Ok(())
}

/// Locks the role and its future members, roles by id and then users; refuses unknown ones.
async fn refuse_unknown(db: &Session, add: &RoleMembers) -> Work<()> {
    let (mut users, mut roles) = (Vec::new(), vec![add.role.as_uuid()]);
    for member in &add.members {
        match member {
            Principal::User(id) => users.push(id.as_str()),
            Principal::Role(id) => roles.push(id.as_uuid()),
        }
    }
    let rows = db
        .query(
            "select 'role:' || id from role where id = any($1)
                 and project_id = (select project_id from role where id = $2)
             order by id for key share",
            &[&roles, &add.role.as_uuid()],
        )
        .await?;
    let mut known: HashSet<String> = row::all(&rows, |row| get(row, 0))?.into_iter().collect();
    if !users.is_empty() {
        let hold = "select 'user:' || id from catalog_user where id = any($1) order by id
            for key share";
        let rows = db.query(hold, &[&users]).await?;
        known.extend(row::all(&rows, |row| get::<String>(row, 0))?);
    }
    let role = Principal::Role(add.role);
    let mut wanted = std::iter::once(&role).chain(&add.members);
    match wanted.find(|one| !known.contains(&one.to_string())) {
        None => Ok(()),
        Some(unknown) => Err(not_found(Entity::from(unknown))),
    }
}

/// Whether the member `$2` is above the role `$1`, the greatest depth above the role, and the greatest depth below
/// the member. The search stops one step beyond `$3`, which is too deep in any case.
const NESTING: &str = "with recursive above (it, depth) as (
        select $1::uuid, 0
        union
        select up.role_id, above.depth + 1 from above
        cross join lateral (select role_id from role_member
            where member = 'role:' || above.it offset 0) as up
        where above.depth <= $3
    ), below (it, depth) as (
        select $2::uuid, 0
        union
        select substr(down.member, 6)::uuid, below.depth + 1 from below
        cross join lateral (select member from role_member
            where role_id = below.it and member like 'role:%' offset 0) as down
        where below.depth <= $3
    )
    select exists (select from above where it = $2), (select max(depth) from above),
        (select max(depth) from below)";

async fn refuse_bad_nesting(db: &Session, role: RoleId, member: RoleId, most: u32) -> Work<()> {
    let deepest = i32::try_from(most).unwrap_or(i32::MAX);
    let row = db
        .query_one(NESTING, &[&role.as_uuid(), &member.as_uuid(), &deepest])
        .await?;
    if get(&row, 0)? {
        return Err(StoreError::RoleCycle { role, member }.into());
    }
    let depth = get::<i32>(&row, 1)? + 1 + get::<i32>(&row, 2)?;
    if depth > deepest {
        return Err(StoreError::RoleTooDeep { role, member, most }.into());
    }
    Ok(())
}

pub(super) async fn remove(db: &Session, remove: &RoleMembers) -> Work<()> {
    let principal = Principal::Role(remove.role).to_string();
    let reach = Reach::of_principal(db, &principal).await?;
    let held = reach.hold(db).await?;
    let id = remove.role.as_uuid();
    let hold = "select 1 from role where id = $1 for key share";
    if db.query_opt(hold, &[&id]).await?.is_none() {
        return Err(not_found(Entity::Role(remove.role)));
    }
    let members: Vec<String> = remove.members.iter().map(ToString::to_string).collect();
    let delete = "delete from role_member where role_id = $1 and member = any($2)";
    if db.execute(delete, &[&id, &members]).await? > 0 {
        held.step(db).await?;
    }
    Ok(())
}

/// Removes members, adds others, and changes the grants on the role.
pub(super) async fn assign(db: &Session, assign: &RoleAssign, most: u32) -> Work<()> {
    let (leaves, joins, grants) = (assign.leaves(), assign.joins(), assign.grants());
    let principal = Principal::Role(assign.role).to_string();
    Reach::of_principal(db, &principal).await?.hold(db).await?;
    // Locks all of them at once, in the order that all transactions keep.
    let given = grants.writes.iter().map(|(to, _)| to.clone());
    let everybody = RoleMembers {
        role: assign.role,
        members: joins.members.iter().cloned().chain(given).collect(),
    };
    refuse_unknown(db, &everybody).await?;
    if assign.unchanged == Unchanged::Refused {
        refuse_repeats(db, assign).await?;
    }
    remove(db, &leaves).await?;
    add(db, &joins, most).await?;
    grants::apply(db, &grants).await
}

/// Refuses to add a member that is in the role already, and to remove one that is not. The members cannot change
/// meanwhile: see [`add`].
async fn refuse_repeats(db: &Session, assign: &RoleAssign) -> Work<()> {
    let all = assign.leaves.iter().chain(&assign.joins);
    let all: Vec<String> = all.map(ToString::to_string).collect();
    let sql = "select member from role_member where role_id = $1 and member = any($2)";
    let rows = db.query(sql, &[&assign.role.as_uuid(), &all]).await?;
    let found = row::all(&rows, |row| get::<String>(row, 0))?;
    let found: HashSet<String> = found.into_iter().collect();
    let is_in = |who: &&Principal| found.contains(&who.to_string());
    if let Some(who) = assign.leaves.iter().find(|who| !is_in(who)) {
        return Err(not_found(Entity::Member(assign.role, who.clone())));
    }
    match assign.joins.iter().find(is_in) {
        Some(who) => Err(already_exists(Entity::Member(assign.role, who.clone()))),
        None => Ok(()),
    }
}

/// The members of the role `$1` after `$4` whose key is like `$3`, with their rows; if `$2`, members of members as
/// well.
const MEMBERS: &str = "with recursive below (member) as (
        select member from role_member where role_id = $1
        union
        select down.member from below cross join lateral (select member from role_member
            where $2 and role_id = case when below.member like 'role:%'
                then substr(below.member, 6)::uuid end offset 0) as down
    ), page as materialized (
        select member from below where member > $4 and ($3::text is null or member like $3)
        order by member limit $5
    )
    select page.member, r.id, r.project_id, r.provider_id, r.source_id, r.name, r.description,
        r.created_at, r.updated_at, u.id, u.name, u.email, u.user_type, u.source, u.created_at,
        u.updated_at
    from page
    left join lateral (select * from role where page.member like 'role:%'
        and id = case when page.member like 'role:%' then substr(page.member, 6)::uuid end
        limit 1) as r on true
    left join lateral (select * from catalog_user where page.member like 'user:%'
        and id = substr(page.member, 6) limit 1) as u on true
    order by page.member";

pub(super) async fn members(
    db: &Session,
    id: RoleId,
    MemberFilter { kind, membership }: MemberFilter,
    page: &PageRequest,
) -> Work<Page<RoleMember>> {
    let like = kind.map(|kind| match kind {
        MemberKind::User => "user:%",
        MemberKind::Role => "role:%",
    });
    let (start, is_transitive) = (PageStart::of(page), membership == Membership::Transitive);
    let rows = db
        .query(
            MEMBERS,
            &[
                &id.as_uuid(),
                &is_transitive,
                &like,
                &start.after,
                &start.limit,
            ],
        )
        .await?;
    let rows = row::all(&rows, member)?;
    let page = Page::cut(rows, page.size, |(key, _)| key.clone());
    Ok(Page {
        items: page.items.into_iter().map(|(_, member)| member).collect(),
        next: page.next,
    })
}

fn member(row: &Row) -> Work<(String, RoleMember)> {
    let key: String = get(row, 0)?;
    let member = match key.parse().map_err(Failure::damaged)? {
        Principal::Role(_) => RoleMember::Role(role(row, 1)?),
        Principal::User(_) => RoleMember::User(user::user(row, 9)?),
    };
    Ok((key, member))
}

/// The roles of the project `$2` that `$1` is a member of, directly or, if `$3`, through other roles.
const MEMBER_OF: &str = "with recursive above (id) as (
        select role_id from role_member where member = $1
        union
        select up.role_id from above cross join lateral (select role_id from role_member
            where $3 and member = 'role:' || above.id offset 0) as up
    )
    select r.id, r.project_id, r.provider_id, r.source_id, r.name, r.description, r.created_at,
        r.updated_at
    from above cross join lateral (select * from role where id = above.id limit 1) as r
    where r.project_id = $2 and r.id > $4 order by r.id limit $5";

pub(super) async fn member_of(
    db: &Session,
    member: &Principal,
    project: &ProjectId,
    membership: Membership,
    page: &PageRequest,
) -> Work<Page<RoleRow>> {
    let is_transitive = membership == Membership::Transitive;
    let rows = db
        .query(
            MEMBER_OF,
            &[
                &member.to_string(),
                &project.as_str(),
                &is_transitive,
                &after(page),
                &PageStart::of(page).limit,
            ],
        )
        .await?;
    let rows = row::all(&rows, |row| role(row, 0))?;
    Ok(Page::cut(rows, page.size, |role| role.id.to_string()))
}
