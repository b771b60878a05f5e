//! The target of a question about permissions.

use super::kept;
use crate::tabular::AtId;
use crate::{
    Catalog, CatalogError, Request, Result, namespace, project, role, tabular, tag_definition,
    warehouse,
};
use authz::{Action, Authorized, Protected, Resource, ResourceKind, ServerAction};
use model::{
    NameKey, NamespaceId, NamespaceKey, NamespacePath, ProjectId, RoleId, Securable, TabularId,
    TabularKind, TabularPath, TagDefinitionId, UserId, WarehouseId,
};

/// The target of a question about permissions or grants, as the caller names it.
#[derive(Debug, Clone)]
pub enum Target {
    /// The installation.
    Server,
    /// A user.
    User(UserId),
    /// A project; the request's own if none is named.
    Project(Option<ProjectId>),
    /// A role; of the request's project if the request names one, otherwise of any project.
    Role(RoleId),
    /// The definition of a tag in the request's project.
    TagDefinition(TagDefinitionId),
    /// A warehouse, active or not.
    Warehouse(WarehouseId),
    /// A namespace of an active warehouse.
    Namespace(WarehouseId, NamespaceAt),
    /// A namespace of any active warehouse.
    NamespaceAnywhere(NamespaceId),
    /// A table, view or generic table in an active warehouse.
    Tabular(TabularKind, WarehouseId, TabularAt),
}

/// How a namespace is named.
#[derive(Debug, Clone)]
pub enum NamespaceAt {
    /// By its id.
    Id(NamespaceId),
    /// By its path.
    Path(NamespacePath),
}

/// How a table, view or generic table is named.
#[derive(Debug, Clone)]
pub enum TabularAt {
    /// By its id.
    Id(TabularId),
    /// By its path.
    Path(TabularPath),
}

/// A key that is equal for targets that name the same thing the same way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum TargetKey {
    Server,
    User(UserId),
    Project(Option<ProjectId>),
    Role(RoleId),
    TagDefinition(TagDefinitionId),
    Warehouse(WarehouseId),
    NamespaceAnywhere(NamespaceId),
    NamespaceId(WarehouseId, NamespaceId),
    NamespacePath(WarehouseId, NamespaceKey),
    TabularId(TabularKind, WarehouseId, TabularId),
    TabularPath(TabularKind, WarehouseId, NamespaceKey, NameKey),
}

impl Target {
    /// A namespace, by its id.
    pub const fn namespace(within: WarehouseId, id: NamespaceId) -> Self {
        Self::Namespace(within, NamespaceAt::Id(id))
    }

    /// A table, view or generic table, by its id.
    pub const fn tabular(kind: TabularKind, within: WarehouseId, id: TabularId) -> Self {
        Self::Tabular(kind, within, TabularAt::Id(id))
    }

    /// What kind of thing it is.
    pub const fn kind(&self) -> ResourceKind {
        match self {
            Self::Server => ResourceKind::Server,
            Self::User(_) => ResourceKind::User,
            Self::Project(_) => ResourceKind::Project,
            Self::Role(_) => ResourceKind::Role,
            Self::TagDefinition(_) => ResourceKind::TagDefinition,
            Self::Warehouse(_) => ResourceKind::Warehouse,
            Self::Namespace(..) | Self::NamespaceAnywhere(_) => ResourceKind::Namespace,
            Self::Tabular(kind, ..) => ResourceKind::of_tabular(*kind),
        }
    }

