//! Finding tables and views.

use std::sync::Arc;

use authz::{Action, Authorized, Protected, Resource, TableAction, ViewAction};
use futures::future::join_all;
use model::{NamespaceId, TabularId, TabularKind, TabularPath, WarehouseId};
use store::{ResolveTarget, TabularRow, TabularStamp};

use crate::cache::Versioned;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A table or view that a request is about.
#[derive(Debug, Clone)]
pub(crate) struct TabularTarget {
    pub(crate) warehouse: Arc<Warehouse>,
    pub(crate) namespace: NamespaceId,
    pub(crate) stamp: TabularStamp,
}

impl TabularTarget {
    /// Of a row that was found by its id.
    pub(crate) fn of_row(warehouse: Arc<Warehouse>, row: &TabularRow) -> Self {
        let stamp = TabularStamp {
            id: row.id,
            kind: row.kind,
            version: row.version,
            protection: row.protection,
            content: None,
        };
        Self {
            warehouse,
            namespace: row.namespace,
            stamp,
        }
    }

    pub(crate) const fn id(&self) -> TabularId {
        self.stamp.id
    }

    pub(crate) const fn kind(&self) -> TabularKind {
        self.stamp.kind
    }
}

impl Protected for TabularTarget {
    fn resource(&self) -> Resource {
        Resource::Tabular(self.kind(), self.warehouse.id(), self.namespace, self.id())
    }
}

/// What can be done to a table as well as to a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TabularAction {
    GetMetadata,
    Commit,
    Rename,
    SetProtection,
    Drop,
}

impl TabularAction {
    pub(crate) const fn on(self, kind: TabularKind) -> Action {
        match kind {
            TabularKind::Table => Action::Table(match self {
                Self::GetMetadata => TableAction::GetMetadata,
                Self::Commit => TableAction::Commit,
                Self::Rename => TableAction::Rename,
                Self::SetProtection => TableAction::SetProtection,
                Self::Drop => TableAction::Drop,
            }),
            TabularKind::View => Action::View(match self {
                Self::GetMetadata => ViewAction::GetMetadata,
                Self::Commit => ViewAction::Commit,
                Self::Rename => ViewAction::Rename,
                Self::SetProtection => ViewAction::SetProtection,
                Self::Drop => ViewAction::Drop,
            }),
        }
    }
}

/// The error for a table or view that is not there.
pub(crate) fn missing(kind: TabularKind, path: &TabularPath) -> CatalogError {
    match kind {
        TabularKind::Table => CatalogError::new(
            ErrorKind::NoSuchTable,
            format!("Table does not exist: {path}"),
        ),
        TabularKind::View => CatalogError::new(
            ErrorKind::NoSuchView,
            format!("View does not exist: {path}"),
        ),
    }
}

/// The error for a name that is taken; clients match on these texts.
pub(crate) fn taken(wanted: TabularKind, there: TabularKind, path: &TabularPath) -> CatalogError {
    let message = match (wanted, there) {
        (TabularKind::Table, TabularKind::Table) => format!("Table already exists: {path}"),
        (TabularKind::View, TabularKind::View) => format!("View already exists: {path}"),
        (TabularKind::Table, TabularKind::View) => {
            format!("View with same name already exists: {path}")
        }
        (TabularKind::View, TabularKind::Table) => {
            format!("Table with same name already exists: {path}")
        }
    };
    CatalogError::new(ErrorKind::AlreadyExists, message)
}

/// The error for a drop of what is protected.
pub(crate) fn protected(kind: TabularKind, path: &TabularPath) -> CatalogError {
    let message =
        format!("{kind} `{path}` is protected; remove the protection or drop with `force=true`");
    CatalogError::new(ErrorKind::TabularProtected, message)
}

/// What stands at a path.
pub(crate) struct Found {
    pub(crate) warehouse: Arc<Warehouse>,
    /// The namespace; without one nothing can stand there.
    pub(crate) namespace: Option<NamespaceId>,
    pub(crate) tabular: Option<TabularTarget>,
}

