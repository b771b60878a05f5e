//! Grants: the privileges of principals on things, and what these add up to on the path from the server to a
//! place.

mod apply;
mod list;
mod named;
mod privileges;
mod reach;

pub(crate) use apply::{INSERT, NewGrants, apply};
pub(crate) use reach::{Reach, STEP};

use async_trait::async_trait;
use model::{Page, PageRequest, Principal, Privileges, ProjectId, RoleIdent, Securable};
use store::{
    Below, Effects, Entity, GrantChange, GrantRow, Grants, ManagedAccess, ManagedAccessOf,
    NamedRoles, PathPrivileges, Place, Result, StoreError,
};

use crate::PostgresStore;
use crate::connection::Session;
use crate::error::{Failure, Work, not_found};
use crate::row::{self, get};

#[async_trait]
impl Grants for PostgresStore {
    async fn grants_apply(&self, change: GrantChange, effects: Effects) -> Result<()> {
        self.change(effects, change, |db, change| Box::pin(apply(db, change)))
            .await
    }

    async fn grants_on(
        &self,
        on: &Securable,
        to: Option<&Principal>,
        page: PageRequest,
    ) -> Result<Page<GrantRow>> {
        Ok(list::on(&self.read().await?, on, to, &page).await?)
    }

    async fn grants_to(
        &self,
        project: &ProjectId,
        to: &Principal,
        page: PageRequest,
    ) -> Result<Page<GrantRow>> {
        Ok(list::to(&self.read().await?, project, to, &page).await?)
    }

    async fn grants_principals(
        &self,
        of: &Principal,
        named: &[RoleIdent],
    ) -> Result<Vec<Principal>> {
        let db = self.read().await?;
        let providers: Vec<_> = named.iter().map(RoleIdent::provider).collect();
        let sources: Vec<_> = named.iter().map(RoleIdent::source).collect();
        let it = of.to_string();
        let rows = db.query(PRINCIPALS, &[&it, &providers, &sources]).await?;
        let found = row::all(&rows, |row| principal(get(row, 0)?))?;
        let others = found.into_iter().filter(|found| found != of);
        Ok(std::iter::once(of.clone()).chain(others).collect())
    }

    async fn grants_named(
        &self,
        named: &[RoleIdent],
        projects: &[ProjectId],
    ) -> Result<NamedRoles> {
        Ok(named::named(&self.read().await?, named, projects).await?)
    }

    async fn grants_on_paths(
        &self,
        principals: &[Principal],
        places: &[Place],
    ) -> Result<Vec<Option<PathPrivileges>>> {
        let paths = privileges::paths(&self.read().await?, principals, places).await?;
        let places = places.iter();
        Ok(places.map(|place| paths.path(place)).collect())
    }

    async fn grants_given(
        &self,
        principals: &[Principal],
        on: &[Securable],
    ) -> Result<Vec<Privileges>> {
        Ok(privileges::given(&self.read().await?, principals, on).await?)
    }

    async fn grants_below(
        &self,
        principals: &[Principal],
        of: &[(Securable, Below)],
    ) -> Result<Vec<bool>> {
        Ok(privileges::below(&self.read().await?, principals, of).await?)
    }

    async fn managed_access(&self, of: &Securable) -> Result<ManagedAccessOf> {
        let place = match of {
            Securable::Warehouse(id) => Place::Warehouse(*id),
            Securable::Namespace(id) => Place::Namespace(*id),
            _ => return Err(StoreError::NotFound(of.into())),
        };
        let db = self.read().await?;
        let paths = privileges::paths(&db, &[], std::slice::from_ref(&place)).await?;
        paths
            .path(&place)
            .map(|path| path.managed_access())
            .ok_or_else(|| StoreError::NotFound(of.into()))
    }

    async fn managed_access_set(
        &self,
        of: &Securable,
        managed: ManagedAccess,
        effects: Effects,
    ) -> Result<()> {
        let input = (of.clone(), managed);
        self.change(effects, input, |db, (of, managed)| {
            Box::pin(set_managed_access(db, of, *managed))
        })
        .await
    }
}

/// The principal `$1`, the roles named by the providers `$2` and sources `$3`, and all roles that these are
/// members of.
const PRINCIPALS: &str = "with recursive principal (it) as (
        select $1::text
        union
        select 'role:' || role.id from unnest($2::text[], $3::text[]) as named(provider, source)
        cross join lateral (select id from role
            where provider_id = named.provider and source_id = named.source offset 0) as role
        union
        select 'role:' || above.role_id from principal
        cross join lateral (select role_id from role_member
            where member = principal.it offset 0) as above
    )
    select it from principal order by it";

async fn set_managed_access(db: &Session, of: &Securable, managed: ManagedAccess) -> Work<()> {
    let (update, id) = match of {
        Securable::Warehouse(id) => (
            "update warehouse set managed_access = $2 where id = $1",
            id.as_uuid(),
        ),
        Securable::Namespace(id) => (
            "update namespace set managed_access = $2 where id = $1",
            id.as_uuid(),
        ),
        _ => return Err(not_found(Entity::from(of))),
    };
    let reach = Reach::of(db, of).await?;
    let reach = reach.ok_or_else(|| not_found(Entity::from(of)))?;
    let held = reach.hold(db).await?;
    let is_on = managed == ManagedAccess::On;
    if db.execute(update, &[&id, &is_on]).await? == 0 {
        return Err(not_found(Entity::from(of)));
    }
    held.step(db).await
}

fn principal(text: &str) -> Work<Principal> {
    text.parse().map_err(Failure::damaged)
}
