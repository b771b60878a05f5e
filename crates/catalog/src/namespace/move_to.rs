//! Moves a namespace to another path, with all that is in it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use approval::{Action as Asked, Named, ProposedChange};
use authz::{Action, Authorized, NamespaceAction, WarehouseAction};
use model::{EventKind, NamespaceId, NamespacePath, TabularId, WarehouseId};
use serde_json::json;
use store::{
    Effects, Entity, NamespaceMove, NamespaceRow, NamespaceTree, Protection, StoreError,
    TreeNamespace, TreeTabular,
};

use super::create::check_name;
use super::drop::{Protections, check_size};
use super::missing;
use super::target::NamespaceRowTarget;
use crate::again::Attempts;
use crate::warehouse::Warehouse;
use crate::{
    Catalog, CatalogError, ErrorKind, Request, Result, RuleErrorKind, contracts, events,
    table_bucket,
};

/// Where a namespace is after a move.
#[derive(Debug, Clone)]
pub struct NamespaceMoved {
    /// Its path: the parent's, as its creators spelled it, and the requested name.
    pub path: NamespacePath,
    /// The parent; `None` at the top level.
    pub parent: Option<NamespaceId>,
}

/// Moves the namespace with this id. It is no error if it is already there, so a request can be repeated.
pub async fn move_to(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, NamespaceId),
    destination: &NamespacePath,
    protections: Protections,
) -> Result<NamespaceMoved> {
    check_name(&cx.settings, destination)?;
    let mut attempts = Attempts::default();
    loop {
        match attempt(cx, request, at, (destination, protections)).await {
            Ok(Some(moved)) => return Ok(moved),
            Ok(None) => {}
            // It existed when the request arrived, so this is a lost race.
            Err(error) if attempts.is_any_lost() && error.kind == ErrorKind::NoSuchNamespace => {
                return Err(overtaken(destination));
            }
            Err(error) => return Err(error),
        }
        let what = || {
            format!(
                "the namespace to be moved to `{destination}`, or something in it or around it,"
            )
        };
        attempts.lost(what).await?;
    }
}

fn overtaken(destination: &NamespacePath) -> CatalogError {
    let message = format!(
        "the namespace to be moved to `{destination}`, or something in it or around it, was changed or dropped by another request; look again and retry"
    );
    CatalogError::new(ErrorKind::ConcurrentUpdate, message)
}

