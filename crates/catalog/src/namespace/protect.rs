//! Protects a namespace from being dropped.

use authz::{Action, NamespaceAction};
use model::{EventKind, NamespaceId, Timestamp, WarehouseId};
use serde_json::json;
use store::{Effects, NamespaceRow, Protection, StoreError};

use super::target::NamespaceRowTarget;
use crate::again::Attempts;
use crate::{Catalog, Request, Result, events};

/// Whether a namespace, table or view is protected, and when that last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectionState {
    /// Whether dropping it needs force.
    pub protection: Protection,
    /// When it was last changed; `None` if never.
    pub updated_at: Option<Timestamp>,
}

async fn find(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    id: NamespaceId,
    action: NamespaceAction,
) -> Result<authz::Authorized<NamespaceRowTarget>> {
    let target = cx.find_namespace_by_id(warehouse, id).await?;
    cx.require(request, Action::Namespace(action), target).await
}

/// Whether the namespace is protected.
pub async fn protection(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    id: NamespaceId,
) -> Result<ProtectionState> {
    let row = find(cx, request, warehouse, id, NamespaceAction::GetMetadata)
        .await?
        .into_inner()
        .row;
    Ok(ProtectionState {
        protection: row.protection,
        updated_at: row.updated_at,
    })
}

/// Sets whether the namespace is protected.
pub async fn protect(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    id: NamespaceId,
    protection: Protection,
) -> Result<ProtectionState> {
    let mut attempts = Attempts::default();
    loop {
        let namespace = find(cx, request, warehouse, id, NamespaceAction::SetProtection).await?;
        let now = cx.now();
        let body = json!({ "protected": bool::from(protection) });
        let kind = EventKind::UpdateNamespaceProperties;
        let event = events::in_warehouse(kind, warehouse, &id, request.at(now), &body)?;
        let row = NamespaceRow {
            protection,
            updated_at: Some(now),
            ..namespace.row.clone()
        };
        let (store, effects) = (cx.store(&namespace), Effects::telling([event]));
        match store.namespace_update(row, effects).await {
            Ok(()) => {
                return Ok(ProtectionState {
                    protection,
                    updated_at: Some(now),
                });
            }
            Err(StoreError::Stale { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        attempts.lost(|| format!("namespace `{id}`")).await?;
    }
}
