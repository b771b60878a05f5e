//! Those of the roles named by a token that can matter for a decision.

use model::{ProjectId, RoleIdent};
use store::NamedRoles;

use crate::connection::Session;
use crate::error::{Failure, Work};
use crate::row::{self, get};

/// The roles named by the providers `$1` and sources `$2`: those of the projects `$3` with their project; and, of
/// the named roles and the roles that these are members of, those with a privilege on the server, with a null
/// project.
const NAMED: &str = "with recursive named (id, project_id) as materialized (
        select role.id, role.project_id from unnest($1::text[], $2::text[]) as wanted(provider, source)
        cross join lateral (select id, project_id from role
            where provider_id = wanted.provider and source_id = wanted.source offset 0) as role
    ), counted (id) as (
        select id from named
        union
        select above.role_id from counted
        cross join lateral (select role_id from role_member
            where member = 'role:' || counted.id offset 0) as above
    )
    select id, project_id from named where project_id = any($3::text[])
    union
    select id, null from counted where exists (
        select from grant_entry where securable = 'server' and principal = 'role:' || counted.id)
    order by 1";

pub(super) async fn named(
    db: &Session,
    named: &[RoleIdent],
    projects: &[ProjectId],
) -> Work<NamedRoles> {
    let providers: Vec<_> = named.iter().map(RoleIdent::provider).collect();
    let sources: Vec<_> = named.iter().map(RoleIdent::source).collect();
    let projects: Vec<_> = projects.iter().map(ProjectId::as_str).collect();
    let rows = db.query(NAMED, &[&providers, &sources, &projects]).await?;
    let mut found = NamedRoles::default();
    for row in &rows {
        let id = row::id(row, 0)?;
        match get::<Option<&str>>(row, 1)? {
            None => found.on_server.push(id),
            Some(project) => {
                let project = project.parse().map_err(Failure::damaged)?;
                found.in_projects.push((project, id));
            }
        }
    }
    Ok(found)
}
