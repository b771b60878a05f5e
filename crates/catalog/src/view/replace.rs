//! Replaces what a view selects, or changes its properties.

use iceberg::{MetadataCodec, ViewMetadata, ViewRequirement, ViewUpdate, apply_view, check_view};
use model::{EventKind, TabularKind, TabularPath, WarehouseId};
use serde_json::json;
use store::{Commit, Effects, StoreError, Swap, TabularContent};

use crate::cache::Versioned;
use crate::files::{self, NewFile};
use crate::idempotency::{Interrupted, once};
use crate::tabular::{self, CommittedTabular, TabularAction};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Loaded, Request, Result, events, location};

/// Attempts before a client has to try itself.
const ATTEMPTS: usize = 20;

/// A commit to a view.
#[derive(Debug, Clone)]
pub struct ViewReplace {
    /// What must hold.
    pub requirements: Vec<ViewRequirement>,
    /// What is to change.
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
    let mut answer = None;
    let committed = once(cx, request, async {
        for _ in 0..ATTEMPTS {
            let turn = cx
                .turns
                .take(cx.metadata.hint(warehouse, path).into_iter().collect())
                .await;
            let done = attempt(cx, request, (warehouse, path), &replace).await?;
            drop(turn);
            if let Some((committed, loaded)) = done {
                answer = Some(loaded);
                return Ok(committed);
            }
        }
        let message = "other commits came first again and again; refresh and try again";
        Err(CatalogError::new(ErrorKind::CommitFailed, message).into())
    })
    .await?;
    match answer {
        Some(loaded) => Ok(loaded),
        None => tabular::loaded_again(cx, request, TabularKind::View, &committed).await,
    }
}

/// One attempt; nothing if a race was lost.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, &TabularPath),
    replace: &ViewReplace,
) -> std::result::Result<Option<(CommittedTabular, Loaded)>, Interrupted> {
    let (view, versioned) = cx
        .require_content(request, at, TabularKind::View, TabularAction::Commit)
        .await?;
    let (warehouse, before, now) = (&view.warehouse, &versioned.content, cx.now());
    let base = ViewMetadata::parse(&before.metadata.decode()?).map_err(CatalogError::internal)?;
    check_view(&replace.requirements, &base)?;
    let applied = apply_view(&base, &replace.updates, now.as_ms())?;
    if !applied.is_changed() {
        let committed = CommittedTabular::of(warehouse.id(), view.id, before);
        if let Some(record) = request.record(&committed, now)? {
            cx.store(&view)
                .idempotency_record(record)
                .await
                .map_err(|e| Interrupted::of(e, CatalogError::from))?;
        }
        return Ok(Some((
            committed,
            Loaded::of(warehouse, view.id, &versioned),
        )));
    }
    let after = applied.metadata;
    let moved = after.location() != base.location();
    let location = location::check(warehouse, after.location())?;
    location::check_paths(warehouse, &location, |key| after.property(key))?;
    let claimed_location = moved.then(|| location.normalized().to_owned());
    let content = write(cx, warehouse, &before.metadata_location, &after).await?;
    let committed = CommittedTabular::of(warehouse.id(), view.id, &content);
    let body = json!({
        "namespace": at.1.namespace.levels(), "name": at.1.name.as_str(),
        "metadata-location": content.metadata_location, "updates": replace.updates,
    });
    let event = events::in_warehouse(EventKind::UpdateView, warehouse.id(), &view.id, now, &body)?;
    let effects = Effects {
        events: vec![event],
        idempotency: request.record(&committed, now)?,
        ..Effects::none()
    };
    let swap = Swap {
        id: view.id,
        expected: versioned.version,
        claimed_location,
        content: content.clone(),
    };
    let commit = Commit {
        warehouse: warehouse.id(),
        creates: Vec::new(),
        swaps: vec![swap],
        at: now,
    };
    match cx.store(&view).tabular_commit(commit, effects).await {
        Ok(()) => {
            let version = versioned.version.next();
            let versioned = cx.metadata.put(view.id, Versioned { version, content });
            Ok(Some((
                committed,
                Loaded::of(warehouse, view.id, &versioned),
            )))
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

/// Writes the metadata file that follows the given one.
async fn write(
    cx: &Catalog,
    warehouse: &Warehouse,
    last: &str,
    metadata: &ViewMetadata,
) -> Result<TabularContent> {
    let codec = MetadataCodec::from_properties(metadata.properties())?;
    let number = iceberg::parse_metadata_version(last).map_or(0, |last| last.saturating_add(1));
    let location = metadata.location().to_owned();
    let metadata_location =
        location::metadata_file(&location, metadata.properties(), number, codec);
    files::write(
        cx,
        warehouse,
        NewFile {
            location,
            metadata_location,
            json: metadata.to_json(),
            codec,
        },
    )
    .await
}
