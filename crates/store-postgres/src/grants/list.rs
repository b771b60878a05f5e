//! Grants in pages.

use model::{Grant, Page, PageRequest, Principal, ProjectId, Securable, Timestamp, WarehouseId};
use store::{GrantRow, OnCursor, ToCursor};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{principal, privileges};
use crate::connection::Session;
use crate::error::{Failure, Work};
use crate::row::{self, PageStart, get};

pub(super) async fn on(
    db: &Session,
    on: &Securable,
    to: Option<&Principal>,
    page: &PageRequest,
) -> Work<Page<GrantRow>> {
    let (after, limit) = (OnCursor::of(page), PageStart::of(page).limit);
    let to = to.map(ToString::to_string);
    let rows = db
        .query(
            "select securable, principal, privilege, created_at, warehouse_id, path_key
             from grant_entry
             where securable = $1 and (principal, privilege) > ($2, $3)
                 and principal = coalesce($4, principal)
             order by principal, privilege limit $5",
            &[
                &on.to_string(),
                &after.principal,
                &after.privilege,
                &to,
                &limit,
            ],
        )
        .await?;
    let rows = row::all(&rows, grant)?;
    let rows = rows.into_iter().map(|(grant, _)| grant).collect();
    Ok(Page::cut(rows, page.size, OnCursor::after))
}

/// The grants of a principal: one index scan for grants on live things, and one for those on soft-deleted things.
const TO: &str = "select * from (
        select securable, principal, privilege, created_at, warehouse_id, path_key
        from grant_entry
        where principal = $1 and is_live and project_id = $2
            and (warehouse_id, path_key, securable, privilege) > ($3, $4, $5, $6)
        order by warehouse_id, path_key, securable, privilege limit $7
    ) as live union all select * from (
        select securable, principal, privilege, created_at, warehouse_id, path_key
        from grant_entry
        where principal = $1 and not is_live and project_id = $2
            and (warehouse_id, path_key, securable, privilege) > ($3, $4, $5, $6)
        order by warehouse_id, path_key, securable, privilege limit $7
    ) as deleted order by warehouse_id, path_key, securable, privilege limit $7";

pub(super) async fn to(
    db: &Session,
    project: &ProjectId,
    to: &Principal,
    page: &PageRequest,
) -> Work<Page<GrantRow>> {
    let (after, limit) = (ToCursor::of(page), PageStart::of(page).limit);
    let rows = db
        .query(
            TO,
            &[
                &to.to_string(),
                &project.as_str(),
                &after.warehouse,
                &after.path_key,
                &after.securable,
                &after.privilege,
                &limit,
            ],
        )
        .await?;
    let rows = row::all(&rows, grant)?;
    let page = Page::cut(rows, page.size, ToCursor::after);
    Ok(Page {
        items: page.items.into_iter().map(|(grant, _)| grant).collect(),
        next: page.next,
    })
}

/// A grant, and the path key of the place where the thing lies.
fn grant(row: &Row) -> Work<(GrantRow, String)> {
    let on: &str = get(row, 0)?;
    let warehouse: Uuid = get(row, 4)?;
    let grant = GrantRow {
        grant: Grant {
            on: on.parse().map_err(Failure::damaged)?,
            to: principal(get(row, 1)?)?,
            privilege: privileges::privilege(get(row, 2)?)?,
        },
        warehouse: (!warehouse.is_nil()).then(|| WarehouseId::from(warehouse)),
        created_at: Timestamp::from_ms(get(row, 3)?),
    };
    Ok((grant, get(row, 5)?))
}
