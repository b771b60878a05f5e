//! What a question about permissions is about.

use authz::{Protected, Resource};
use model::{
    NameKey, NamespaceId, NamespaceKey, NamespacePath, ProjectId, TabularId, TabularKind,
    TabularPath, UserId, WarehouseId,
};

use crate::{Catalog, CatalogError, Request, Result, namespace, project, tabular, warehouse};

/// What a question about permissions is about, as the caller names it.
#[derive(Debug, Clone)]
pub enum Target {
    /// The installation.
    Server,
    /// A user.
    User(UserId),
    /// A project; the request's own if none is named.
    Project(Option<ProjectId>),
    /// A warehouse, active or not.
    Warehouse(WarehouseId),
    /// A namespace of an active warehouse.
    Namespace(WarehouseId, NamespaceAt),
    /// A table, view or generic table in an active warehouse.
    Tabular(TabularKind, WarehouseId, TabularAt),
}

/// How a namespace is named.
#[derive(Debug, Clone)]
pub enum NamespaceAt {
    /// By its id.
    Id(NamespaceId),
    /// By its name.
    Path(NamespacePath),
}

/// How a table, view or generic table is named.
#[derive(Debug, Clone)]
pub enum TabularAt {
    /// By its id.
    Id(TabularId),
    /// By its name.
    Path(TabularPath),
}

/// Equal for targets that are the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum TargetKey {
    Server,
    User(UserId),
    Project(Option<ProjectId>),
    Warehouse(WarehouseId),
    NamespaceId(WarehouseId, NamespaceId),
    NamespacePath(WarehouseId, NamespaceKey),
    TabularId(TabularKind, WarehouseId, TabularId),
    TabularPath(TabularKind, WarehouseId, NamespaceKey, NameKey),
}

impl Target {
    pub(super) fn key(&self) -> TargetKey {
        match self {
            Self::Server => TargetKey::Server,
            Self::User(id) => TargetKey::User(id.clone()),
            Self::Project(id) => TargetKey::Project(id.clone()),
            Self::Warehouse(id) => TargetKey::Warehouse(*id),
            Self::Namespace(within, NamespaceAt::Id(id)) => TargetKey::NamespaceId(*within, *id),
            Self::Namespace(within, NamespaceAt::Path(path)) => {
                TargetKey::NamespacePath(*within, path.key().clone())
            }
            Self::Tabular(kind, within, TabularAt::Id(id)) => {
                TargetKey::TabularId(*kind, *within, *id)
            }
            Self::Tabular(kind, within, TabularAt::Path(path)) => {
                let (namespace, name) = (path.namespace.key().clone(), path.name.key().clone());
                TargetKey::TabularPath(*kind, *within, namespace, name)
            }
        }
    }

    /// What it is to an authorizer. Users are not looked up: whoever may ask about one may ask about all.
    pub(super) async fn find(&self, cx: &Catalog, request: &Request) -> Result<Resource> {
        Ok(match self {
            Self::Server => Resource::Server,
            Self::User(id) => Resource::User(id.clone()),
            Self::Project(Some(id)) => project::find(cx, id).await?.resource(),
            Self::Project(None) => {
                let id = project::of_request(cx, request)?;
                project::find(cx, &id).await?.resource()
            }
            Self::Warehouse(id) => warehouse::find(cx, *id).await?.resource(),
            Self::Namespace(within, NamespaceAt::Id(id)) => {
                cx.find_namespace_by_id(*within, *id).await?.resource()
            }
            Self::Namespace(within, NamespaceAt::Path(path)) => {
                cx.find_namespace(*within, path).await?.resource()
            }
            Self::Tabular(kind, within, TabularAt::Id(id)) => {
                let at = (*within, *id, *kind);
                cx.find_tabular_by_id(at).await?.0.resource()
            }
            Self::Tabular(kind, within, TabularAt::Path(path)) => {
                let found = cx.find_tabular(*within, path).await?.tabular;
                let found = found.filter(|target| target.kind() == *kind);
                let found = found.ok_or_else(|| tabular::missing(*kind, path))?;
                found.resource()
            }
        })
    }

    /// The warehouse that it lies in.
    const fn warehouse(&self) -> Option<WarehouseId> {
        match self {
            Self::Namespace(within, _) | Self::Tabular(_, within, _) => Some(*within),
            Self::Server | Self::User(_) | Self::Project(_) | Self::Warehouse(_) => None,
        }
    }

    /// The same error for what is hidden as for what is not there; and of a warehouse that is hidden, that it is not there.
    pub(super) async fn hide(
        &self,
        cx: &Catalog,
        request: &Request,
        error: CatalogError,
    ) -> CatalogError {
        if !error.kind.is_missing() {
            return error;
        }
        if let Some(warehouse) = self.warehouse() {
            match warehouse::concealed(cx, request, warehouse).await {
                Ok(Some(error)) | Err(error) => return error,
                Ok(None) => {}
            }
        }
        match self {
            Self::Namespace(_, NamespaceAt::Path(path)) => {
                error.or_missing(|| namespace::missing(path))
            }
            Self::Tabular(kind, _, TabularAt::Path(path)) => {
                error.or_missing(|| tabular::missing(*kind, path))
            }
            _ => error,
        }
    }
}

/// What was found, as something to ask the guard about.
#[derive(Debug, Clone)]
pub(super) struct Found(pub(super) Resource);

impl Protected for Found {
    fn resource(&self) -> Resource {
        self.0.clone()
    }
}
