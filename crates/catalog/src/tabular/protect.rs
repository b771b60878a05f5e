//! Protects tables and views from being dropped.

use authz::Authorized;
use model::{EventKind, TabularId, TabularKind, Timestamp, WarehouseId};
use serde_json::json;
use store::{Effects, Protection, ResolveTarget, StoreError};

use super::target::{TabularAction, TabularTarget};
use crate::namespace::Protected;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events};

type At = (WarehouseId, TabularId, TabularKind);

/// Whether the table or view is protected.
pub(crate) async fn protection(cx: &Catalog, request: &Request, at: At) -> Result<Protected> {
    let (target, updated_at) = find(cx, request, at, TabularAction::GetMetadata).await?;
    Ok(Protected {
        protection: target.stamp.protection,
        updated_at,
    })
}

/// Sets whether the table or view is protected.
pub(crate) async fn protect(
    cx: &Catalog,
    request: &Request,
    at: At,
    protection: Protection,
) -> Result<Protected> {
    let (warehouse, id, kind) = at;
    let (target, _) = find(cx, request, at, TabularAction::SetProtection).await?;
    let now = cx.now();
    let event = match kind {
        TabularKind::Table => EventKind::UpdateTable,
        TabularKind::View => EventKind::UpdateView,
    };
    let body = json!({ "protected": bool::from(protection) });
    let event = events::in_warehouse(event, warehouse, &id, now, &body)?;
    let effects = Effects {
        events: vec![event],
        ..Effects::none()
    };
    cx.store(&target)
        .tabular_protect((id, target.stamp.version), protection, now, effects)
        .await?;
    Ok(Protected {
        protection,
        updated_at: Some(now),
    })
}

async fn find(
    cx: &Catalog,
    request: &Request,
    (warehouse, id, kind): At,
    action: TabularAction,
) -> Result<(Authorized<TabularTarget>, Option<Timestamp>)> {
    let missing = || match kind {
        TabularKind::Table => CatalogError::new(
            ErrorKind::NoSuchTable,
            format!("Table does not exist: {id}"),
        ),
        TabularKind::View => {
            CatalogError::new(ErrorKind::NoSuchView, format!("View does not exist: {id}"))
        }
    };
    let (found, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
    let row = match cx.lookup().tabular_load(warehouse, id).await {
        Ok(row) if row.kind == kind => row,
        Ok(_) | Err(StoreError::NotFound(_)) => return Err(missing()),
        Err(error) => return Err(error.into()),
    };
    let target = TabularTarget::of_row(found, &row);
    Ok((
        cx.require(request, action.on(kind), target).await?,
        row.updated_at,
    ))
}