impl Catalog {
    /// What stands at the path, be it table or view.
    pub(crate) async fn find_tabular(
        &self,
        warehouse: WarehouseId,
        path: &TabularPath,
    ) -> Result<Found> {
        let (namespace, name) = (path.namespace.key().clone(), path.name.key().clone());
        self.find(warehouse, ResolveTarget::Tabular(namespace, name))
            .await
    }

    async fn find(&self, warehouse: WarehouseId, target: ResolveTarget) -> Result<Found> {
        let (warehouse, resolved) = self.resolve(warehouse, target).await?;
        let namespace = resolved.namespace.map(|stamp| stamp.id);
        let tabular = resolved
            .tabular
            .zip(namespace)
            .map(|(stamp, namespace)| TabularTarget {
                warehouse: Arc::clone(&warehouse),
                namespace,
                stamp,
            });
        Ok(Found {
            warehouse,
            namespace,
            tabular,
        })
    }

    /// The table or view at the path, if the caller may do this to it.
    pub(crate) async fn require_tabular(
        &self,
        request: &Request,
        at: (WarehouseId, &TabularPath),
        kind: TabularKind,
        action: TabularAction,
    ) -> Result<Authorized<TabularTarget>> {
        let found = self.find_tabular(at.0, at.1).await?;
        let target = found.tabular.filter(|target| target.kind() == kind);
        let target = target.ok_or_else(|| missing(kind, at.1))?;
        self.require(request, action.on(kind), target).await
    }

    /// The same with its current content, out of the cache where the database says that it is current.
    pub(crate) async fn require_content(
        &self,
        request: &Request,
        at: (WarehouseId, &TabularPath),
        kind: TabularKind,
        action: TabularAction,
    ) -> Result<(Authorized<TabularTarget>, Arc<Versioned>)> {
        let (target, versioned) = self.find_content(at, kind).await?;
        let target = self.require(request, action.on(kind), target).await?;
        Ok((target, versioned))
    }

    /// The same for several requests at once, each of which is asked for by itself.
    pub(crate) async fn require_content_each(
        &self,
        requests: &[&Request],
        at: (WarehouseId, &TabularPath),
        kind: TabularKind,
        action: TabularAction,
    ) -> Result<(Vec<Result<Authorized<TabularTarget>>>, Arc<Versioned>)> {
        let (target, versioned) = self.find_content(at, kind).await?;
        let asked = requests
            .iter()
            .map(|request| self.require(request, action.on(kind), target.clone()));
        Ok((join_all(asked).await, versioned))
    }

    /// What stands at the path with its current content, for a caller who has yet to be asked about.
    pub(crate) async fn find_content(
        &self,
        at: (WarehouseId, &TabularPath),
        kind: TabularKind,
    ) -> Result<(TabularTarget, Arc<Versioned>)> {
        let (namespace, name) = (at.1.namespace.key().clone(), at.1.name.key().clone());
        let hint = self.metadata.hint(at.0, at.1);
        let known = hint.and_then(|id| Some((id, self.metadata.get(id)?)));
        let stamp = known.as_ref().map(|(id, known)| (*id, known.version));
        let target = ResolveTarget::TabularContent(namespace, name, stamp);
        let found = self.find(at.0, target).await?;
        let target = found.tabular.filter(|target| target.kind() == kind);
        let mut target = target.ok_or_else(|| missing(kind, at.1))?;
        let (id, version) = (target.id(), target.stamp.version);
        let versioned = match (target.stamp.content.take(), known) {
            (Some(content), _) => {
                self.metadata.remember(at.0, at.1, id);
                self.metadata.put(id, version, content)
            }
            // The database did not send it because it is still what we have.
            (None, Some((_, known))) => known,
            (None, None) => return Err(CatalogError::internal("a row without its content")),
        };
        Ok((target, versioned))
    }
}
