//! Renames tables, views and generic tables.

use approval::{Action, Named, ProposedChange};
use model::{TabularKind, TabularPath};
use serde_json::json;
use store::{Effects, Entity, StoreError, TabularRename};

use super::rename_grants;
use super::target::{AtPath, TabularAction, TabularTarget, creating, missing};
use crate::again::Attempts;
use crate::events::Change;
use crate::idempotency::{Interrupted, once};
use crate::namespace::{self, NamespaceTarget};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, table_bucket};

/// Renames the table, view or generic table at `from` to `to`, in the same or another namespace. Its files stay where
/// they are.
pub async fn rename(
    cx: &Catalog,
    request: &Request,
    from: AtPath<'_>,
    to: &TabularPath,
    kind: TabularKind,
) -> Result<()> {
    let mut renaming = Renaming {
        from,
        to,
        kind,
        ahead: None,
    };
    once(cx, request, async {
        let done = attempts(cx, request, &mut renaming).await;
        if done.is_err() {
            renaming.take_back(cx).await;
        }
        done
    })
    .await
}

/// A rename, and how far it has come.
struct Renaming<'a> {
    from: AtPath<'a>,
    to: &'a TabularPath,
    kind: TabularKind,
    /// The table, if it already has the new name in the table bucket, but not in the database.
    ahead: Option<TabularTarget>,
}

impl Renaming<'_> {
    /// Undoes the rename in the table bucket, if the database does not have it.
    async fn take_back(&self, cx: &Catalog) {
        let Some(table) = &self.ahead else {
            return;
        };
        // Goes on without a turn if too many requests are waiting.
        let _turn = cx.turns.take(self.from.warehouse, [self.from.path]).await;
        table_bucket::rename_back(cx, table, self.from.path, self.to).await;
    }
}

async fn attempts(
    cx: &Catalog,
    request: &Request,
    renaming: &mut Renaming<'_>,
) -> std::result::Result<(), Interrupted> {
    let (from, kind) = (renaming.from, renaming.kind);
    let mut attempts = Attempts::default();
    loop {
        let done = {
            let _turn = cx.turns.take(from.warehouse, [from.path]).await?;
            attempt(cx, request, renaming).await?
        };
        if let Some(done) = done {
            return Ok(done);
        }
        attempts.lost(|| format!("{kind} `{}`", from.path)).await?;
    }
}

/// One attempt; `None` if a concurrent change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    renaming: &mut Renaming<'_>,
) -> std::result::Result<Option<()>, Interrupted> {
    let (at, to, kind) = (renaming.from, renaming.to, renaming.kind);
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
        let home = cx.require(request, creating(kind), target).await;
        let home = home.map_err(|error| error.or_missing(|| namespace_missing(from, to)))?;
        rename_grants::check(cx, request, &source, &home, (from, to)).await?;
    }
    // Checked only now, because only a caller that may create there is told what exists there.
    if let Some(there) = found.tabular.filter(|there| there.id() != source.id()) {
        return Err(taken(there.kind(), from, to).into());
    }
    let proposed = |metadata| {
        Ok(ProposedChange {
            destination: Some(to.into()),
            old_metadata: Some(metadata),
            ..ProposedChange::of(Action::Rename, kind, source.id(), Named::from(from))
        })
    };
    let approved = cx.approve_unloaded(request, &source, proposed).await?;
    if approved.is_none() {
        return Ok(None);
    }
    if table_bucket::rename(cx, &source, from, to).await? {
        renaming.ahead = Some(TabularTarget::clone(&source));
    }
    let now = cx.now();
    let name_of = |path: &TabularPath| json!({ "namespace": path.namespace.levels(), "name": path.name.as_str() });
    let body = json!({ "source": name_of(from), "destination": name_of(to) });
    let event = Change::Rename.of(kind);
    let event = events::in_warehouse(event, warehouse, &source.id(), request.at(now), &body)?;
    let effects = Effects {
        idempotency: request.record(&(), now)?,
        ..Effects::telling([event])
    };
    let name = to.name.clone();
    let rename = TabularRename {
        id: source.id(),
        expected: source.stamp.version,
        namespace,
        found_at: Some(to.namespace.key().clone()),
        name,
        at: now,
    };
    match cx.store(&source).tabular_rename(rename, effects).await {
        Ok(()) => Ok(Some(())),
        Err(StoreError::Stale { .. } | StoreError::AlreadyExists(Entity::TabularName(_))) => {
            Ok(None)
        }
        Err(error) => {
            if !error.changed_nothing() {
                // The rename may have been committed, so it must not be undone in the bucket.
                renaming.ahead = None;
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
