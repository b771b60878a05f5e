//! Roles: groups of users and other roles, which can have privileges.

mod member;

use async_trait::async_trait;
use model::{Name, Page, PageRequest, Principal, ProjectId, RoleId, RoleIdent, Timestamp};
use store::{
    Effects, Entity, MemberFilter, Membership, Result, RoleAssign, RoleChange, RoleFilter,
    RoleMember, RoleMembers, RoleRow, RoleSearch, Roles, StoreError,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::grants::Reach;
use crate::row::{self, PageStart, get};

#[async_trait]
impl Roles for PostgresStore {
    async fn role_create(&self, role: RoleRow, effects: Effects) -> Result<()> {
        self.change(effects, role, |db, role| Box::pin(create(db, role)))
            .await
    }

    async fn role_load(&self, id: RoleId) -> Result<RoleRow> {
        Ok(load(&self.read().await?, id).await?)
    }

    async fn role_list(
        &self,
        project: &ProjectId,
        filter: RoleFilter,
        page: PageRequest,
    ) -> Result<Page<RoleRow>> {
        let db = self.read_list().await?;
        let ids = filter
            .ids
            .map(|ids| ids.into_iter().map(RoleId::as_uuid).collect());
        let ids: Option<Vec<Uuid>> = ids;
        let rows = db
            .query(
                "select id, project_id, provider_id, source_id, name, description, created_at,
                     updated_at
                 from role where project_id = $1 and id > $2 and ($3::uuid[] is null or id = any($3))
                     and ($4::text[] is null or provider_id = any($4))
                     and ($5::text[] is null or source_id = any($5))
                 order by id limit $6",
                &[
                    &project.as_str(),
                    &after(&page),
                    &ids,
                    &filter.providers,
                    &filter.sources,
                    &PageStart::of(&page).limit,
                ],
            )
            .await?;
        let rows = row::all(&rows, |row| role(row, 0))?;
        Ok(Page::cut(rows, page.size, |role| role.id.to_string()))
    }

    async fn role_search(&self, search: RoleSearch) -> Result<Vec<RoleRow>> {
        let db = self.read_list().await?;
        let (share, limit) = (i64::from(RoleSearch::SHARE), i64::from(search.limit));
        let rows = db
            .query(
                "select id, project_id, provider_id, source_id, name, description, created_at,
                     updated_at
                 from (
                     select *, $3::text = any (terms) as is_exact, (select count(*)
                         from unnest(terms) as one where one = any ($2::text[])) as shared
                     from role where project_id = $1 and terms && array_append($2, $3)
                 ) as found
                 where is_exact or shared * 10 >= cardinality($2) * $4::bigint
                 order by is_exact desc, shared desc, name_key, id limit $5",
                &[
                    &search.project.as_str(),
                    &search.trigrams,
                    &search.exact,
                    &share,
                    &limit,
                ],
            )
            .await?;
        Ok(row::all(&rows, |row| role(row, 0))?)
    }

    async fn role_update(
        &self,
        id: RoleId,
        change: RoleChange,
        at: Timestamp,
        effects: Effects,
    ) -> Result<RoleRow> {
        self.change(effects, (id, change, at), |db, (id, change, at)| {
            Box::pin(update(db, *id, change, *at))
        })
        .await
    }

    async fn role_drop(&self, id: RoleId, effects: Effects) -> Result<()> {
        self.change(effects, id, |db, id| Box::pin(remove(db, *id)))
            .await
    }

    async fn role_members_add(&self, add: RoleMembers, most: u32, effects: Effects) -> Result<()> {
        self.change(effects, (add, most), |db, (members, most)| {
            Box::pin(member::add(db, members, *most))
        })
        .await
    }

    async fn role_members_remove(&self, remove: RoleMembers, effects: Effects) -> Result<()> {
        self.change(effects, remove, |db, members| {
            Box::pin(member::remove(db, members))
        })
        .await
    }

    async fn role_assign(&self, assign: RoleAssign, most: u32, effects: Effects) -> Result<()> {
        self.change(effects, (assign, most), |db, (assign, most)| {
            Box::pin(member::assign(db, assign, *most))
        })
        .await
    }

    async fn role_members(
        &self,
        role: RoleId,
        which: MemberFilter,
        page: PageRequest,
    ) -> Result<Page<RoleMember>> {
        let db = self.read().await?;
        Ok(member::members(&db, role, which, &page).await?)
    }

    async fn role_member_of(
        &self,
        member: &Principal,
        project: &ProjectId,
        membership: Membership,
        page: PageRequest,
    ) -> Result<Page<RoleRow>> {
        let db = self.read().await?;
        Ok(member::member_of(&db, member, project, membership, &page).await?)
    }
}

async fn create(db: &Session, role: &RoleRow) -> Work<()> {
    let hold = "select 1 from project where id = $1 for key share";
    if db
        .query_opt(hold, &[&role.project.as_str()])
        .await?
        .is_none()
    {
        return Err(not_found(Entity::Project(role.project.clone())));
    }
    let inserted = db
        .execute(
            "insert into role (id, project_id, provider_id, source_id, name, name_key, description,
                 created_at, updated_at, terms)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                &role.id.as_uuid(),
                &role.project.as_str(),
                &role.ident.provider(),
                &role.ident.source(),
                &role.name.as_str(),
                &role.name.key().as_str(),
                &role.description,
                &role.created_at.as_ms(),
                &role.updated_at.map(Timestamp::as_ms),
                &role.terms(),
            ],
        )
        .await;
    inserted.map_err(|failure| taken(failure, role))?;
    Ok(())
}

