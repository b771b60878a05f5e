//! Commits to views: replaces what they select, or changes their properties.

use std::sync::Arc;

use approval::{Action, ProposedChange};
use authz::Authorized;
use iceberg::{ViewMetadata, ViewRequirement, ViewUpdate, apply_view, check_view};
use model::{EventKind, TabularId, TabularKind, TabularPath, Timestamp, WarehouseId};
use objects::{Location, Permission};
use store::{Commit, Effects, StoreError, Swap, TabularContent};

use crate::again::Attempts;
use crate::cache::Versioned;
use crate::delegation::{FileAccess, FolderAccess};
use crate::events::CommitBody;
use crate::files::{self, NewFile};
use crate::heavy::heavy;
use crate::idempotency::Interrupted;
use crate::tabular::{AtPath, CommittedTabular, TabularAction, TabularTarget, once_loaded};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, Loaded, Request, Result, contracts, events, location};

/// A commit to a view.
#[derive(Debug, Clone)]
pub struct ViewReplace {
    /// The requirements that must hold.
    pub requirements: Vec<ViewRequirement>,
    /// The updates to apply.
    pub updates: Vec<ViewUpdate>,
}

/// Commits to the view at the path.
pub async fn replace(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
    replace: ViewReplace,
) -> Result<Loaded> {
    for update in &replace.updates {
        match update {
            ViewUpdate::SetProperties { updates } => {
                cx.check_owner_property(request, updates.keys())?;
            }
            ViewUpdate::RemoveProperties { removals } => {
                cx.check_owner_property(request, removals)?;
            }
            _ => {}
        }
    }
    once_loaded(cx, request, TabularKind::View, path, async {
        let mut attempts = Attempts::default();
        loop {
            let done = {
                let _turn = cx.turns.take(warehouse, [path]).await?;
                attempt(cx, request, AtPath { warehouse, path }, &replace).await?
            };
            if let Some(done) = done {
                return Ok(done);
            }
            attempts.lost(|| format!("view `{path}`")).await?;
        }
    })
    .await
}

/// One attempt; `None` if a race was lost.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    replace: &ViewReplace,
) -> std::result::Result<Option<(CommittedTabular, Loaded)>, Interrupted> {
    let (view, versioned) = cx
        .require_content(request, at, TabularKind::View, TabularAction::Commit)
        .await?;
    let (warehouse, before, now) = (&view.warehouse, &versioned.content, cx.now());
    let sent: usize = replace.updates.iter().map(ViewUpdate::size).sum();
    let applied = heavy(before.metadata.json_len() + sent, || {
        apply(warehouse, before, replace, now)
    })?;
    let Some(Applied {
        location,
        claimed_location,
        file,
    }) = applied
    else {
        return unchanged(cx, request, &view, &versioned).await.map(Some);
    };
    let proposed = || proposed(at.path, view.id(), before, &replace.updates, &file);
    cx.approve(request, warehouse, proposed).await?;
    let access = FileAccess::of(request, warehouse, TabularKind::View, Permission::Write);
    let access = FolderAccess::of_author(cx, access, warehouse, at.path, &location).await?;
    let content = files::write(cx, warehouse, file).await?;
    let committed = CommittedTabular::of(warehouse.id(), view.id(), &content);
    let body = CommitBody {
        location: &content.location,
        metadata_location: &content.metadata_location,
        name: at.path.name.as_str(),
        namespace: at.path.namespace.levels(),
        updates: &replace.updates,
    };
    let (kind, id) = (EventKind::UpdateView, view.id());
    let event = events::in_warehouse(kind, warehouse.id(), &id, request.at(now), &body)?;
    let effects = Effects {
        idempotency: request.record(&committed, now)?,
        ..Effects::telling([event])
    };
    let swap = Swap {
        id: view.id(),
        expected: versioned.version(),
        claimed_location,
        content: content.clone(),
        obsolete: None,
    };
    let commit = Commit {
        warehouse: warehouse.id(),
        creates: Vec::new(),
        swaps: vec![swap],
        at: now,
    };
    match cx.store(&view).tabular_commit(commit, effects).await {
        Ok(()) => {
            let hint = view.hint().at(versioned.version().next());
            let versioned = cx.metadata.put_at(at, hint, content);
            let loaded = Loaded::of(warehouse, view.id(), &versioned);
            Ok(Some((committed, loaded.with_access(access))))
        }
        Err(error) => {
            if error.changed_nothing() {
                files::forget(cx, warehouse, vec![content.metadata_location]).await;
            }
            match error {
                StoreError::Stale { .. } => Ok(None),
                other => Err(Interrupted::of(other, CatalogError::from)),
            }
        }
    }
}

/// The result of a commit to a view, before anything is written.
struct Applied {
    location: Location,
    /// A new location, if the view moves.
    claimed_location: Option<String>,
    file: NewFile,
}

/// Applies the commit in memory; `None` if the updates ask for the current state.
fn apply(
    warehouse: &Warehouse,
    before: &TabularContent,
    replace: &ViewReplace,
    now: Timestamp,
) -> Result<Option<Applied>> {
    let base = ViewMetadata::parse(&before.metadata.decode()?).map_err(CatalogError::internal)?;
    check_view(&replace.requirements, &base)?;
    let Some(after) = apply_view(&base, &replace.updates, now.as_ms())? else {
        return Ok(None);
    };
    let location = location::check_metadata(warehouse, after.location(), after.properties())?;
    let moved = after.location() != base.location();
    let file = NewFile::after(
        &before.metadata_location,
        after.location(),
        after.properties(),
        after.to_json(),
    )?;
    Ok(Some(Applied {
        claimed_location: moved.then(|| location.normalized().to_owned()),
        location,
        file,
    }))
}

/// The change that verifiers are shown.
fn proposed(
    path: &TabularPath,
    id: TabularId,
    before: &TabularContent,
    updates: &[ViewUpdate],
    file: &NewFile,
) -> Result<Vec<ProposedChange>> {
    let after = heavy(file.json.len(), || contracts::json(file.json.clone()));
    Ok(vec![ProposedChange {
        old_metadata: Some(contracts::metadata(&before.metadata)?),
        updates: Some(contracts::updates(&updates)?),
        new_metadata: Some(after?),
        ..ProposedChange::of(Action::Update, TabularKind::View, id, path.into())
    }])
}

/// The answer to a commit whose updates ask for the current state.
async fn unchanged(
    cx: &Catalog,
    request: &Request,
    view: &Authorized<TabularTarget>,
    versioned: &Arc<Versioned>,
) -> std::result::Result<(CommittedTabular, Loaded), Interrupted> {
    let warehouse = &view.warehouse;
    let committed = CommittedTabular::of(warehouse.id(), view.id(), &versioned.content);
    for record in request.record(&committed, cx.now())? {
        let recorded = cx.store(view).idempotency_record(record).await;
        recorded.map_err(|error| Interrupted::of(error, CatalogError::from))?;
    }
    let access = FileAccess::of(request, warehouse, TabularKind::View, Permission::Write);
    let loaded = Loaded::of(warehouse, view.id(), versioned);
    let loaded = loaded.with_access(FolderAccess::to(access, versioned));
    Ok((committed, loaded))
}
