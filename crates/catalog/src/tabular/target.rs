//! Finds tables, views and generic tables, and requires rights on them.

use std::fmt::Display;
use std::sync::Arc;

use authz::{
    Action, Authorized, GenericTableAction, NamespaceAction, Protected, Resource, TableAction,
    ViewAction,
};
use futures::future::{join, join_all};
use model::{NamespaceId, TabularId, TabularKind, TabularPath, Timestamp, WarehouseId};
use objects::Permission;
use store::{ResolveTarget, Resolved, StoreError, TabularRow, TabularStamp};

use crate::cache::{TabularHint, Versioned};
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
    /// From a row that was found by its id.
    pub(crate) fn of_row(warehouse: Arc<Warehouse>, row: &TabularRow) -> Self {
        Self::of_hint(warehouse, TabularHint::of_row(row))
    }

    fn of_hint(warehouse: Arc<Warehouse>, TabularHint { namespace, stamp }: TabularHint) -> Self {
        Self {
            warehouse,
            namespace,
            stamp,
        }
    }

    pub(crate) const fn id(&self) -> TabularId {
        self.stamp.id
    }

    pub(crate) const fn kind(&self) -> TabularKind {
        self.stamp.kind
    }

    /// The cache's hint for it.
    pub(crate) const fn hint(&self) -> TabularHint {
        TabularHint {
            namespace: self.namespace,
            stamp: self.stamp,
        }
    }
}

impl Protected for TabularTarget {
    fn resource(&self) -> Resource {
        let within = self.warehouse.as_resource();
        Resource::Tabular(self.kind(), within, self.namespace, self.id())
    }
}

/// A table, view or generic table, named by its path.
#[derive(Debug, Clone, Copy)]
pub struct AtPath<'a> {
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// The path.
    pub path: &'a TabularPath,
}

/// A table, view or generic table, named by its id.
#[derive(Debug, Clone, Copy)]
pub struct AtId {
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// The kind; an id of another kind counts as missing.
    pub kind: TabularKind,
    /// The id.
    pub id: TabularId,
}

/// Actions that exist for tables, views and generic tables alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TabularAction {
    GetMetadata,
    Commit,
    Rename,
    SetProtection,
    Drop,
    Undrop,
    GetTasks,
    ControlTasks,
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
                Self::Undrop => TableAction::Undrop,
                Self::GetTasks => TableAction::GetTasks,
                Self::ControlTasks => TableAction::ControlTasks,
            }),
            TabularKind::View => Action::View(match self {
                Self::GetMetadata => ViewAction::GetMetadata,
                Self::Commit => ViewAction::Commit,
                Self::Rename => ViewAction::Rename,
                Self::SetProtection => ViewAction::SetProtection,
                Self::Drop => ViewAction::Drop,
                Self::Undrop => ViewAction::Undrop,
                Self::GetTasks => ViewAction::GetTasks,
                Self::ControlTasks => ViewAction::ControlTasks,
            }),
            TabularKind::GenericTable => Action::GenericTable(match self {
                Self::GetMetadata => GenericTableAction::GetMetadata,
                // A generic table has no metadata that is committed to, only files.
                Self::Commit => GenericTableAction::WriteData,
                Self::Rename => GenericTableAction::Rename,
                Self::SetProtection => GenericTableAction::SetProtection,
                Self::Drop => GenericTableAction::Drop,
                Self::Undrop => GenericTableAction::Undrop,
                Self::GetTasks => GenericTableAction::GetTasks,
                Self::ControlTasks => GenericTableAction::ControlTasks,
            }),
        }
    }
}

/// The action on a namespace that is needed to create a table, view or generic table in it.
pub(crate) const fn creating(kind: TabularKind) -> Action {
    Action::Namespace(match kind {
        TabularKind::Table => NamespaceAction::CreateTable,
        TabularKind::View => NamespaceAction::CreateView,
        TabularKind::GenericTable => NamespaceAction::CreateGenericTable,
    })
}

/// The action on a namespace that is needed to list its tables, views or generic tables.
pub(crate) const fn listing(kind: TabularKind) -> NamespaceAction {
    match kind {
        TabularKind::Table => NamespaceAction::ListTables,
        TabularKind::View => NamespaceAction::ListViews,
        TabularKind::GenericTable => NamespaceAction::ListGenericTables,
    }
}

/// The action that is needed to access the files. A view's files are its metadata.
pub(crate) const fn data_action(kind: TabularKind, permission: Permission) -> Action {
    match (kind, permission) {
        (TabularKind::Table, Permission::Read) => Action::Table(TableAction::ReadData),
        (TabularKind::Table, Permission::Write) => Action::Table(TableAction::WriteData),
        (TabularKind::View, Permission::Read) => Action::View(ViewAction::GetMetadata),
        (TabularKind::View, Permission::Write) => Action::View(ViewAction::Commit),
        (TabularKind::GenericTable, Permission::Read) => {
            Action::GenericTable(GenericTableAction::ReadData)
        }
        (TabularKind::GenericTable, Permission::Write) => {
            Action::GenericTable(GenericTableAction::WriteData)
        }
    }
}

