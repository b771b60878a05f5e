//! The warehouses in which a change of rights counts, and their grants versions.

use std::collections::{BTreeSet, HashSet};

use model::{Principal, ProjectId, RoleId, Securable};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::error::Work;
use crate::row;

/// The warehouses in which principals may have other rights after a change.
#[derive(Debug)]
pub(crate) enum Reach {
    /// One warehouse.
    Warehouse(Uuid),
    /// All warehouses of some projects.
    Projects(BTreeSet<String>),
    /// All warehouses.
    All,
}

impl Reach {
    /// The reach of a change to the grants on a thing; `None` if the thing does not exist.
    pub(crate) fn of(db: &Connection, on: &Securable) -> Work<Option<Self>> {
        let sql = match on {
            Securable::Server => return Ok(Some(Self::All)),
            Securable::Project(id) => return Ok(Some(Self::project(id))),
            Securable::Warehouse(id) => return Ok(Some(Self::Warehouse(id.as_uuid()))),
            Securable::Namespace(_) => "select warehouse_id from namespace where id = ?1",
            Securable::Tabular(..) => "select warehouse_id from tabular where id = ?1",
            Securable::Role(_) => "select project_id from role where id = ?1",
            Securable::TagDefinition(_) => "select project_id from tag_definition where id = ?1",
        };
        let mut statement = db.prepare_cached(sql)?;
        let found = statement.query_row([on.as_uuid()], |row| match on {
            Securable::Role(_) | Securable::TagDefinition(_) => {
                Ok(Self::Projects(BTreeSet::from([row.get(0)?])))
            }
            _ => Ok(Self::Warehouse(row.get(0)?)),
        });
        Ok(found.optional()?)
    }

    fn project(id: &ProjectId) -> Self {
        Self::Projects(BTreeSet::from([id.as_str().to_owned()]))
    }

    /// The reach of a change to the memberships of a principal, or of its removal: the projects where the
    /// principal, or a role that it is a member of, has any privilege, and the projects of these roles.
    pub(crate) fn of_principal(db: &Connection, principal: Principal) -> Work<Self> {
        let mut projects = BTreeSet::new();
        for who in with_roles(db, vec![principal])? {
            if let Principal::Role(id) = &who {
                let project = db
                    .prepare_cached("select project_id from role where id = ?1")?
                    .query_row([id.as_uuid()], |row| row.get::<_, String>(0))
                    .optional()?;
                projects.extend(project);
            }
            add_projects(db, &who.to_string(), &mut projects)?;
        }
        // The empty project stands for the server.
        Ok(if projects.contains("") {
            Self::All
        } else {
            Self::Projects(projects)
        })
    }

    /// The reach of the removal of a project's roles. The project has no warehouses by then, so its roles can have
    /// rights elsewhere only through privileges on the server.
    pub(crate) fn of_roles_of(db: &Connection, project: &ProjectId) -> Work<Self> {
        let mut roles = db.prepare_cached("select id from role where project_id = ?1")?;
        let roles = row::all(roles.query([project.as_str()])?, |row| {
            Ok(row.get::<_, Uuid>(0)?)
        })?;
        let mut projects = BTreeSet::new();
        for role in roles {
            let role = Principal::Role(RoleId::from(role));
            add_projects(db, &role.to_string(), &mut projects)?;
        }
        Ok(if projects.contains("") {
            Self::All
        } else {
            Self::Projects(BTreeSet::new())
        })
    }

    /// Increments the grants version of each of the warehouses.
    pub(crate) fn step(&self, db: &Connection) -> Work<()> {
        match self {
            Self::Warehouse(id) => {
                let step = "update warehouse set grants_version = grants_version + 1 where id = ?1";
                db.prepare_cached(step)?.execute([id])?;
            }
            Self::Projects(projects) => {
                let mut step = db.prepare_cached(
                    "update warehouse set grants_version = grants_version + 1 where project_id = ?1",
                )?;
                for project in projects {
                    step.execute([project])?;
                }
            }
            Self::All => {
                let step = "update warehouse set grants_version = grants_version + 1";
                db.prepare_cached(step)?.execute([])?;
            }
        }
        Ok(())
    }
}

/// Adds the projects in which a principal has any privilege, the empty text for the server: one index probe for
/// each.
fn add_projects(db: &Connection, principal: &str, projects: &mut BTreeSet<String>) -> Work<()> {
    let mut on_server = db.prepare_cached(
        "select 1 from grant_entry where principal = ?1 and is_live = 1 and project_id = ''",
    )?;
    if on_server.exists([principal])? {
        projects.insert(String::new());
    }
    let mut next = db.prepare_cached(
        "select project_id from grant_entry
         where principal = ?1 and is_live = ?2 and project_id > ?3 order by project_id limit 1",
    )?;
    for is_live in [true, false] {
        let mut after = String::new();
        while let Some(project) = next
            .query_row(params![principal, is_live, after], |row| row.get(0))
            .optional()?
        {
            after = project;
            projects.insert(after.clone());
        }
    }
    Ok(())
}

/// The principals, and every role that any of them is a member of, directly or through other roles.
pub(crate) fn with_roles(db: &Connection, principals: Vec<Principal>) -> Work<Vec<Principal>> {
    let mut above = db.prepare_cached("select role_id from role_member where member = ?1")?;
    let mut known = HashSet::new();
    let mut found: Vec<Principal> = Vec::new();
    let mut open = principals;
    open.reverse();
    while let Some(principal) = open.pop() {
        if !known.insert(principal.clone()) {
            continue;
        }
        let rows = above.query([principal.to_string()])?;
        open.extend(row::all(rows, |row| Ok(role(row.get(0)?)))?);
        found.push(principal);
    }
    Ok(found)
}

pub(crate) fn role(id: Uuid) -> Principal {
    Principal::Role(RoleId::from(id))
}