/// One attempt; `None` if a concurrent change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    (warehouse, id): (WarehouseId, NamespaceId),
    (destination, protections): (&NamespacePath, Protections),
) -> Result<Option<NamespaceMoved>> {
    let found = cx.find_namespace_by_id(warehouse, id).await?;
    let required = cx.require(request, Action::Namespace(NamespaceAction::Move), found);
    let namespace = required
        .await
        .map_err(|error| error.or_missing(|| missing(&id)))?;
    let home = require_home(cx, request, &namespace, destination).await?;
    let moved = NamespaceMoved {
        path: match &home {
            None => destination.clone(),
            // The parent's levels keep the spelling of their creators.
            Some(home) => destination.moved(home.path.levels().len(), &home.path)?,
        },
        parent: home.map(|home| home.id),
    };
    let row = &namespace.row;
    if (row.path.key(), row.path.name()) == (moved.path.key(), moved.path.name()) {
        let path = row.path.clone();
        return Ok(Some(NamespaceMoved { path, ..moved }));
    }
    check(&namespace, &moved.path, protections)?;
    let store = cx.store(&namespace);
    let tree = match store.namespace_tree(warehouse, id).await {
        Ok(tree) => tree,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    check_size(&row.path, &tree, "move")?;
    let is_shown = cx.verifiers().is_some();
    let tabulars = is_shown.then(|| names(&tree.tabulars));
    let renamed = || proposed(row, &tree, &moved.path);
    cx.approve(request, &namespace.warehouse, renamed).await?;
    let now = cx.now();
    let way = NamespaceMove {
        id,
        warehouse,
        expected: row.version,
        parent: moved.parent,
        below: carried(row, tree.namespaces, &moved.path)?,
        tabulars,
        path: moved.path.clone(),
        at: now,
    };
    let body = json!({
        "source": { "namespace": row.path.levels() },
        "destination": { "namespace": moved.path.levels() },
    });
    let by = request.at(now);
    let event = events::in_warehouse(EventKind::MoveNamespace, warehouse, &id, by, &body)?;
    let effects = Effects::telling([event]);
    match store.namespace_move(way, effects).await {
        Ok(()) => Ok(Some(moved)),
        Err(StoreError::Stale { .. } | StoreError::NotFound(Entity::NamespacePath(_))) => Ok(None),
        Err(StoreError::NotFound(_)) => Err(missing(&id)),
        Err(StoreError::AlreadyExists(_)) => {
            let message = format!("Namespace already exists: {}", moved.path);
            Err(CatalogError::new(ErrorKind::AlreadyExists, message))
        }
        Err(error) => Err(error.into()),
    }
}

/// The new parent (`None` at the top level), if the caller may create namespaces in it and may let a moved namespace
/// come there with its grants.
async fn require_home(
    cx: &Catalog,
    request: &Request,
    namespace: &Authorized<NamespaceRowTarget>,
    destination: &NamespacePath,
) -> Result<Option<NamespaceRow>> {
    let warehouse = &namespace.warehouse;
    let Some(around) = destination.parent() else {
        let actions = [
            Action::Warehouse(WarehouseAction::CreateNamespace),
            Action::Warehouse(WarehouseAction::AcceptMovedNamespace),
        ];
        cx.require_all(request, &actions, Arc::clone(warehouse))
            .await?;
        return Ok(None);
    };
    let action = NamespaceAction::CreateNamespace;
    let home = cx.require_namespace_row(request, warehouse.id(), &around, action);
    let home = home.await?.into_inner();
    let action = Action::Namespace(NamespaceAction::AcceptMovedNamespace);
    let home = cx.require(request, action, home).await?;
    Ok(Some(home.into_inner().row))
}

fn check(
    NamespaceRowTarget { warehouse, row }: &NamespaceRowTarget,
    to: &NamespacePath,
    protections: Protections,
) -> Result<()> {
    let from = &row.path;
    if to.is_below(from) {
        let message = format!("namespace `{from}` cannot move to `{to}`, which lies in it");
        return Err(CatalogError::new(ErrorKind::NamespaceInItself, message));
    }
    if protections == Protections::Respect && row.protection == Protection::On {
        let message = format!(
            "namespace `{from}` is protected; remove the protection or move it with `force`"
        );
        return Err(CatalogError::new(ErrorKind::NamespaceProtected, message));
    }
    table_bucket::check_move(warehouse)?;
    check_layout(warehouse, from, to)
}

/// Refuses the move if folders of namespaces would no longer match the path: if the parent changes in a layout that
/// has such folders, or if these contain the namespaces' names. Otherwise later tables at the new path would lie
/// elsewhere than those that have moved, and later tables at the former path would lie among them.
fn check_layout(warehouse: &Warehouse, from: &NamespacePath, to: &NamespacePath) -> Result<()> {
    let layout = warehouse.profile.layout();
    let has_other_home = from.key().parent() != to.key().parent();
    let says_so = layout.has_namespace_folders() && (has_other_home || layout.names_namespaces());
    if !says_so {
        return Ok(());
    }
    let message = format!(
        "namespace `{from}` cannot move to `{to}`: the warehouse's storage layout is `full-hierarchy`, whose folders are \
         named for the namespaces and their parents; change the layout first"
    );
    Err(CatalogError::new(
        RuleErrorKind::LayoutForbidsMove.into(),
        message,
    ))
}

/// The live tables and views that move along: their namespaces, ids and names.
fn names(tabulars: &[TreeTabular]) -> BTreeSet<(NamespaceId, TabularId, String)> {
    let live = tabulars.iter().filter(|one| one.deleted.is_none());
    live.map(|one| (one.namespace, one.id, one.name.clone()))
        .collect()
}

/// The changes that verifiers are shown: a rename of each live table and view in the namespace.
fn proposed(
    row: &NamespaceRow,
    tree: &NamespaceTree,
    to: &NamespacePath,
) -> Result<Vec<ProposedChange>> {
    let depth = row.path.levels().len();
    let below = tree.namespaces.iter().map(|one| (one.id, &one.path));
    let paths: HashMap<_, _> = below.chain([(row.id, &row.path)]).collect();
    let mut renamed = Vec::new();
    for one in &tree.tabulars {
        let Some(within) = paths.get(&one.namespace) else {
            continue;
        };
        if let Some(change) = contracts::swept_along(Asked::Rename, within, one) {
            let destination = Named::within(&within.moved(depth, to)?, &one.name);
            renamed.push(ProposedChange {
                destination: Some(destination),
                ..change
            });
        }
    }
    Ok(renamed)
}

/// The namespaces below, with their new paths.
fn carried(
    row: &NamespaceRow,
    below: Vec<TreeNamespace>,
    to: &NamespacePath,
) -> Result<Vec<TreeNamespace>> {
    let depth = row.path.levels().len();
    let carried = below
        .into_iter()
        .map(|one| match one.path.moved(depth, to) {
            Ok(path) => Ok(TreeNamespace { path, ..one }),
            Err(error) => Err(CatalogError::bad_request(format!(
                "namespace `{}` cannot move along to `{to}`: {error}",
                one.path
            ))),
        });
    carried.collect()
}
