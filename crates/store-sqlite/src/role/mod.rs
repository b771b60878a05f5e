//! Roles: groups of users and other roles, which can have privileges.

mod member;

use async_trait::async_trait;
use model::{Name, Page, PageRequest, Principal, ProjectId, RoleId, RoleIdent, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{
    Effects, Entity, MemberFilter, Membership, Result, RoleAssign, RoleChange, RoleFilter,
    RoleMember, RoleMembers, RoleRow, RoleSearch, Roles,
};
use uuid::Uuid;

use crate::SqliteStore;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::Reach;
use crate::row::{self, PageStart};

#[async_trait]
impl Roles for SqliteStore {
    async fn role_create(&self, role: RoleRow, effects: Effects) -> Result<()> {
        self.change(effects, move |db| create(db, &role)).await
    }

    async fn role_load(&self, id: RoleId) -> Result<RoleRow> {
        self.read(move |db| load(db, id)).await
    }

    async fn role_list(
        &self,
        project: &ProjectId,
        filter: RoleFilter,
        page: PageRequest,
    ) -> Result<Page<RoleRow>> {
        let project = project.clone();
        self.read(move |db| list(db, &project, filter, &page)).await
    }

    async fn role_search(&self, search: RoleSearch) -> Result<Vec<RoleRow>> {
        self.read(move |db| find(db, &search)).await
    }

    async fn role_update(
        &self,
        id: RoleId,
        change: RoleChange,
        at: Timestamp,
        effects: Effects,
    ) -> Result<RoleRow> {
        self.change(effects, move |db| update(db, id, &change, at))
            .await
    }

    async fn role_drop(&self, id: RoleId, effects: Effects) -> Result<()> {
        self.change(effects, move |db| remove(db, id)).await
    }

    async fn role_members_add(&self, add: RoleMembers, most: u32, effects: Effects) -> Result<()> {
        self.change(effects, move |db| member::add(db, &add, most))
            .await
    }

    async fn role_members_remove(&self, remove: RoleMembers, effects: Effects) -> Result<()> {
        self.change(effects, move |db| member::remove(db, &remove))
            .await
    }

    async fn role_assign(&self, assign: RoleAssign, most: u32, effects: Effects) -> Result<()> {
        self.change(effects, move |db| member::assign(db, &assign, most))
            .await
    }

    async fn role_members(
        &self,
        role: RoleId,
        which: MemberFilter,
        page: PageRequest,
    ) -> Result<Page<RoleMember>> {
        self.read(move |db| member::members(db, role, which, &page))
            .await
    }

    async fn role_member_of(
        &self,
        member: &Principal,
        project: &ProjectId,
        membership: Membership,
        page: PageRequest,
    ) -> Result<Page<RoleRow>> {
        let (member, project) = (member.clone(), project.clone());
        self.read(move |db| member::member_of(db, &member, &project, membership, &page))
            .await
    }
}

fn create(db: &Connection, role: &RoleRow) -> Work<()> {
    let project = db
        .prepare_cached("select 1 from project where id = ?1")?
        .exists([role.project.as_str()])?;
    if !project {
        return Err(not_found(Entity::Project(role.project.clone())));
    }
    refuse_taken(db, role)?;
    let inserted = db
        .prepare_cached(
            "insert into role (id, project_id, provider_id, source_id, name, name_key, description,
                 created_at, updated_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (id) do nothing",
        )?
        .execute(params![
            role.id.as_uuid(),
            role.project.as_str(),
            role.ident.provider(),
            role.ident.source(),
            role.name.as_str(),
            role.name.key().as_str(),
            role.description,
            role.created_at.as_ms(),
            role.updated_at.map(Timestamp::as_ms),
        ])?;
    match inserted {
        0 => Err(already_exists(Entity::Role(role.id))),
        _ => insert_terms(db, role),
    }
}

/// Refuses the name or ident of another role of the project.
fn refuse_taken(db: &Connection, role: &RoleRow) -> Work<()> {
    let (id, project) = (role.id.as_uuid(), role.project.as_str());
    let name = db
        .prepare_cached("select 1 from role where project_id = ?1 and name_key = ?2 and id <> ?3")?
        .exists(params![project, role.name.key().as_str(), id])?;
    if name {
        return Err(already_exists(Entity::RoleName(role.name.clone())));
    }
    let ident = db
        .prepare_cached(
            "select 1 from role
             where project_id = ?1 and provider_id = ?2 and source_id = ?3 and id <> ?4",
        )?
        .exists(params![
            project,
            role.ident.provider(),
            role.ident.source(),
            id
        ])?;
    if ident {
        return Err(already_exists(Entity::RoleIdent(role.ident.clone())));
    }
    Ok(())
}

fn insert_terms(db: &Connection, role: &RoleRow) -> Work<()> {
    let terms = serde_json::Value::from(role.terms()).to_string();
    db.prepare_cached(
        "insert into role_term (project_id, term, role_id) select ?1, value, ?2 from json_each(?3)",
    )?
    .execute(params![role.project.as_str(), role.id.as_uuid(), terms])?;
    Ok(())
}

fn load(db: &Connection, id: RoleId) -> Work<RoleRow> {
    let found = db
        .prepare_cached(
            "select id, project_id, provider_id, source_id, name, description, created_at, updated_at
             from role where id = ?1",
        )?
        .query_row([id.as_uuid()], |row| Ok(role(row)))
        .optional()?;
    found.unwrap_or_else(|| Err(not_found(Entity::Role(id))))
}

fn list(
    db: &Connection,
    project: &ProjectId,
    filter: RoleFilter,
    page: &PageRequest,
) -> Work<Page<RoleRow>> {
    let json = |texts: Vec<String>| serde_json::Value::from(texts).to_string();
    // The ids as SQLite's `hex` prints them.
    let hex = |id: RoleId| id.as_uuid().simple().to_string().to_uppercase();
    let ids = filter
        .ids
        .map(|ids| json(ids.into_iter().map(hex).collect()));
    let mut statement = db.prepare_cached(
        "select id, project_id, provider_id, source_id, name, description, created_at, updated_at
         from role where project_id = ?1 and id > ?2
             and (?3 is null or hex(id) in (select value from json_each(?3)))
             and (?4 is null or provider_id in (select value from json_each(?4)))
             and (?5 is null or source_id in (select value from json_each(?5)))
         order by id limit ?6",
    )?;
    let rows = statement.query(params![
        project.as_str(),
        after(page),
        ids,
        filter.providers.map(json),
        filter.sources.map(json),
        PageStart::of(page).limit,
    ])?;
    let rows = row::all(rows, role)?;
    Ok(Page::cut(rows, page.size, |role| role.id.to_string()))
}

fn find(db: &Connection, search: &RoleSearch) -> Work<Vec<RoleRow>> {
    let trigrams = serde_json::Value::from(search.trigrams.clone()).to_string();
    let mut statement = db.prepare_cached(
        "with asked (term) as (select value from json_each(?1)),
         found (role_id, shared, is_exact) as (
             select role_id, sum(term <> ?2), max(term = ?2) from role_term
             where project_id = ?5 and term in (select term from asked union all select ?2)
             group by role_id
         )
         select id, project_id, provider_id, source_id, name, description, created_at, updated_at
         from found join role on id = role_id
         where is_exact or shared * 10 >= (select count(*) from asked) * ?3
         order by is_exact desc, shared desc, name_key, id limit ?4",
    )?;
    let rows = statement.query(params![
        trigrams,
        search.exact,
        RoleSearch::SHARE,
        search.limit,
        search.project.as_str()
    ])?;
    row::all(rows, role)
}

fn update(db: &Connection, id: RoleId, change: &RoleChange, at: Timestamp) -> Work<RoleRow> {
    let there = load(db, id)?;
    let role = there.clone().after(change, at);
    refuse_taken(db, &role)?;
    if there.ident != role.ident {
        // Tokens that name the former or the new ident now have other rights.
        Reach::of_principal(db, Principal::Role(role.id))?.step(db)?;
    }
    db.prepare_cached(
        "update role set provider_id = ?2, source_id = ?3, name = ?4, name_key = ?5,
             description = ?6, updated_at = ?7 where id = ?1",
    )?
    .execute(params![
        role.id.as_uuid(),
        role.ident.provider(),
        role.ident.source(),
        role.name.as_str(),
        role.name.key().as_str(),
        role.description,
        role.updated_at.map(Timestamp::as_ms),
    ])?;
    db.prepare_cached("delete from role_term where role_id = ?1")?
        .execute([role.id.as_uuid()])?;
    insert_terms(db, &role)?;
    Ok(role)
}

fn remove(db: &Connection, id: RoleId) -> Work<()> {
    let reach = Reach::of_principal(db, Principal::Role(id))?;
    let removed = db
        .prepare_cached("delete from role where id = ?1")?
        .execute([id.as_uuid()])?;
    match removed {
        0 => Err(not_found(Entity::Role(id))),
        _ => reach.step(db),
    }
}

/// The id after which a page of roles begins.
fn after(page: &PageRequest) -> Uuid {
    PageStart::of(page).after.parse().unwrap_or_default()
}

/// A row of `id, project_id, provider_id, source_id, name, description, created_at, updated_at`.
fn role(row: &Row<'_>) -> Work<RoleRow> {
    let (project, name): (String, String) = (row.get(1)?, row.get(4)?);
    let (provider, source): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(RoleRow {
        id: row.get::<_, Uuid>(0)?.into(),
        project: project.parse().map_err(Failure::damaged)?,
        ident: RoleIdent::new(&provider, &source).map_err(Failure::damaged)?,
        name: Name::parse("role", &name).map_err(Failure::damaged)?,
        description: row.get(5)?,
        created_at: Timestamp::from_ms(row.get(6)?),
        updated_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_ms),
    })
}
