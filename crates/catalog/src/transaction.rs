//! Commits to several tables at once.

use authz::{Action, WarehouseAction};
use model::WarehouseId;
use store::ResolveTarget;

use crate::idempotency::{Interrupted, once};
use crate::table::{TableCommit, commit_all};
use crate::{Catalog, CatalogError, Request, Result};

/// Commits to all of the tables or to none. An empty list succeeds if the caller may use the warehouse.
pub async fn commit(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commits: Vec<TableCommit>,
) -> Result<()> {
    once(cx, request, async {
        if commits.is_empty() {
            return nothing(cx, request, warehouse).await;
        }
        commit_all(cx, request, warehouse, &commits, |_| {
            request.record(&(), cx.now())
        })
        .await?;
        Ok(())
    })
    .await
}

async fn nothing(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
) -> std::result::Result<(), Interrupted> {
    let (within, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
    let action = Action::Warehouse(WarehouseAction::Use);
    let within = cx.require(request, action, within).await?;
    for record in request.record(&(), cx.now())? {
        let recorded = cx.store(&within).idempotency_record(record).await;
        recorded.map_err(|error| Interrupted::of(error, CatalogError::from))?;
    }
    Ok(())
}
