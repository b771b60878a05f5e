//! Deletes a warehouse.

use authz::{Action, WarehouseAction};
use model::{EventKind, WarehouseId};
use serde_json::json;
use store::{Effects, Protection, StoreError};

use super::create::forget_credential;
use super::load::find;
use super::update::settings;
use crate::again::Attempts;
use crate::namespace::Protections;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events};

/// Deletes the warehouse, which must be empty, and its storage credential. Its files stay.
pub async fn drop(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
    protections: Protections,
) -> Result<()> {
    let mut attempts = Attempts::default();
    loop {
        match try_drop(cx, request, id, protections).await? {
            Dropped::Gone => return Ok(()),
            Dropped::Changed => attempts.lost(|| format!("warehouse `{id}`")).await?,
        }
    }
}

/// The outcome of an attempt.
enum Dropped {
    Gone,
    /// The warehouse has changed since it was loaded: it may be protected now, or managed by somebody else.
    Changed,
}

async fn try_drop(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
    protections: Protections,
) -> Result<Dropped> {
    let action = Action::Warehouse(WarehouseAction::Delete);
    let target = cx.require(request, action, find(cx, id).await?).await?;
    cx.check_unlocked(request, settings(&target.0)?.managed_by)?;
    if target.0.protection == Protection::On && protections == Protections::Respect {
        let message = format!(
            "warehouse `{}` is protected; remove the protection or use `force=true`",
            target.0.name
        );
        return Err(CatalogError::new(ErrorKind::WarehouseProtected, message));
    }
    let body = json!({ "name": target.0.name.as_str() });
    let event = events::in_warehouse(
        EventKind::DropWarehouse,
        id,
        &id,
        request.at(cx.now()),
        &body,
    )?;
    let effects = Effects::telling([event]);
    let seen = (id, target.0.version);
    match cx.store(&target).warehouse_drop(seen, effects).await {
        Ok(()) => {}
        Err(StoreError::Stale { .. }) => return Ok(Dropped::Changed),
        Err(error) => return Err(error.into()),
    }
    forget_credential(cx, target.0.storage_secret).await;
    Ok(Dropped::Gone)
}
