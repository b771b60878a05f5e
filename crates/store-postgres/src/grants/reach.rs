//! The warehouses that a change of rights reaches, and the version of the grants in each.

use model::{ProjectId, Securable};
use uuid::Uuid;

use crate::connection::{AdvisoryLocks, Session};
use crate::error::Work;
use crate::row::{self, get};

/// Where somebody may do something else after a change.
#[derive(Debug)]
pub(crate) enum Reach {
    /// In a warehouse.
    Warehouse(Uuid),
    /// In all warehouses of some projects.
    Projects(Vec<String>),
    /// Everywhere.
    All,
}

/// Warehouses that are held until the end of the transaction.
#[derive(Debug)]
pub(crate) struct HeldWarehouses(Vec<Uuid>);

impl Reach {
    /// What a change of what is given on a thing reaches; none if it is not there.
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

    /// Whether it is all that the other one is.
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

    /// What it reaches if somebody comes into a role, leaves it or is forgotten: where the principal and the roles that it is
    /// in have been given anything, and where these roles belong to.
    ///
    /// Of a role nobody else changes what this looks at until the end of the transaction: what is given on the server and who is in a role
    /// changes under one lock. A user may be given something in one more project until its row is held.
    pub(crate) async fn of_principal(db: &Session, principal: &str) -> Work<Self> {
        keep_others_from_coming(db).await?;
        let rows = db.query(OF_PRINCIPAL, &[&principal]).await?;
        let projects: Vec<String> = row::all(&rows, |row| get(row, 0))?;
        // What lies in no project is the server.
        if projects.iter().any(String::is_empty) {
            return Ok(Self::All);
        }
        Ok(Self::Projects(projects))
    }

    /// What it reaches if a project goes with its roles. It has no warehouses by then, so what its roles may do elsewhere is by the
    /// server.
    pub(crate) async fn of_roles_of(db: &Session, project: &ProjectId) -> Work<Self> {
        keep_others_from_coming(db).await?;
        let on_server = "select 1 from role cross join lateral (select from grant_entry
                where principal = 'role:' || role.id and is_live and project_id = '' limit 1) as given
            where role.project_id = $1 limit 1";
        let found = db.query_opt(on_server, &[&project.as_str()]).await?;
        Ok(found.map_or(Self::Projects(Vec::new()), |_| Self::All))
    }

    /// Holds the warehouses, which stand first in the order of rows. Where it is more than one that is known, none comes to be
    /// meanwhile: it would not hear of the change.
    pub(crate) async fn hold(&self, db: &Session) -> Work<HeldWarehouses> {
        let rows = match self {
            Self::Warehouse(id) => {
                let hold = "select id from warehouse where id = $1 for no key update";
                db.query(hold, &[id]).await?
            }
            Self::Projects(projects) if projects.is_empty() => Vec::new(),
            Self::Projects(projects) => {
                keep_others_from_coming(db).await?;
                let hold = "select id from warehouse where project_id = any($1) order by id
                    for no key update";
                db.query(hold, &[projects]).await?
            }
            Self::All => {
                keep_others_from_coming(db).await?;
                let hold = "select id from warehouse order by id for no key update";
                db.query(hold, &[]).await?
            }
        };
        Ok(HeldWarehouses(row::all(&rows, |row| get(row, 0))?))
    }
}

impl HeldWarehouses {
    /// Makes the version of the grants in each of them one more.
    pub(crate) async fn step(&self, db: &Session) -> Work<()> {
        if !self.0.is_empty() {
            db.execute(STEP, &[&self.0]).await?;
        }
        Ok(())
    }
}

/// Makes the version of the grants in these warehouses one more.
pub(crate) const STEP: &str =
    "update warehouse set grants_version = grants_version + 1 where id = any($1::uuid[])";

/// Projects in which a principal has anything, itself or through its roles; the empty text for the server. One probe of an index
/// for each project.
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

/// From here on what is given on the server, and who is in a role, stays as it is.
async fn keep_others_from_coming(db: &Session) -> Work<()> {
    let mut locks = AdvisoryLocks::default();
    locks.warehouses();
    let (numbers, exclusive) = locks.columns();
    db.query(AdvisoryLocks::SQL, &[&numbers, &exclusive])
        .await?;
    Ok(())
}
