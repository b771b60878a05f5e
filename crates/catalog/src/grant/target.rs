//! Finding what grants are on.

use authz::{
    Action, GenericTableAction, NamespaceAction, ProjectAction, Protected, Resource, ServerAction,
    TableAction, ViewAction, WarehouseAction,
};
use model::{NamespaceId, Securable, TabularId, TabularKind, WarehouseId};
use store::{ResolveTarget, StoreError};

use super::Level;
use crate::server::ServerTarget;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, project, warehouse};

/// What grants are on, as a request names it.
#[derive(Debug, Clone, Copy)]
pub enum GrantsOn {
    /// The installation.
    Server,
    /// The request's project.
    Project,
    /// A warehouse, active or not.
    Warehouse(WarehouseId),
    /// A namespace of an active warehouse.
    Namespace(WarehouseId, NamespaceId),
    /// A table, view or generic table of an active warehouse.
    Tabular(TabularKind, WarehouseId, TabularId),
}

impl GrantsOn {
    /// What kind of thing it is.
    pub const fn level(self) -> Level {
        match self {
            Self::Server => Level::Server,
            Self::Project => Level::Project,
            Self::Warehouse(_) => Level::Warehouse,
            Self::Namespace(..) => Level::Namespace,
            Self::Tabular(kind, ..) => Level::Tabular(kind),
        }
    }
}

/// A thing that grants are on.
#[derive(Debug, Clone)]
pub(super) struct Target {
    resource: Resource,
    pub(super) securable: Securable,
}

impl Protected for Target {
    fn resource(&self) -> Resource {
        self.resource.clone()
    }
}

impl Target {
    /// What must be allowed to who sees what others have been given on it.
    pub(super) const fn read_grants(&self) -> Action {
        match &self.securable {
            Securable::Project(_) => Action::Project(ProjectAction::ReadGrants),
            Securable::Warehouse(_) => Action::Warehouse(WarehouseAction::ReadGrants),
            Securable::Namespace(_) => Action::Namespace(NamespaceAction::ReadGrants),
            Securable::Tabular(TabularKind::Table, _) => Action::Table(TableAction::ReadGrants),
            Securable::Tabular(TabularKind::View, _) => Action::View(ViewAction::ReadGrants),
            Securable::Tabular(TabularKind::GenericTable, _) => {
                Action::GenericTable(GenericTableAction::ReadGrants)
            }
            _ => Action::Server(ServerAction::ReadGrants),
        }
    }

    /// What must be allowed to who sees that it is there; everybody sees the server.
    pub(super) const fn see(&self) -> Action {
        match &self.securable {
            Securable::Project(_) => Action::Project(ProjectAction::GetMetadata),
            Securable::Warehouse(_) => Action::Warehouse(WarehouseAction::GetMetadata),
            Securable::Namespace(_) => Action::Namespace(NamespaceAction::GetMetadata),
            Securable::Tabular(TabularKind::Table, _) => Action::Table(TableAction::GetMetadata),
            Securable::Tabular(TabularKind::View, _) => Action::View(ViewAction::GetMetadata),
            Securable::Tabular(TabularKind::GenericTable, _) => {
                Action::GenericTable(GenericTableAction::GetMetadata)
            }
            _ => Action::Server(ServerAction::ListProjects),
        }
    }

    fn new(thing: &impl Protected, securable: Securable) -> Self {
        Self {
            resource: thing.resource(),
            securable,
        }
    }
}

/// Finds it, before anything is decided.
pub(super) async fn find(cx: &Catalog, request: &Request, on: GrantsOn) -> Result<Target> {
    match on {
        GrantsOn::Server => Ok(Target::new(&ServerTarget, Securable::Server)),
        GrantsOn::Project => {
            let id = project::of_request(cx, request)?;
            let found = project::find(cx, &id).await?;
            Ok(Target::new(&found, Securable::Project(id)))
        }
        GrantsOn::Warehouse(id) => {
            let found = warehouse::find(cx, id).await?;
            Ok(Target::new(&found, Securable::Warehouse(id)))
        }
        GrantsOn::Namespace(within, id) => find_namespace(cx, within, id).await,
        GrantsOn::Tabular(kind, within, id) => {
            let (target, _) = cx.find_tabular_by_id((within, id, kind)).await?;
            Ok(Target::new(&target, Securable::Tabular(kind, id)))
        }
    }
}

async fn find_namespace(cx: &Catalog, within: WarehouseId, id: NamespaceId) -> Result<Target> {
    let (warehouse, _) = cx.resolve(within, ResolveTarget::Warehouse).await?;
    match cx.lookup().namespace_load(within, id).await {
        Ok(_) => Ok(Target {
            resource: Resource::Namespace(warehouse.as_resource(), id),
            securable: Securable::Namespace(id),
        }),
        Err(StoreError::NotFound(_)) => Err(CatalogError::new(
            ErrorKind::NoSuchNamespace,
            format!("Namespace does not exist: {id}"),
        )),
        Err(error) => Err(error.into()),
    }
}
