//! Those of the roles named by a token that can matter for a decision.

use model::{Principal, ProjectId, RoleId, RoleIdent, Securable};
use rusqlite::Connection;
use store::NamedRoles;
use uuid::Uuid;

use super::reach::{role, with_roles};
use crate::error::{Failure, Work};
use crate::row;

pub(super) fn named(
    db: &Connection,
    named: &[RoleIdent],
    projects: &[ProjectId],
) -> Work<NamedRoles> {
    let mut found = NamedRoles::default();
    let mut all = Vec::new();
    let mut statement = db.prepare_cached(
        "select id, project_id from role where provider_id = ?1 and source_id = ?2 order by id",
    )?;
    for ident in named {
        let rows = statement.query([ident.provider(), ident.source()])?;
        let rows = row::all(rows, |row| {
            Ok((row.get::<_, Uuid>(0)?, row.get::<_, String>(1)?))
        })?;
        for (id, project) in rows {
            all.push(role(id));
            let project: ProjectId = project.parse().map_err(Failure::damaged)?;
            let one = (project, RoleId::from(id));
            if projects.contains(&one.0) && !found.in_projects.contains(&one) {
                found.in_projects.push(one);
            }
        }
    }
    let mut on_server =
        db.prepare_cached("select 1 from grant_entry where securable = ?1 and principal = ?2")?;
    for principal in with_roles(db, all)? {
        if let Principal::Role(id) = principal
            && on_server.exists([Securable::Server.to_string(), principal.to_string()])?
        {
            found.on_server.push(id);
        }
    }
    Ok(found)
}
