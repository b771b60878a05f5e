//! Privileges on the paths to places, on things, and below things.

use model::{Principal, Privilege, Privileges, ProjectId, Securable, WarehouseId};
use store::{Below, PathBuilder, Place, Step};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::connection::Session;
use crate::error::{Failure, Work};
use crate::row::{self, get};

/// The things on the paths to the namespaces `$2`, warehouses `$3` and projects `$4`, each once, with the
/// privileges of the principals `$1` on it. `limit` keeps the planner to one index probe for each.
const PATHS: &str = "with recursive way (id, warehouse_id, parent_id, managed) as (
        select id, warehouse_id, parent_id, managed_access from namespace where id = any($2::uuid[])
        union
        select above.* from way cross join lateral (
            select id, warehouse_id, parent_id, managed_access from namespace
            where id = way.parent_id limit 1
        ) as above
    ), house as materialized (
        select id, project_id, grants_version, managed_access from warehouse
        where id = any($3::uuid[] || array(select warehouse_id from way))
    ), found (part, securable, id, above, parent_id, project_id, version, managed) as (
        select 0, 'server', null::uuid, null::uuid, null::uuid, null::text, 0::bigint, false
        union all
        select 1, 'project/' || id, null, null, null, id, 0, false from project
        where id = any($4::text[] || array(select project_id from house))
        union all
        select 2, 'warehouse/' || id, id, null, null, project_id, grants_version, managed_access
        from house
        union all
        select 3, 'namespace/' || id, id, warehouse_id, parent_id, null, 0, managed from way
    )
    select part, id, above, parent_id, project_id, version, managed, array(
        select privilege from grant_entry
        where securable = found.securable and principal = any($1::text[])
    ) from found";

pub(super) async fn paths(
    db: &Session,
    principals: &[Principal],
    places: &[Place],
) -> Work<PathBuilder> {
    let (mut namespaces, mut warehouses, mut projects) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        match place {
            Place::Server => {}
            Place::Project(id) => projects.push(id.as_str()),
            Place::Warehouse(id) => warehouses.push(id.as_uuid()),
            Place::Namespace(id) => namespaces.push(id.as_uuid()),
        }
    }
    let rows = db
        .query(
            PATHS,
            &[&texts(principals), &namespaces, &warehouses, &projects],
        )
        .await?;
    let mut paths = PathBuilder::default();
    for row in &rows {
        add(&mut paths, row)?;
    }
    Ok(paths)
}

fn add(paths: &mut PathBuilder, row: &Row) -> Work<()> {
    let given = privileges(get(row, 7)?)?;
    let step = |on| -> Work<Step> {
        let managed = get::<bool>(row, 6)?.into();
        Ok(Step { on, given, managed })
    };
    match get::<i32>(row, 0)? {
        0 => paths.server = given,
        1 => drop(paths.projects.insert(project(row)?, given)),
        2 => {
            let id: WarehouseId = row::id(row, 1)?;
            let (version, on) = (row::version(row, 5)?, Securable::Warehouse(id));
            let found = (project(row)?, version, step(on)?);
            paths.warehouses.insert(id, found);
        }
        _ => {
            let id = row::id(row, 1)?;
            let parent = get::<Option<Uuid>>(row, 3)?.map(Into::into);
            let found = (row::id(row, 2)?, parent, step(Securable::Namespace(id))?);
            paths.namespaces.insert(id, found);
        }
    }
    Ok(())
}

fn project(row: &Row) -> Work<ProjectId> {
    get::<&str>(row, 4)?.parse().map_err(Failure::damaged)
}

pub(super) async fn given(
    db: &Session,
    principals: &[Principal],
    on: &[Securable],
) -> Work<Vec<Privileges>> {
    let rows = db
        .query(
            "select array(select privilege from grant_entry
                 where securable = thing.securable and principal = any($1::text[]))
             from unnest($2::text[]) with ordinality as thing(securable, place) order by place",
            &[&texts(principals), &texts(on)],
        )
        .await?;
    row::all(&rows, |row| privileges(get(row, 0)?))
}

/// One index probe for each thing and principal; two where soft-deleted things count. The keys below a namespace
/// begin with its path key and the separator; a space is the character after the separator.
const BELOW: &str = "select case thing.kind
        when 'project' then exists (
            select from unnest($1::text[]) as who(it) cross join lateral (
                select from grant_entry
                where principal = who.it and is_live = any(thing.live) and project_id = thing.project
                    and securable <> 'project/' || thing.project limit 1
            ) as found)
        when 'warehouse' then exists (
            select from warehouse as w cross join unnest($1) as who(it) cross join lateral (
                select from grant_entry
                where principal = who.it and is_live = any(thing.live) and project_id = w.project_id
                    and warehouse_id = w.id and path_key > '' limit 1
            ) as found where w.id = thing.id)
        when 'namespace' then exists (
            select from namespace as n join warehouse as w on w.id = n.warehouse_id
            cross join unnest($1) as who(it) cross join lateral (
                select from grant_entry
                where principal = who.it and is_live = any(thing.live) and project_id = w.project_id
                    and warehouse_id = w.id and path_key >= n.path_key || chr(31)
                    and path_key < n.path_key || ' ' limit 1
            ) as found where n.id = thing.id)
        else false end
    from unnest($2::text[], $3::text[], $4::uuid[], $5::bool[]) with ordinality
        as one(kind, project, id, kept, place)
    cross join lateral (select one.*,
        case when one.kept then array[true, false] else array[true] end as live offset 0) as thing
    order by one.place";

pub(super) async fn below(
    db: &Session,
    principals: &[Principal],
    of: &[(Securable, Below)],
) -> Work<Vec<bool>> {
    let (mut kinds, mut projects, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let kept: Vec<_> = of.iter().map(|(_, below)| *below == Below::Kept).collect();
    for (thing, _) in of {
        kinds.push(thing.kind());
        ids.push(thing.as_uuid());
        projects.push(match thing {
            Securable::Project(id) => Some(id.as_str()),
            _ => None,
        });
    }
    let rows = db
        .query(BELOW, &[&texts(principals), &kinds, &projects, &ids, &kept])
        .await?;
    row::all(&rows, |row| get(row, 0))
}

fn texts<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn privileges(all: Vec<&str>) -> Work<Privileges> {
    all.into_iter().map(privilege).collect()
}

pub(super) fn privilege(text: &str) -> Work<Privilege> {
    Privilege::from_name(text)
        .ok_or_else(|| Failure::damaged(format!("unknown privilege `{text}`")))
}
