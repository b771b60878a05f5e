//! The warehouses in which a change of rights counts, and their grants versions.

use model::{ProjectId, Securable};
use uuid::Uuid;

use crate::connection::{AdvisoryLocks, Session};
use crate::error::Work;
use crate::row::{self, get};

/// The warehouses in which principals may have other rights after a change.
#[derive(Debug)]
pub(crate) enum Reach {
    /// One warehouse.
    Warehouse(Uuid),
    /// All warehouses of some projects.
    Projects(Vec<String>),
    /// All warehouses.
    All,
}

/// Warehouses that are locked until the end of the transaction.
#[derive(Debug)]
pub(crate) struct HeldWarehouses(Vec<Uuid>);

impl Reach {
    /// The reach of a change to the grants on a thing; `None` if the thing does not exist.
    pub(crate) async fn of(db: &Session, on: &Securable) -> Work<Option<Self>> {
        let sql = match on {
            Securable::Server => return Ok(Some(Self::All)),
            Securable::Project(id) => return Ok(Some(Self::project(id))),
            Securable::Warehouse(id) => return Ok(Some(Self::Warehouse(id.as_uuid()))),
            Securable::Namespace(_) => "select warehouse_id from namespace where id = $1",
            Securable::Tabular(..) => "select warehouse_id from tabular where id = $1",
            Securable::Role(_) => "select project_id from role where id = $1",
            Securable::TagDefinition(_) => "select project_id from tag_definition where id = $1",
        };
        let found = db.query_opt(sql, &[&on.as_uuid()]).await?;
        match (found, on) {
            (None, _) => Ok(None),
            (Some(row), Securable::Role(_) | Securable::TagDefinition(_)) => {
                Ok(Some(Self::Projects(vec![get(&row, 0)?])))
            }
            (Some(row), _) => Ok(Some(Self::Warehouse(get(&row, 0)?))),
        }
    }

    /// Whether this reach includes all of `other`.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Warehouse(one), Self::Warehouse(other)) => one == other,
            (Self::Projects(all), Self::Projects(others)) => {
                others.iter().all(|other| all.contains(other))
            }
            _ => false,
        }
    }

    fn project(id: &ProjectId) -> Self {
        Self::Projects(vec![id.as_str().to_owned()])
    }

    /// The reach of a change to the memberships of a principal, or of its removal: the projects where the
    /// principal, or a role that it is a member of, has any privilege, and the projects of these roles.
    ///
    /// For a role, the result stays valid until the end of the transaction: grants on the server and role members
    /// change under one lock. A user may be given a privilege in another project until the user's row is locked.
    pub(crate) async fn of_principal(db: &Session, principal: &str) -> Work<Self> {
        lock_rights(db).await?;
        let rows = db.query(OF_PRINCIPAL, &[&principal]).await?;
        let projects: Vec<String> = row::all(&rows, |row| get(row, 0))?;
        // The empty project stands for the server.
        if projects.iter().any(String::is_empty) {
            return Ok(Self::All);
        }
        Ok(Self::Projects(projects))
    }

    /// The reach of the removal of a project's roles. The project has no warehouses by then, so its roles can have
    /// rights elsewhere only through privileges on the server.
    pub(crate) async fn of_roles_of(db: &Session, project: &ProjectId) -> Work<Self> {
        lock_rights(db).await?;
        let on_server = "select 1 from role cross join lateral (select from grant_entry
                where principal = 'role:' || role.id and is_live and project_id = '' limit 1) as given
            where role.project_id = $1 limit 1";
        let found = db.query_opt(on_server, &[&project.as_str()]).await?;
        Ok(found.map_or(Self::Projects(Vec::new()), |_| Self::All))
    }

    /// Locks the warehouses, which come first in the lock order. Unless it is a single known warehouse, none can
    /// be created meanwhile, because the change would miss it.
    pub(crate) async fn hold(&self, db: &Session) -> Work<HeldWarehouses> {
        let rows = match self {
            Self::Warehouse(id) => {
                let hold = "select id from warehouse where id = $1 for no key update";
                db.query(hold, &[id]).await?
            }
            Self::Projects(projects) if projects.is_empty() => Vec::new(),
            Self::Projects(projects) => {
                lock_rights(db).await?;
                let hold = "select id from warehouse where project_id = any($1) order by id
                    for no key update";
                db.query(hold, &[projects]).await?
            }
            Self::All => {
                lock_rights(db).await?;
                let hold = "select id from warehouse order by id for no key update";
                db.query(hold, &[]).await?
            }
        };
        Ok(HeldWarehouses(row::all(&rows, |row| get(row, 0))?))
    }
}

impl HeldWarehouses {
    /// Increments the grants version of each of the warehouses.
    pub(crate) async fn step(&self, db: &Session) -> Work<()> {
        if !self.0.is_empty() {
            db.execute(STEP, &[&self.0]).await?;
        }
        Ok(())
    }
}

/// Increments the grants versions of the warehouses `$1`.
pub(crate) const STEP: &str =
    "update warehouse set grants_version = grants_version + 1 where id = any($1::uuid[])";

/// The projects in which the principal `$1` or any of its roles has a privilege, the empty text for the server,
/// and the projects of these roles. One index probe for each project.
const OF_PRINCIPAL: &str = "with recursive who (it) as (
        select $1::text
        union
        select 'role:' || above.role_id from who
        cross join lateral (select role_id from role_member where member = who.it offset 0) as above
    ), given (it, is_live, project_id) as (
        select who.it, live.is_live, first.project_id
        from who cross join unnest(array[true, false]) as live(is_live)
        cross join lateral (select project_id from grant_entry
            where principal = who.it and is_live = live.is_live
            order by project_id limit 1) as first
        union all
        select given.it, given.is_live, next.project_id from given
        cross join lateral (select project_id from grant_entry
            where principal = given.it and is_live = given.is_live
                and project_id > given.project_id
            order by project_id limit 1) as next
    )
    select project_id from given
    union
    select role.project_id from who cross join lateral (select project_id from role
        where id = case when who.it like 'role:%' then substr(who.it, 6)::uuid end
        offset 0) as role";

/// Takes the lock that keeps warehouses, grants on the server and role members as they are.
async fn lock_rights(db: &Session) -> Work<()> {
    let mut locks = AdvisoryLocks::default();
    locks.rights();
    let (numbers, exclusive) = locks.columns();
    db.query(AdvisoryLocks::SQL, &[&numbers, &exclusive])
        .await?;
    Ok(())
}