/// The error for the violation of a unique index.
fn taken(failure: Failure, role: &RoleRow) -> Failure {
    match failure.constraint() {
        Some("role_pkey") => already_exists(Entity::Role(role.id)),
        Some("role_name") => already_exists(Entity::RoleName(role.name.clone())),
        Some("role_source") => already_exists(Entity::RoleIdent(role.ident.clone())),
        _ => failure,
    }
}

const LOAD: &str = "select id, project_id, provider_id, source_id, name, description, created_at,
        updated_at
    from role where id = $1";

async fn load(db: &Session, id: RoleId) -> Work<RoleRow> {
    one(db, LOAD, id).await
}

/// Loads the role and locks it until the end of the transaction.
async fn hold(db: &Session, id: RoleId) -> Work<RoleRow> {
    one(db, &format!("{LOAD} for no key update"), id).await
}

async fn one(db: &Session, sql: &str, id: RoleId) -> Work<RoleRow> {
    let found = db.query_opt(sql, &[&id.as_uuid()]).await?;
    let found = found.ok_or_else(|| not_found(Entity::Role(id)))?;
    role(&found, 0)
}

async fn update(db: &Session, id: RoleId, change: &RoleChange, at: Timestamp) -> Work<RoleRow> {
    // Warehouses come before roles in the lock order, so lock them before it is known whether the ident changes.
    let warehouses = match change {
        RoleChange::Called { .. } => None,
        RoleChange::Bound(_) => {
            let principal = Principal::Role(id).to_string();
            Some(Reach::of_principal(db, &principal).await?.hold(db).await?)
        }
    };
    let there = hold(db, id).await?;
    let changed = there.clone().after(change, at);
    if let Some(warehouses) = warehouses
        && there.ident != changed.ident
    {
        // Tokens that name the former or the new ident now have other rights.
        warehouses.step(db).await?;
    }
    write(db, &changed).await?;
    Ok(changed)
}

async fn write(db: &Session, role: &RoleRow) -> Work<()> {
    let updated = db
        .execute(
            "update role set provider_id = $2, source_id = $3, name = $4, name_key = $5,
                 description = $6, updated_at = $7, terms = $8 where id = $1",
            &[
                &role.id.as_uuid(),
                &role.ident.provider(),
                &role.ident.source(),
                &role.name.as_str(),
                &role.name.key().as_str(),
                &role.description,
                &role.updated_at.map(Timestamp::as_ms),
                &role.terms(),
            ],
        )
        .await;
    updated.map_err(|failure| taken(failure, role))?;
    Ok(())
}

async fn remove(db: &Session, id: RoleId) -> Work<()> {
    let principal = Principal::Role(id).to_string();
    let reach = Reach::of_principal(db, &principal).await?;
    reach.hold(db).await?.step(db).await?;
    let delete = "delete from role where id = $1";
    match db.execute(delete, &[&id.as_uuid()]).await? {
        0 => Err(StoreError::NotFound(Entity::Role(id)).into()),
        _ => Ok(()),
    }
}

/// The id after which a page of roles begins.
fn after(page: &PageRequest) -> Uuid {
    PageStart::of(page).after.parse().unwrap_or_default()
}

/// `id, project_id, provider_id, source_id, name, description, created_at, updated_at` from the given column on.
fn role(row: &Row, first: usize) -> Work<RoleRow> {
    let (project, name): (&str, &str) = (get(row, first + 1)?, get(row, first + 4)?);
    let ident = RoleIdent::new(get(row, first + 2)?, get(row, first + 3)?);
    Ok(RoleRow {
        id: row::id(row, first)?,
        project: project.parse().map_err(Failure::damaged)?,
        ident: ident.map_err(Failure::damaged)?,
        name: Name::parse("role", name).map_err(Failure::damaged)?,
        description: get(row, first + 5)?,
        created_at: Timestamp::from_ms(get(row, first + 6)?),
        updated_at: row::time(row, first + 7)?,
    })
}
