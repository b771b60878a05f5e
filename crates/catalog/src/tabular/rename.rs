//! Renames tables, views and generic tables.

use approval::{Action, Named, ProposedChange};
use model::{TabularKind, TabularPath};
use serde_json::json;
use store::{Effects, Entity, StoreError, TabularRename};

use super::creation::creating;
use super::target::{TabularAction, missing};
use crate::again::Attempts;
use crate::events::Change;
use crate::idempotency::{Interrupted, once};
use crate::namespace::{self, NamespaceTarget};
use crate::tabular::AtPath;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, table_bucket};

/// Renames what is at `from` to `to`.
pub(crate) async fn rename(
    cx: &Catalog,
    request: &Request,
    from: AtPath<'_>,
    to: &TabularPath,
    kind: TabularKind,
) -> Result<()> {
    once(cx, request, async {
        let mut attempts = Attempts::default();
        loop {
            let done = {
                let _turn = cx.turns.take(from.warehouse, [from.path]).await?;
                attempt(cx, request, from, to, kind).await?
            };
            if let Some(done) = done {
                return Ok(done);
            }
            attempts.lost(|| format!("{kind} `{}`", from.path)).await?;
        }
    })
    .await
}

/// One attempt; nothing if another change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    to: &TabularPath,
    kind: TabularKind,
) -> std::result::Result<Option<()>, Interrupted> {
    let (warehouse, from) = (at.warehouse, at.path);
    let source = cx
        .require_tabular(request, at, kind, TabularAction::Rename)
        .await?;
    let found = cx.find_tabular(warehouse, to).await?;
    let namespace = found.namespace.ok_or_else(|| namespace_missing(from, to))?;
    if source.namespace != namespace {
        let target = NamespaceTarget {
            warehouse: found.warehouse,
            id: namespace,
        };
        cx.require(request, creating(kind), target)
            .await
            .map_err(|error| error.or_missing(|| namespace_missing(from, to)))?;
    }
    // Only who may create there hears what is there.
    if let Some(there) = found.tabular.filter(|there| there.id() != source.id()) {
        return Err(taken(there.kind(), from, to).into());
    }
    let proposed = |metadata| {
        Ok(ProposedChange {
            destination: Some(to.into()),
            old_metadata: Some(metadata),
            ..ProposedChange::of(Action::Rename, (kind, source.id()), Named::from(from))
        })
    };
    let approved = cx.approve_unloaded(request, &source, proposed).await?;
    if approved.is_none() {
        return Ok(None);
    }
    table_bucket::rename(cx, &source, from, to).await?;
    let now = cx.now();
    let name_of = |path: &TabularPath| json!({ "namespace": path.namespace.levels(), "name": path.name.as_str() });
    let body = json!({ "source": name_of(from), "destination": name_of(to) });
    let event = Change::Rename.of(kind);
    let event = events::in_warehouse(event, warehouse, &source.id(), (request, now), &body)?;
    let effects = Effects {
        idempotency: request.record(&(), now)?,
        ..Effects::telling([event])
    };
    let name = to.name.clone();
    let rename = TabularRename {
        id: source.id(),
        expected: source.stamp.version,
        namespace,
        name,
        at: now,
    };
    match cx.store(&source).tabular_rename(rename, effects).await {
        Ok(()) => Ok(Some(())),
        Err(StoreError::Stale { .. } | StoreError::AlreadyExists(Entity::TabularName(_))) => {
            Ok(None)
        }
        Err(error) => {
            if error.changed_nothing() {
                table_bucket::rename_back(cx, &source, from, to).await;
            }
            Err(Interrupted::of(error, |error| match error {
                StoreError::NotFound(Entity::Namespace(_)) => namespace_missing(from, to),
                StoreError::NotFound(_) => missing(kind, from),
                other => other.into(),
            }))
        }
    }
}

fn namespace_missing(from: &TabularPath, to: &TabularPath) -> CatalogError {
    let missing = namespace::missing(&to.namespace);
    CatalogError::new(
        missing.kind,
        format!("Cannot rename {from} to {to}. {}", missing.message),
    )
}

fn taken(there: TabularKind, from: &TabularPath, to: &TabularPath) -> CatalogError {
    let there = there.title();
    let message = format!("Cannot rename {from} to {to}. {there} already exists");
    CatalogError::new(ErrorKind::AlreadyExists, message)
}