/// The error for a missing table, view or generic table; `what` is its path or its id.
pub(crate) fn missing(kind: TabularKind, what: &dyn Display) -> CatalogError {
    let error = match kind {
        TabularKind::Table => ErrorKind::NoSuchTable,
        TabularKind::View => ErrorKind::NoSuchView,
        TabularKind::GenericTable => ErrorKind::NoSuchGenericTable,
    };
    CatalogError::new(error, format!("{} does not exist: {what}", kind.title()))
}

/// The error for a name that is taken; clients match on these texts.
pub(crate) fn taken(wanted: TabularKind, there: TabularKind, path: &TabularPath) -> CatalogError {
    let title = there.title();
    if wanted != there {
        let message = format!("{title} with same name already exists: {path}");
        return CatalogError::new(ErrorKind::AlreadyExists, message);
    }
    let kind = match wanted {
        TabularKind::GenericTable => ErrorKind::GenericTableAlreadyExists,
        TabularKind::Table | TabularKind::View => ErrorKind::AlreadyExists,
    };
    CatalogError::new(kind, format!("{title} already exists: {path}"))
}

/// The error for a drop of a protected table, view or generic table.
pub(crate) fn protected(kind: TabularKind, path: &TabularPath) -> CatalogError {
    let message =
        format!("{kind} `{path}` is protected; remove the protection or drop with `force=true`");
    CatalogError::new(ErrorKind::TabularProtected, message)
}

/// What was found at a path.
pub(crate) struct Found {
    pub(crate) warehouse: Arc<Warehouse>,
    /// The namespace; `None` if it does not exist.
    pub(crate) namespace: Option<NamespaceId>,
    pub(crate) tabular: Option<TabularTarget>,
}

impl Found {
    fn of(warehouse: Arc<Warehouse>, resolved: &Resolved) -> Self {
        let namespace = resolved.namespace.map(|stamp| stamp.id);
        let found = resolved.tabular.zip(namespace);
        let tabular = found.map(|(stamp, namespace)| {
            TabularTarget::of_hint(Arc::clone(&warehouse), TabularHint { namespace, stamp })
        });
        Self {
            warehouse,
            namespace,
            tabular,
        }
    }
}

impl Catalog {
    /// Finds the table, view or generic table at the path, before the caller's rights are checked.
    pub(crate) async fn find_tabular(
        &self,
        warehouse: WarehouseId,
        path: &TabularPath,
    ) -> Result<Found> {
        if let Some((hint, _)) = self.metadata.hint(warehouse, path)
            && let Some(target) = self.find_again(AtPath { warehouse, path }, hint).await?
        {
            return Ok(Found {
                warehouse: Arc::clone(&target.warehouse),
                namespace: Some(target.namespace),
                tabular: Some(target),
            });
        }
        let (namespace, name) = (path.namespace.key().clone(), path.name.key().clone());
        let target = ResolveTarget::Tabular(namespace, name);
        let (within, resolved) = self.resolve(warehouse, target).await?;
        let found = Found::of(within, &resolved);
        if let Some(target) = &found.tabular {
            self.metadata.remember(warehouse, path, target.hint());
        }
        Ok(found)
    }

    /// The table or view with this id, and when it last changed, before the caller's rights are checked.
    pub(crate) async fn find_tabular_by_id(
        &self,
        AtId {
            warehouse,
            kind,
            id,
        }: AtId,
    ) -> Result<(TabularTarget, Option<Timestamp>)> {
        let (found, _) = self.resolve(warehouse, ResolveTarget::Warehouse).await?;
        match self.lookup().tabular_load(warehouse, id).await {
            Ok(row) if row.kind == kind => {
                let target = TabularTarget::of_row(found, &row);
                Ok((target, row.updated_at))
            }
            Ok(_) | Err(StoreError::NotFound(_)) => Err(missing(kind, &id)),
            Err(error) => Err(error.into()),
        }
    }

    /// The table or view at the path, if the caller may do `action` on it.
    pub(crate) async fn require_tabular(
        &self,
        request: &Request,
        at: AtPath<'_>,
        kind: TabularKind,
        action: TabularAction,
    ) -> Result<Authorized<TabularTarget>> {
        let found = self.find_tabular(at.warehouse, at.path).await?;
        let target = found.tabular.filter(|target| target.kind() == kind);
        let target = target.ok_or_else(|| missing(kind, at.path))?;
        let required = self.require(request, action.on(kind), target).await;
        required.map_err(|error| error.or_missing(|| missing(kind, at.path)))
    }

