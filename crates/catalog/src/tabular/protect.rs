//! Protects tables, views and generic tables from being dropped.

use authz::Authorized;
use model::Timestamp;
use serde_json::json;
use store::{AtVersion, Effects, Protection, StoreError};

use super::target::{AtId, TabularAction, TabularTarget, missing};
use crate::again::Attempts;
use crate::events::Change;
use crate::namespace::ProtectionState;
use crate::{Catalog, Request, Result, events};

/// Whether the table, view or generic table is protected.
pub async fn protection(cx: &Catalog, request: &Request, at: AtId) -> Result<ProtectionState> {
    let (target, updated_at) = find(cx, request, at, TabularAction::GetMetadata).await?;
    Ok(ProtectionState {
        protection: target.stamp.protection,
        updated_at,
    })
}

/// Sets whether the table, view or generic table is protected.
pub async fn protect(
    cx: &Catalog,
    request: &Request,
    at: AtId,
    protection: Protection,
) -> Result<ProtectionState> {
    let AtId {
        warehouse,
        kind,
        id,
    } = at;
    let mut attempts = Attempts::default();
    loop {
        let (target, _) = find(cx, request, at, TabularAction::SetProtection).await?;
        let now = cx.now();
        let body = json!({ "protected": bool::from(protection) });
        let event = Change::Update.of(kind);
        let event = events::in_warehouse(event, warehouse, &id, request.at(now), &body)?;
        let (store, effects) = (cx.store(&target), Effects::telling([event]));
        let at = AtVersion::of(id, target.stamp.version);
        match store.tabular_protect(at, protection, now, effects).await {
            Ok(()) => {
                return Ok(ProtectionState {
                    protection,
                    updated_at: Some(now),
                });
            }
            Err(StoreError::Stale { .. }) => {}
            Err(StoreError::NotFound(_)) => return Err(missing(kind, &id)),
            Err(error) => return Err(error.into()),
        }
        attempts.lost(|| format!("{kind} `{id}`")).await?;
    }
}

async fn find(
    cx: &Catalog,
    request: &Request,
    at: AtId,
    action: TabularAction,
) -> Result<(Authorized<TabularTarget>, Option<Timestamp>)> {
    let (target, updated_at) = cx.find_tabular_by_id(at).await?;
    let target = cx.require(request, action.on(at.kind), target).await?;
    Ok((target, updated_at))
}
