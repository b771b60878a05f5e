//! Removes a table from the catalog and leaves all of its files, so that another catalog can register it.

use approval::{Action, Named, ProposedChange};
use model::{EventKind, TabularKind, TabularPath, WarehouseId};
use serde_json::json;
use store::{Effects, Protection, StoreError};

use crate::again::Attempts;
use crate::idempotency::Interrupted;
use crate::tabular::{self, AtPath, CommittedTabular, TabularAction, once_loaded};
use crate::{Catalog, Loaded, Request, Result, contracts, events};

/// Unregisters the table at the path and returns its last state. Later commits fail.
pub async fn unregister(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<Loaded> {
    once_loaded(cx, request, TabularKind::Table, path, async {
        let mut attempts = Attempts::default();
        loop {
            let done = {
                let _turn = cx.turns.take(warehouse, [path]).await?;
                attempt(cx, request, warehouse, path).await?
            };
            if let Some(done) = done {
                return Ok(done);
            }
            attempts.lost(|| format!("table `{path}`")).await?;
        }
    })
    .await
}

/// One attempt; `None` if a commit came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> std::result::Result<Option<(CommittedTabular, Loaded)>, Interrupted> {
    let at = AtPath { warehouse, path };
    let (table, versioned) = cx
        .require_content(request, at, TabularKind::Table, TabularAction::Drop)
        .await?;
    if table.stamp.protection == Protection::On {
        return Err(tabular::protected(TabularKind::Table, path).into());
    }
    let (now, content) = (cx.now(), &versioned.content);
    let proposed = || {
        Ok(vec![ProposedChange {
            old_metadata: Some(contracts::metadata(&content.metadata)?),
            ..ProposedChange::of(
                Action::Unregister,
                TabularKind::Table,
                table.id(),
                Named::from(path),
            )
        }])
    };
    cx.approve(request, &table.warehouse, proposed).await?;
    let committed = CommittedTabular::of(warehouse, table.id(), content);
    let body = json!({
        "namespace": path.namespace.levels(), "name": path.name.as_str(),
        "metadata-location": content.metadata_location, "purge": false,
    });
    let event = events::in_warehouse(
        EventKind::DropTable,
        warehouse,
        &table.id(),
        request.at(now),
        &body,
    )?;
    let idempotency = request.record(&committed, now)?;
    let effects = Effects {
        idempotency,
        ..Effects::telling([event])
    };
    let dropped = cx
        .store(&table)
        .tabular_drop(versioned.at_version(), effects)
        .await;
    match dropped {
        Ok(()) => Ok(Some((
            committed,
            Loaded::of(&table.warehouse, table.id(), &versioned),
        ))),
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(error) => Err(Interrupted::of(error, |error| match error {
            StoreError::NotFound(_) => tabular::missing(TabularKind::Table, path),
            other => other.into(),
        })),
    }
}
