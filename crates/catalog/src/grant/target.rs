//! Finding what grants are on.

use authz::{Action, Protected, Resource, ResourceKind, ServerAction};
use model::{NamespaceId, Securable, TabularId, TabularKind, WarehouseId};

use crate::server::ServerTarget;
use crate::{Catalog, Request, Result, project, warehouse};

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
    pub const fn kind(self) -> ResourceKind {
        match self {
            Self::Server => ResourceKind::Server,
            Self::Project => ResourceKind::Project,
            Self::Warehouse(_) => ResourceKind::Warehouse,
            Self::Namespace(..) => ResourceKind::Namespace,
            Self::Tabular(kind, ..) => ResourceKind::of_tabular(kind),
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
        self.resource.insight()
    }

    /// What must be allowed to who sees that it is there; everybody sees the server.
    pub(super) fn see(&self) -> Action {
        let everybody = Action::Server(ServerAction::ListProjects);
        self.resource.sight().unwrap_or(everybody)
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
        GrantsOn::Namespace(within, id) => {
            let target = cx.find_namespace_by_id(within, id).await?;
            Ok(Target::new(&target, Securable::Namespace(id)))
        }
        GrantsOn::Tabular(kind, within, id) => {
            let (target, _) = cx.find_tabular_by_id((within, id, kind)).await?;
            Ok(Target::new(&target, Securable::Tabular(kind, id)))
        }
    }
}
