//! Grants: the privileges of principals on things, and what these add up to on the path from the server to a
//! place.

mod apply;
mod list;
mod named;
mod privileges;
mod reach;

pub(crate) use apply::{apply, give};
pub(crate) use reach::{Reach, with_roles};

use async_trait::async_trait;
use model::{Page, PageRequest, Principal, Privileges, ProjectId, RoleIdent, Securable};
use rusqlite::{Connection, params};
use store::{
    Below, Effects, Entity, GrantChange, GrantRow, Grants, ManagedAccess, ManagedAccessOf,
    NamedRoles, PathPrivileges, Place, Result,
};

use crate::SqliteStore;
use crate::error::{Failure, Work, not_found};
use crate::row;

#[async_trait]
impl Grants for SqliteStore {
    async fn grants_apply(&self, change: GrantChange, effects: Effects) -> Result<()> {
        self.change(effects, move |db| apply(db, &change)).await
    }

    async fn grants_on(
        &self,
        on: &Securable,
        to: Option<&Principal>,
        page: PageRequest,
    ) -> Result<Page<GrantRow>> {
        let (on, to) = (on.clone(), to.cloned());
        self.read(move |db| list::on(db, &on, to.as_ref(), &page))
            .await
    }

    async fn grants_to(
        &self,
        project: &ProjectId,
        to: &Principal,
        page: PageRequest,
    ) -> Result<Page<GrantRow>> {
        let (project, to) = (project.clone(), to.clone());
        self.read(move |db| list::to(db, &project, &to, &page))
            .await
    }

    async fn grants_principals(
        &self,
        of: &Principal,
        named: &[RoleIdent],
    ) -> Result<Vec<Principal>> {
        let (of, idents) = (of.clone(), named.to_vec());
        self.read(move |db| {
            let mut found = vec![of];
            let mut named = db.prepare_cached(
                "select id from role where provider_id = ?1 and source_id = ?2 order by id",
            )?;
            for ident in &idents {
                let rows = named.query([ident.provider(), ident.source()])?;
                found.extend(row::all(rows, |row| Ok(reach::role(row.get(0)?)))?);
            }
            with_roles(db, found)
        })
        .await
    }

    async fn grants_named(
        &self,
        named: &[RoleIdent],
        projects: &[ProjectId],
    ) -> Result<NamedRoles> {
        let (idents, projects) = (named.to_vec(), projects.to_vec());
        self.read(move |db| named::named(db, &idents, &projects))
            .await
    }

    async fn grants_on_paths(
        &self,
        principals: &[Principal],
        places: &[Place],
    ) -> Result<Vec<Option<PathPrivileges>>> {
        let (principals, places) = (principals.to_vec(), places.to_vec());
        self.read(move |db| {
            let paths = privileges::paths(db, &principals, &places)?;
            let places = places.iter();
            Ok(places.map(|place| paths.path(place)).collect())
        })
        .await
    }

    async fn grants_given(
        &self,
        principals: &[Principal],
        on: &[Securable],
    ) -> Result<Vec<Privileges>> {
        let (principals, on) = (privileges::texts(principals), on.to_vec());
        self.read(move |db| {
            let on = on.iter();
            on.map(|on| privileges::given(db, &principals, on))
                .collect()
        })
        .await
    }

    async fn grants_below(
        &self,
        principals: &[Principal],
        of: &[(Securable, Below)],
    ) -> Result<Vec<bool>> {
        let (principals, of) = (privileges::texts(principals), of.to_vec());
        self.read(move |db| {
            let of = of.iter();
            of.map(|(of, counted)| privileges::below(db, &principals, of, *counted))
                .collect()
        })
        .await
    }

    async fn managed_access(&self, of: &Securable) -> Result<ManagedAccessOf> {
        let of = of.clone();
        self.read(move |db| {
            let missing = || not_found(Entity::from(&of));
            let place = match &of {
                Securable::Warehouse(id) => Place::Warehouse(*id),
                Securable::Namespace(id) => Place::Namespace(*id),
                _ => return Err(missing()),
            };
            let paths = privileges::paths(db, &[], std::slice::from_ref(&place))?;
            let path = paths.path(&place).ok_or_else(missing)?;
            Ok(path.managed_access())
        })
        .await
    }

    async fn managed_access_set(
        &self,
        of: &Securable,
        managed: ManagedAccess,
        effects: Effects,
    ) -> Result<()> {
        let of = of.clone();
        self.change(effects, move |db| set_managed_access(db, &of, managed))
            .await
    }
}

fn set_managed_access(db: &Connection, of: &Securable, managed: ManagedAccess) -> Work<()> {
    let missing = || not_found(Entity::from(of));
    let (update, id) = match of {
        Securable::Warehouse(id) => (
            "update warehouse set managed_access = ?2 where id = ?1",
            id.as_uuid(),
        ),
        Securable::Namespace(id) => (
            "update namespace set managed_access = ?2 where id = ?1",
            id.as_uuid(),
        ),
        _ => return Err(missing()),
    };
    let is_on = managed == ManagedAccess::On;
    let changed = db.prepare_cached(update)?.execute(params![id, is_on])?;
    if changed == 0 {
        return Err(missing());
    }
    let reach = Reach::of(db, of)?.ok_or_else(missing)?;
    reach.step(db)
}

fn principal(text: &str) -> Work<Principal> {
    text.parse().map_err(Failure::damaged)
}
