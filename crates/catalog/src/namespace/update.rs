//! Sets and removes properties of a namespace.

use authz::NamespaceAction;
use model::{EventKind, NamespacePath, Properties, WarehouseId};
use serde::{Deserialize, Serialize};
use store::{Effects, NamespaceRow, StoreError};

use super::create::{COMPUTED, stored_properties};
use super::missing;
use crate::again::Attempts;
use crate::idempotency::{Interrupted, once};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events};

/// The properties to set and to remove.
#[derive(Debug, Clone)]
pub struct PropertiesUpdate {
    /// Keys to remove.
    pub removals: Vec<String>,
    /// Keys to set.
    pub updates: Properties,
}

/// The properties that were set and removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertiesUpdated {
    /// Keys that were set.
    pub updated: Vec<String>,
    /// Keys that were removed.
    pub removed: Vec<String>,
    /// Keys that were to be removed but did not exist.
    pub missing: Vec<String>,
}

/// Sets and removes properties; all or none.
pub async fn update(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &NamespacePath,
    update: PropertiesUpdate,
) -> Result<PropertiesUpdated> {
    once(cx, request, async {
        if let Some(key) = update
            .removals
            .iter()
            .find(|key| update.updates.contains_key(*key))
        {
            let message = format!(
                "Invalid namespace update, cannot simultaneously set and remove keys: [{key}]"
            );
            return Err(CatalogError::new(ErrorKind::Unprocessable, message).into());
        }
        let mut attempts = Attempts::default();
        loop {
            let done = attempt(cx, request, warehouse, path, &update).await?;
            if let Some(updated) = done {
                return Ok(updated);
            }
            attempts.lost(|| format!("namespace `{path}`")).await?;
        }
    })
    .await
}

/// One attempt; `None` if a concurrent change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &NamespacePath,
    update: &PropertiesUpdate,
) -> std::result::Result<Option<PropertiesUpdated>, Interrupted> {
    let action = NamespaceAction::UpdateProperties;
    let namespace = cx
        .require_namespace_row(request, warehouse, path, action)
        .await?;
    let (properties, updated) = apply(namespace.row.properties.clone(), update);
    let properties = stored_properties(&namespace.warehouse, properties)?;
    let now = cx.now();
    let row = NamespaceRow {
        properties,
        updated_at: Some(now),
        ..namespace.row.clone()
    };
    let event = events::in_warehouse(
        EventKind::UpdateNamespaceProperties,
        warehouse,
        &row.id,
        request.at(now),
        &updated,
    )?;
    let idempotency = request.record(&updated, now)?;
    let effects = Effects {
        idempotency,
        ..Effects::telling([event])
    };
    match cx.store(&namespace).namespace_update(row, effects).await {
        Ok(()) => Ok(Some(updated)),
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(error) => Err(Interrupted::of(error, |error| match error {
            StoreError::NotFound(_) => missing(path),
            other => other.into(),
        })),
    }
}

fn apply(mut properties: Properties, update: &PropertiesUpdate) -> (Properties, PropertiesUpdated) {
    let mut removals: Vec<&String> = update.removals.iter().collect();
    removals.sort_unstable();
    removals.dedup();
    let (mut removed, mut missing) = (Vec::new(), Vec::new());
    for key in removals {
        match properties.remove(key) {
            Some(_) => removed.push(key.clone()),
            None => missing.push(key.clone()),
        }
    }
    let settable = update
        .updates
        .iter()
        .filter(|(key, _)| !COMPUTED.contains(&key.as_str()));
    let updated = settable.clone().map(|(key, _)| key.clone()).collect();
    properties.extend(settable.map(|(key, value)| (key.clone(), value.clone())));
    (
        properties,
        PropertiesUpdated {
            updated,
            removed,
            missing,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_there_is_missing_and_named_once() {
        let before = Properties::from([
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned()),
        ]);
        let update = PropertiesUpdate {
            removals: ["a", "x", "x"].map(str::to_owned).into(),
            updates: Properties::from([
                ("c".to_owned(), "3".to_owned()),
                ("namespace_id".to_owned(), "is computed".to_owned()),
            ]),
        };
        let (after, updated) = apply(before, &update);
        assert_eq!(after.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(updated.removed, ["a"]);
        assert_eq!(updated.missing, ["x"]);
        assert_eq!(updated.updated, ["c"]);
    }
}