    pub(super) fn key(&self) -> TargetKey {
        match self {
            Self::Server => TargetKey::Server,
            Self::User(id) => TargetKey::User(id.clone()),
            Self::Project(id) => TargetKey::Project(id.clone()),
            Self::Role(id) => TargetKey::Role(*id),
            Self::TagDefinition(id) => TargetKey::TagDefinition(*id),
            Self::Warehouse(id) => TargetKey::Warehouse(*id),
            Self::NamespaceAnywhere(id) => TargetKey::NamespaceAnywhere(*id),
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

    /// Looks up the target as the authorizer's resource. Users are not looked up: the right to ask about one user is
    /// the right to ask about all.
    pub(super) async fn find(&self, cx: &Catalog, request: &Request) -> Result<Resource> {
        Ok(match self {
            Self::Server => Resource::Server,
            Self::User(id) => Resource::User(id.clone()),
            Self::Project(Some(id)) => project::find(cx, id).await?.resource(),
            Self::Project(None) => {
                let id = project::of_request(cx, request)?;
                project::find(cx, &id).await?.resource()
            }
            Self::Role(id) => role::find_for(cx, request, *id).await?.resource(),
            Self::TagDefinition(id) => tag_definition::find(cx, request, *id).await?.resource(),
            Self::Warehouse(id) => warehouse::find(cx, *id).await?.resource(),
            Self::NamespaceAnywhere(id) => find_anywhere(cx, *id).await?,
            Self::Namespace(within, NamespaceAt::Id(id)) => {
                cx.find_namespace_by_id(*within, *id).await?.resource()
            }
            Self::Namespace(within, NamespaceAt::Path(path)) => {
                cx.find_namespace(*within, path).await?.resource()
            }
            Self::Tabular(kind, within, TabularAt::Id(id)) => {
                let at = AtId {
                    warehouse: *within,
                    kind: *kind,
                    id: *id,
                };
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

    /// The warehouse that the target lies in, if it is named.
    const fn warehouse(&self) -> Option<WarehouseId> {
        match self {
            Self::Namespace(within, _) | Self::Tabular(_, within, _) => Some(*within),
            Self::Server
            | Self::User(_)
            | Self::Project(_)
            | Self::Role(_)
            | Self::TagDefinition(_)
            | Self::Warehouse(_)
            | Self::NamespaceAnywhere(_) => None,
        }
    }

    /// Turns the error for a hidden thing into the one for a missing thing. If the warehouse is hidden from the
    /// caller, the error says that the warehouse is missing.
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
            Self::Role(id) => error.or_missing(|| role::missing(*id)),
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

impl Target {
    /// The target, before the caller's rights are checked.
    pub(crate) async fn found(&self, cx: &Catalog, request: &Request) -> Result<Found> {
        match self.find(cx, request).await {
            Ok(resource) => Ok(Found(resource)),
            Err(error) => Err(self.hide(cx, request, error).await),
        }
    }

    /// The target, if the caller may do all of `actions` on it.
    pub(crate) async fn require(
        &self,
        cx: &Catalog,
        request: &Request,
        actions: &[Action],
        found: Found,
    ) -> Result<Authorized<Found>> {
        match cx.require_all(request, actions, found).await {
            Ok(found) => Ok(found),
            Err(error) => Err(self.hide(cx, request, error).await),
        }
    }
}

/// The namespace, in whichever warehouse. One in an inactive warehouse is reported as missing.
async fn find_anywhere(cx: &Catalog, id: NamespaceId) -> Result<Resource> {
    let home = kept::home(cx, id).await?;
    match cx.find_namespace_by_id(home.id, id).await {
        Ok(target) => Ok(target.resource()),
        Err(error) if error.kind.is_missing() => Err(namespace::missing(&id)),
        Err(error) => Err(error),
    }
}

/// A target that was found, as something to require rights on.
#[derive(Debug, Clone)]
pub(crate) struct Found(pub(super) Resource);

impl Found {
    /// The action that a caller must be allowed in order to see the thing; for the server, one that everybody may do.
    pub(crate) fn see(&self) -> Action {
        let everybody = Action::Server(ServerAction::ListProjects);
        self.0.visibility_action().unwrap_or(everybody)
    }

    /// The thing as grants name it; an error for a user, on whom nothing can be granted.
    pub(crate) fn securable(&self) -> Result<Securable> {
        let missing = || CatalogError::bad_request("privileges cannot be granted on a user");
        self.0.securable().ok_or_else(missing)
    }
}

impl Protected for Found {
    fn resource(&self) -> Resource {
        self.0.clone()
    }
}