    /// The same with its current content: the cached one, if the database says that it is current.
    pub(crate) async fn require_content(
        &self,
        request: &Request,
        at: AtPath<'_>,
        kind: TabularKind,
        action: TabularAction,
    ) -> Result<(Authorized<TabularTarget>, Arc<Versioned>)> {
        let (target, versioned) = self.find_content(at, kind).await?;
        let required = self.require(request, action.on(kind), target).await;
        let target = required.map_err(|error| error.or_missing(|| missing(kind, at.path)))?;
        Ok((target, versioned))
    }

    /// The same for several requests at once; the rights of each request's caller are checked separately.
    pub(crate) async fn require_content_each(
        &self,
        requests: &[&Request],
        at: AtPath<'_>,
        kind: TabularKind,
        action: TabularAction,
    ) -> Result<(Vec<Result<Authorized<TabularTarget>>>, Arc<Versioned>)> {
        let (target, versioned) = self.find_content(at, kind).await?;
        let asked = requests.iter().map(async |request| {
            let required = self.require(request, action.on(kind), target.clone()).await;
            required.map_err(|error| error.or_missing(|| missing(kind, at.path)))
        });
        Ok((join_all(asked).await, versioned))
    }

    /// The table or view at the path with its current content, before the caller's rights are checked.
    pub(crate) async fn find_content(
        &self,
        at: AtPath<'_>,
        kind: TabularKind,
    ) -> Result<(TabularTarget, Arc<Versioned>)> {
        let mut found = None;
        if let Some((hint, Some(versioned))) = self.metadata.hint(at.warehouse, at.path) {
            let target = self.find_again(at, hint).await?;
            found = target.map(|target| (target, versioned));
        }
        let found = match found {
            Some(found) => found,
            None => self.find_by_name(at, kind).await?,
        };
        if found.0.kind() != kind {
            return Err(missing(kind, at.path));
        }
        Ok(found)
    }

    /// The table or view that was last found at the path, if it has not changed since. This lookup by id is one probe
    /// of an index, and only a version is compared.
    async fn find_again(
        &self,
        AtPath { warehouse, path }: AtPath<'_>,
        hint: TabularHint,
    ) -> Result<Option<TabularTarget>> {
        let target = ResolveTarget::Unchanged(hint.stamp.id, hint.stamp.version);
        let (within, resolved) = self.resolve(warehouse, target).await?;
        if !resolved.is_unchanged {
            self.metadata.forget(warehouse, path);
            return Ok(None);
        }
        Ok(Some(TabularTarget::of_hint(within, hint)))
    }

    /// The table or view with this id and its current content, before the caller's rights are checked; only the
    /// warehouse if there is none.
    pub(crate) async fn find_content_by_id(
        &self,
        warehouse: WarehouseId,
        id: TabularId,
    ) -> Result<(Arc<Warehouse>, Option<(TabularTarget, Arc<Versioned>)>)> {
        if let Some(versioned) = self.metadata.with_id(warehouse, id) {
            let target = ResolveTarget::Unchanged(id, versioned.version());
            let (within, resolved) = self.resolve(warehouse, target).await?;
            if resolved.is_unchanged {
                let hint = versioned.hint();
                let target = TabularTarget::of_hint(Arc::clone(&within), hint);
                return Ok((within, Some((target, versioned))));
            }
        }
        // Concurrently, so it takes as many round trips as a load.
        let within = self.resolve(warehouse, ResolveTarget::Warehouse);
        let (within, row) = join(within, self.lookup().tabular_load(warehouse, id)).await;
        let (within, _) = within?;
        let row = match row {
            Ok(row) => row,
            Err(StoreError::NotFound(_)) => return Ok((within, None)),
            Err(error) => return Err(error.into()),
        };
        let target = TabularTarget::of_row(Arc::clone(&within), &row);
        Ok((within, Some((target, self.metadata.put_row(row)))))
    }

    async fn find_by_name(
        &self,
        AtPath { warehouse, path }: AtPath<'_>,
        kind: TabularKind,
    ) -> Result<(TabularTarget, Arc<Versioned>)> {
        let (namespace, name) = (path.namespace.key().clone(), path.name.key().clone());
        let wanted = ResolveTarget::TabularContent(namespace, name);
        let (within, resolved) = self.resolve(warehouse, wanted).await?;
        let target = Found::of(within, &resolved).tabular;
        let target = target.ok_or_else(|| missing(kind, path))?;
        let content = resolved.content;
        let content = content.ok_or_else(|| CatalogError::internal("a row without its content"))?;
        let versioned = self
            .metadata
            .put_at(AtPath { warehouse, path }, target.hint(), *content);
        Ok((target, versioned))
    }
}
