//! Drops tables, views and generic tables.

use approval::{Action, Named, ProposedChange};
use model::{NamespacePath, TabularKind, TabularPath};
use serde_json::{Value, json};
use store::{DropMode, Effects, Expiry, Protection, StoreError, TaskTabular};

use super::target::{AtPath, TabularAction, TabularTarget, missing, protected};
use crate::again::Attempts;
use crate::cache::Versioned;
use crate::events::Change;
use crate::expiry::Removal;
use crate::idempotency::{Interrupted, once};
use crate::namespace::{Files, Protections};
use crate::purge::{self, PurgeTarget};
use crate::table_bucket::{self, Doomed, Dropped};
use crate::{Catalog, CatalogError, Request, Result, contracts, events};

/// How a table, view or generic table is dropped.
#[derive(Debug, Clone, Copy)]
pub struct DropOptions {
    /// What happens to its files.
    pub files: Files,
    /// Whether protection is respected.
    pub protections: Protections,
}

/// Drops the table, view or generic table at the path.
pub async fn drop(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    kind: TabularKind,
    options: DropOptions,
) -> Result<()> {
    once(cx, request, async {
        let mut attempts = Attempts::default();
        loop {
            let done = {
                let _turn = cx.turns.take(at.warehouse, [at.path]).await?;
                attempt(cx, request, at, kind, options).await?
            };
            if let Some(done) = done {
                return Ok(done);
            }
            attempts.lost(|| format!("{kind} `{}`", at.path)).await?;
        }
    })
    .await
}

/// The levels of a namespace, followed by a name in it.
pub(crate) fn levels(namespace: &NamespacePath, name: &str) -> Vec<String> {
    let levels = namespace.levels().iter().map(String::as_str);
    levels.chain([name]).map(str::to_owned).collect()
}

fn doomed(path: &TabularPath, target: &TabularTarget, versioned: &Versioned) -> Doomed {
    Doomed {
        path: path.clone(),
        id: target.id(),
        version: versioned.version(),
        location: versioned.content.location.clone(),
    }
}

/// One attempt; `None` if a concurrent change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    kind: TabularKind,
    options: DropOptions,
) -> std::result::Result<Option<()>, Interrupted> {
    let AtPath { warehouse, path } = at;
    let DropOptions { files, protections } = options;
    let (target, versioned) = cx
        .require_content(request, at, kind, TabularAction::Drop)
        .await?;
    if target.stamp.protection == Protection::On && protections == Protections::Respect {
        return Err(protected(kind, path).into());
    }
    let proposed = || {
        Ok(vec![ProposedChange {
            old_metadata: Some(contracts::metadata(&versioned.content.metadata)?),
            ..ProposedChange::of(Action::Drop, kind, target.id(), Named::from(path))
        }])
    };
    cx.approve(request, &target.warehouse, proposed).await?;
    let now = cx.now();
    let body = event_body(at, kind, &versioned.content.metadata_location, files);
    let event = Change::Drop.of(kind);
    let event = events::in_warehouse(event, warehouse, &target.id(), request.at(now), &body)?;
    let doomed = doomed(path, &target, &versioned);
    let in_bucket = table_bucket::drop_table(cx, &target.warehouse, &doomed, files).await?;
    if in_bucket == Dropped::Conflict {
        return Ok(None);
    }
    let removal = Removal::of(&target.warehouse, options, now);
    let tabular = TaskTabular {
        id: target.id(),
        kind,
        path: levels(&path.namespace, path.name.as_str()),
    };
    let expiry = Expiry::from(files == Files::Purge);
    let tasks = match (removal.task(warehouse, expiry, || tabular.clone()), files) {
        (Some(expiry), _) => vec![expiry],
        (None, Files::Keep) => Vec::new(),
        (None, Files::Purge) if in_bucket == Dropped::Gone => Vec::new(),
        (None, Files::Purge) => {
            // If the table's location changes after this read, its version changes, and the drop is refused.
            let former = cx
                .store(&target)
                .tabular_former_locations(vec![target.id()]);
            let mut places = former.await.map_err(CatalogError::from)?;
            places.push(versioned.content.location.clone());
            purge::tasks(warehouse, &PurgeTarget::all_of(places, &tabular), now)?
        }
    };
    let effects = Effects {
        tasks,
        idempotency: request.record(&(), now)?,
        ..Effects::telling([event])
    };
    let (store, at) = (cx.store(&target), versioned.at_version());
    let dropped = match removal.mode {
        DropMode::Hard => store.tabular_drop(at, effects).await,
        DropMode::Soft(how) => store.soft_drop(at, how, effects).await,
    };
    match dropped {
        Ok(()) => Ok(Some(())),
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(error) => Err(Interrupted::of(error, |error| match error {
            StoreError::NotFound(_) => missing(kind, path),
            other => other.into(),
        })),
    }
}

/// The body of the event of a drop.
fn event_body(at: AtPath<'_>, kind: TabularKind, metadata_location: &str, files: Files) -> Value {
    let (namespace, name) = (at.path.namespace.levels(), at.path.name.as_str());
    let purge = files == Files::Purge;
    match kind {
        // Generic tables have no metadata file.
        TabularKind::GenericTable => {
            json!({ "namespace": namespace, "name": name, "purge": purge })
        }
        TabularKind::Table | TabularKind::View => json!({
            "namespace": namespace, "name": name, "metadata-location": metadata_location, "purge": purge,
        }),
    }
}
