//! Grants in pages.

use model::{Grant, Page, PageRequest, Principal, ProjectId, Securable, Timestamp, WarehouseId};
use rusqlite::{Connection, Row, params};
use store::{GrantRow, OnCursor, ToCursor};
use uuid::Uuid;

use super::{principal, privileges};
use crate::error::{Failure, Work};
use crate::row::{self, PageStart};

pub(super) fn on(
    db: &Connection,
    on: &Securable,
    to: Option<&Principal>,
    page: &PageRequest,
) -> Work<Page<GrantRow>> {
    let (after, limit) = (OnCursor::of(page), PageStart::of(page).limit);
    let mut statement = db.prepare_cached(
        "select securable, principal, privilege, created_at, warehouse_id, path_key
         from grant_entry
         where securable = ?1 and (principal, privilege) > (?2, ?3)
             and principal = coalesce(?4, principal)
         order by principal, privilege limit ?5",
    )?;
    let rows = statement.query(params![
        on.to_string(),
        after.principal,
        after.privilege,
        to.map(ToString::to_string),
        limit
    ])?;
    let rows = row::all(rows, grant)?;
    let rows = rows.into_iter().map(|(grant, _)| grant).collect();
    Ok(Page::cut(rows, page.size, OnCursor::after))
}

/// The grants of a principal: one index scan for grants on live things, and one for those on soft-deleted things.
const TO: &str = "select * from (
        select securable, principal, privilege, created_at, warehouse_id, path_key
        from grant_entry
        where principal = ?1 and is_live = 1 and project_id = ?2
            and (warehouse_id, path_key, securable, privilege) > (?3, ?4, ?5, ?6)
        order by warehouse_id, path_key, securable, privilege limit ?7
    ) as live union all select * from (
        select securable, principal, privilege, created_at, warehouse_id, path_key
        from grant_entry
        where principal = ?1 and is_live = 0 and project_id = ?2
            and (warehouse_id, path_key, securable, privilege) > (?3, ?4, ?5, ?6)
        order by warehouse_id, path_key, securable, privilege limit ?7
    ) as deleted order by warehouse_id, path_key, securable, privilege limit ?7";

pub(super) fn to(
    db: &Connection,
    project: &ProjectId,
    to: &Principal,
    page: &PageRequest,
) -> Work<Page<GrantRow>> {
    let (after, limit) = (ToCursor::of(page), PageStart::of(page).limit);
    let mut statement = db.prepare_cached(TO)?;
    let rows = statement.query(params![
        to.to_string(),
        project.as_str(),
        after.warehouse,
        after.path_key,
        after.securable,
        after.privilege,
        limit
    ])?;
    let page = Page::cut(row::all(rows, grant)?, page.size, ToCursor::after);
    Ok(Page {
        items: page.items.into_iter().map(|(grant, _)| grant).collect(),
        next: page.next,
    })
}

/// A grant, and the path key of the place where the thing lies.
fn grant(row: &Row<'_>) -> Work<(GrantRow, String)> {
    let (on, to): (String, String) = (row.get(0)?, row.get(1)?);
    let (privilege, warehouse): (String, Uuid) = (row.get(2)?, row.get(4)?);
    let grant = GrantRow {
        grant: Grant {
            on: on.parse().map_err(Failure::damaged)?,
            to: principal(&to)?,
            privilege: privileges::privilege(&privilege)?,
        },
        warehouse: (!warehouse.is_nil()).then(|| WarehouseId::from(warehouse)),
        created_at: Timestamp::from_ms(row.get(3)?),
    };
    Ok((grant, row.get(5)?))
}
