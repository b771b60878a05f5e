//! Drops a namespace: an empty one, or recursively.

use std::collections::HashMap;

use approval::{Action, ProposedChange};
use authz::{Authorized, NamespaceAction};
use model::{Bounds, EventKind, Name, NamespaceId, NamespacePath, TabularPath, WarehouseId};
use serde_json::json;
use store::{
    DropMode, Effects, Expiry, NamespaceDrop, NamespaceRow, NamespaceTree, NewTask, Protection,
    StoreError, TaskTabular, TreeTabular,
};

use super::missing;
use super::target::NamespaceRowTarget;
use crate::again::Attempts;
use crate::events::Change;
use crate::expiry::Removal;
use crate::idempotency::{Interrupted, once};
use crate::purge::{self, PurgeTarget};
use crate::table_bucket::{self, Doomed, Dropped};
use crate::tabular::DropOptions;
use crate::tabular::levels;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, contracts, events};

/// What happens to the contents of the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Children {
    /// A namespace that is not empty is not dropped.
    Refuse,
    /// The contents are dropped with it.
    Drop,
}

/// What happens to the files of dropped tables and views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// The files stay.
    Keep,
    /// The files are deleted in the background.
    Purge,
}

/// Whether protection is respected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protections {
    /// A protected namespace, table or view is not dropped.
    Respect,
    /// Protection is ignored: the caller uses force.
    Override,
}

/// How a namespace is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespaceDropOptions {
    /// What happens to the contents.
    pub children: Children,
    /// What happens to the files.
    pub files: Files,
    /// Whether protection is respected.
    pub protections: Protections,
}

