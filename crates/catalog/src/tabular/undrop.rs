//! Brings back soft-deleted tables and views.

use std::collections::HashSet;

use authz::{Action, Authorized, WarehouseAction};
use model::{Bounds, Event, EventKind, TabularId, TabularKind, WarehouseId};
use serde_json::json;
use store::{AtVersion, DeletedTabular, Effects, ResolveTarget, StoreError, Undrop};

use super::deleted::{Home, require_each};
use super::target::TabularAction;
use crate::again::Attempts;
use crate::events::Cause;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events};

/// Brings back all of the tables and views as they were, with the namespaces that were dropped with them; none, if
/// one of them cannot come back.
pub async fn undrop(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    targets: &[(TabularKind, TabularId)],
) -> Result<()> {
    let max = Bounds::UNDROPPED_TABULARS;
    if targets.len() > max {
        let count = targets.len();
        let message = format!("{count} targets are too many for one request; {max} are allowed");
        return Err(CatalogError::bad_request(message));
    }
    let mut ids = HashSet::new();
    if let Some((_, twin)) = targets.iter().find(|(_, id)| !ids.insert(*id)) {
        let message = format!("target `{twin}` is given more than once");
        return Err(CatalogError::bad_request(message));
    }
    // Resolved last, so that an error in the request itself does not tell whether the warehouse exists.
    let (within, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
    if targets.is_empty() {
        let action = Action::Warehouse(WarehouseAction::Use);
        return cx.require(request, action, within).await.map(|_| ());
    }
    let ids: Vec<_> = targets.iter().map(|(_, id)| *id).collect();
    let action = TabularAction::Undrop;
    let allowed = require_each(cx, request, warehouse, &ids, action).await?;
    if let Some((kind, id)) = targets.iter().find(|(kind, id)| {
        let mut allowed = allowed.iter();
        !allowed.any(|home| home.id == *id && home.kind == *kind)
    }) {
        return Err(missing(*kind, *id));
    }
    undrop_authorized(cx, request, warehouse, &allowed).await
}

/// The same for tables and views that the caller is allowed to bring back.
pub(crate) async fn undrop_authorized(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    allowed: &[Authorized<Home>],
) -> Result<()> {
    let Some(proof) = allowed.first() else {
        return Ok(());
    };
    let store = cx.store(proof);
    let mut attempts = Attempts::default();
    loop {
        let ids = allowed.iter().map(|home| home.id).collect();
        let found = store.deleted_find(warehouse, ids).await?;
        let is_found = |home: &&Authorized<Home>| found.iter().any(|one| one.id == home.id);
        if let Some(home) = allowed.iter().find(|home| !is_found(home)) {
            return Err(missing(home.kind, home.id));
        }
        let now = cx.now();
        let events = found
            .iter()
            .map(|one| event(warehouse, one, request.at(now)));
        let effects = Effects::telling(events.collect::<Result<Vec<_>>>()?);
        let undrop = Undrop {
            warehouse,
            tabulars: found
                .iter()
                .map(|one| AtVersion::of(one.id, one.version))
                .collect(),
            at: now,
        };
        match store.undrop(undrop, effects).await {
            Err(StoreError::Stale { .. }) => {}
            done => return Ok(done?),
        }
        attempts
            .lost(|| "one of the tables or views to undrop".to_owned())
            .await?;
    }
}

fn event(warehouse: WarehouseId, one: &DeletedTabular, by: Cause<'_>) -> Result<Event> {
    let body = json!({ "namespace": one.path.levels(), "name": one.name, "type": one.kind });
    events::in_warehouse(EventKind::UndropTabulars, warehouse, &one.id, by, &body)
}

fn missing(kind: TabularKind, id: TabularId) -> CatalogError {
    let error = match kind {
        TabularKind::Table => ErrorKind::NoSuchTable,
        TabularKind::View => ErrorKind::NoSuchView,
        TabularKind::GenericTable => ErrorKind::NoSuchGenericTable,
    };
    CatalogError::new(error, format!("There is no soft-deleted {kind} `{id}`"))
}