/// Drops the namespace at the path.
pub async fn drop(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &NamespacePath,
    options: NamespaceDropOptions,
) -> Result<()> {
    once(cx, request, async {
        let mut attempts = Attempts::default();
        loop {
            let done = {
                let action = NamespaceAction::Delete;
                let namespace = cx
                    .require_namespace_row(request, warehouse, path, action)
                    .await?;
                attempt(cx, request, &namespace, path, options).await?
            };
            if let Some(done) = done {
                return Ok(done);
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
    namespace: &Authorized<NamespaceRowTarget>,
    path: &NamespacePath,
    options: NamespaceDropOptions,
) -> std::result::Result<Option<()>, Interrupted> {
    let (store, row, warehouse) = (cx.store(namespace), &namespace.row, &namespace.warehouse);
    let is_bucket = warehouse.profile.is_table_bucket();
    let tree = match options.children {
        Children::Refuse if !is_bucket => NamespaceTree::default(),
        _ => match store.namespace_tree(row.warehouse, row.id).await {
            Ok(tree) => tree,
            Err(StoreError::NotFound(_)) => return Err(missing(path).into()),
            Err(error) => return Err(error.into()),
        },
    };
    check_size(path, &tree, "drop")?;
    if options.protections == Protections::Respect {
        check_protection(path, row.protection, &tree)?;
    }
    cx.approve(request, warehouse, || Ok(proposed(row, &tree)))
        .await?;
    if is_bucket && drop_from_bucket(cx, namespace, &tree, options).await? == Dropped::Conflict {
        return Ok(None);
    }
    let now = cx.now();
    // A soft-deleted namespace comes back with one of its tables or views. Without any, nothing could bring it back.
    let removal = if tree.tabulars.is_empty() {
        Removal::hard(now)
    } else {
        let options = DropOptions {
            files: options.files,
            protections: options.protections,
        };
        Removal::of(warehouse, options, now)
    };
    let mut effects = effects(cx, request, namespace, &tree, options.files)?;
    effects.tasks = match removal.mode {
        DropMode::Soft(_) => expiries(row, &tree, removal, options.files),
        DropMode::Hard if is_bucket => Vec::new(),
        DropMode::Hard => purges(cx, namespace, &tree, options.files).await?,
    };
    let drop = NamespaceDrop {
        id: row.id,
        expected: row.version,
        tree,
        mode: removal.mode,
        at: now,
    };
    match store.namespace_drop(drop, effects).await {
        Ok(()) => Ok(Some(())),
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(StoreError::NotEmpty(_)) if options.children == Children::Drop => Ok(None),
        Err(error) => Err(Interrupted::of(error, |error| match error {
            StoreError::NotFound(_) => missing(path),
            StoreError::NotEmpty(_) => not_empty(path),
            other => other.into(),
        })),
    }
}

/// Refuses a namespace with too many contents for one request. `act` is the verb for the error message: `drop` or
/// `move`.
pub(super) fn check_size(path: &NamespacePath, tree: &NamespaceTree, act: &str) -> Result<()> {
    let held = [
        (
            tree.namespaces.len(),
            Bounds::DROPPED_NAMESPACES,
            "namespaces",
        ),
        (
            tree.tabulars.len(),
            Bounds::DROPPED_TABULARS,
            "tables and views",
        ),
    ];
    match held.iter().find(|(count, max, _)| *count > *max as usize) {
        None => Ok(()),
        Some((_, max, what)) => Err(CatalogError::bad_request(format!(
            "namespace `{path}` holds more than {max} {what}, soft-deleted ones included; {act} its content in several requests"
        ))),
    }
}

/// The changes that verifiers are shown: the drop of each live table and view in the namespace.
fn proposed(row: &NamespaceRow, tree: &NamespaceTree) -> Vec<ProposedChange> {
    let paths = paths(row, tree);
    let dropped = tree.tabulars.iter().filter_map(|one| {
        let within = paths.get(&one.namespace)?;
        contracts::swept_along(Action::Drop, within, one)
    });
    dropped.collect()
}

/// Drops the tables and the namespace in the table bucket. If a later step fails, a repeated request finds them gone
/// and goes on.
async fn drop_from_bucket(
    cx: &Catalog,
    namespace: &Authorized<NamespaceRowTarget>,
    tree: &NamespaceTree,
    options: NamespaceDropOptions,
) -> Result<Dropped> {
    let (warehouse, row) = (&namespace.warehouse, &namespace.row);
    if !tree.tabulars.is_empty() {
        if options.children == Children::Refuse {
            return Err(not_empty(&row.path));
        }
        table_bucket::check_files(warehouse, options.files)?;
    }
    let tables = tree.tabulars.iter().map(|one| {
        Ok(Doomed {
            path: TabularPath {
                namespace: row.path.clone(),
                name: Name::parse("table", &one.name)?,
            },
            id: one.id,
            version: one.version,
            location: one.location.clone(),
        })
    });
    let tables = tables.collect::<Result<Vec<_>>>()?;
    let dropped = table_bucket::drop_namespace(cx, warehouse, &row.path, &tables).await;
    match dropped {
        Err(error)
            if error.kind == ErrorKind::NamespaceNotEmpty && options.children == Children::Drop =>
        {
            // If a table was created meanwhile, the next attempt drops it, too.
            let now = cx.store(namespace).namespace_tree(row.warehouse, row.id);
            let is_known = |id| tree.tabulars.iter().any(|one| one.id == id);
            match now.await {
                Ok(now) if now.tabulars.iter().any(|one| !is_known(one.id)) => {
                    Ok(Dropped::Conflict)
                }
                _ => Err(error),
            }
        }
        dropped => dropped,
    }
}

fn not_empty(path: &NamespacePath) -> CatalogError {
    let message = format!(
        "Namespace {path} is not empty: drop what is in it first, soft-deleted tables and views included, or drop all with \
         `recursive=true`"
    );
    CatalogError::new(ErrorKind::NamespaceNotEmpty, message)
}

fn check_protection(
    path: &NamespacePath,
    protection: Protection,
    tree: &NamespaceTree,
) -> Result<()> {
    let refuse = |what: String| {
        let message =
            format!("{what} is protected; remove the protection or drop with `force=true`");
        Err(CatalogError::new(ErrorKind::NamespaceProtected, message))
    };
    if protection == Protection::On {
        return refuse(format!("namespace `{path}`"));
    }
    if let Some(one) = tree
        .namespaces
        .iter()
        .find(|one| one.protection == Protection::On)
    {
        return refuse(format!("namespace `{}` in `{path}`", one.path));
    }
    if let Some(one) = tree
        .tabulars
        .iter()
        .find(|one| one.protection == Protection::On)
    {
        return refuse(format!("{} `{}` in `{path}`", one.kind, one.name));
    }
    Ok(())
}

/// Whether the files are deleted: as asked for now, or as asked for when the table was soft-deleted.
fn is_purged(one: &TreeTabular, files: Files) -> bool {
    let asked = Expiry::from(files == Files::Purge);
    one.deleted == Some(Expiry::Purge) || asked.of_one(one.kind) == Expiry::Purge
}

/// The paths of the namespaces in the tree, including the dropped one.
fn paths<'a>(
    row: &'a NamespaceRow,
    tree: &'a NamespaceTree,
) -> HashMap<NamespaceId, &'a NamespacePath> {
    let below = tree.namespaces.iter().map(|one| (one.id, &one.path));
    below.chain([(row.id, &row.path)]).collect()
}

fn task_tabular(one: &TreeTabular, paths: &HashMap<NamespaceId, &NamespacePath>) -> TaskTabular {
    let home = paths.get(&one.namespace);
    TaskTabular {
        id: one.id,
        kind: one.kind,
        path: home.map_or_else(Vec::new, |path| levels(path, &one.name)),
    }
}

/// The tasks that remove for good the tables and views that are soft-deleted now; those soft-deleted earlier have
/// their own tasks.
fn expiries(
    row: &NamespaceRow,
    tree: &NamespaceTree,
    removal: Removal,
    files: Files,
) -> Vec<NewTask> {
    let paths = paths(row, tree);
    let live = tree.tabulars.iter().filter(|one| one.deleted.is_none());
    live.filter_map(|one| {
        let expiry = Expiry::from(is_purged(one, files));
        removal.task(row.warehouse, expiry, || task_tabular(one, &paths))
    })
    .collect()
}

/// The tasks that purge all present and former locations of the tables and views. Without `Files::Purge`, only of
/// those that were soft-deleted earlier with a purge.
async fn purges(
    cx: &Catalog,
    namespace: &Authorized<NamespaceRowTarget>,
    tree: &NamespaceTree,
    files: Files,
) -> Result<Vec<NewTask>> {
    let row = &namespace.row;
    let purged = tree.tabulars.iter().filter(|one| is_purged(one, files));
    let purged: Vec<_> = purged.collect();
    if purged.is_empty() {
        return Ok(Vec::new());
    }
    // A table whose location changes after this read has a new version, and the drop is refused.
    let ids = purged.iter().map(|one| one.id).collect();
    let former = cx.store(namespace).tabular_former_locations(ids).await?;
    let former = former
        .into_iter()
        .map(|location| PurgeTarget { location, of: None });
    let paths = paths(row, tree);
    let present = purged.iter().map(|one| PurgeTarget {
        location: one.location.clone(),
        of: Some(task_tabular(one, &paths)),
    });
    let places: Vec<_> = former.chain(present).collect();
    purge::tasks(row.warehouse, &places, cx.now())
}

fn effects(
    cx: &Catalog,
    request: &Request,
    namespace: &NamespaceRowTarget,
    tree: &NamespaceTree,
    files: Files,
) -> Result<Effects> {
    let (now, warehouse) = (cx.now(), namespace.row.warehouse);
    let mut told = Vec::new();
    let inner = tree.namespaces.iter().filter(|one| one.is_live);
    let inner = inner.map(|one| (one.id, &one.path));
    let namespaces: Vec<_> = inner
        .chain([(namespace.row.id, &namespace.row.path)])
        .collect();
    let paths: HashMap<NamespaceId, &NamespacePath> = namespaces.iter().copied().collect();
    // Skip what was soft-deleted earlier: its drop event has already been sent.
    for one in tree.tabulars.iter().filter(|one| one.deleted.is_none()) {
        let purge = is_purged(one, files);
        let within = paths.get(&one.namespace).map(|path| path.levels());
        let body = json!({
            "namespace": within, "name": one.name, "namespace-id": one.namespace, "purge": purge,
        });
        let kind = Change::Drop.of(one.kind);
        told.push(events::in_warehouse(
            kind,
            warehouse,
            &one.id,
            request.at(now),
            &body,
        )?);
    }
    for (id, path) in namespaces {
        let body = json!({ "namespace": path.levels() });
        told.push(events::in_warehouse(
            EventKind::DropNamespace,
            warehouse,
            &id,
            request.at(now),
            &body,
        )?);
    }
    Ok(Effects {
        idempotency: request.record(&(), now)?,
        ..Effects::telling(told)
    })
}
