//! The resources that are acted on.

use std::fmt;

use model::{
    NamespaceId, ProjectId, RoleId, Securable, TabularId, TabularKind, TagDefinitionId, UserId,
    Version, WarehouseId,
};
use store::Place;

use crate::{
    Action, GenericTableAction, NamespaceAction, ProjectAction, RoleAction, ServerAction,
    TableAction, TagAction, UserAction, ViewAction, WarehouseAction,
};

/// A resource that is acted on, with what it lies in: a decision walks up from the resource, never down.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The installation.
    Server,
    /// A user.
    User(UserId),
    /// A project.
    Project(ProjectId),
    /// A role of a project.
    Role(ProjectId, RoleId),
    /// The definition of a tag in a project.
    TagDefinition(ProjectId, TagDefinitionId),
    /// A warehouse.
    Warehouse(InWarehouse),
    /// A namespace.
    Namespace(InWarehouse, NamespaceId),
    /// A table, a view or a generic table.
    Tabular(TabularKind, InWarehouse, NamespaceId, TabularId),
}

/// A warehouse, and how current the cached knowledge about its grants must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InWarehouse {
    /// The warehouse.
    pub id: WarehouseId,
    /// The project that holds it.
    pub project: ProjectId,
    /// The version of its grants, read from the database after the request arrived.
    pub grants: Version,
}

impl Resource {
    /// The place that the resource is, or that it lies directly in and whose rights pass down to it.
    pub fn place(&self) -> Place {
        match self {
            Self::Server | Self::User(_) => Place::Server,
            Self::Project(id) | Self::Role(id, _) | Self::TagDefinition(id, _) => {
                Place::Project(id.clone())
            }
            Self::Warehouse(warehouse) => Place::Warehouse(warehouse.id),
            Self::Namespace(_, id) | Self::Tabular(_, _, id, _) => Place::Namespace(*id),
        }
    }

    /// The project that the resource is, or lies in.
    pub const fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Server | Self::User(_) => None,
            Self::Project(id) | Self::Role(id, _) | Self::TagDefinition(id, _) => Some(id),
            Self::Warehouse(at) | Self::Namespace(at, _) | Self::Tabular(_, at, _, _) => {
                Some(&at.project)
            }
        }
    }

    /// The securable that has the grants on the resource; `None` for a user, on whom nothing can be granted.
    pub fn securable(&self) -> Option<Securable> {
        Some(match self {
            Self::User(_) => return None,
            Self::Server => Securable::Server,
            Self::Project(id) => Securable::Project(id.clone()),
            Self::Role(_, id) => Securable::Role(*id),
            Self::TagDefinition(_, id) => Securable::TagDefinition(*id),
            Self::Warehouse(warehouse) => Securable::Warehouse(warehouse.id),
            Self::Namespace(_, id) => Securable::Namespace(*id),
            Self::Tabular(kind, _, _, id) => Securable::Tabular(*kind, *id),
        })
    }

    /// The action that a caller must be allowed in order to know that the resource exists; `None` for the server and users,
    /// whose existence is no secret.
    pub const fn visibility_action(&self) -> Option<Action> {
        Some(match self {
            Self::Server | Self::User(_) => return None,
            Self::Project(_) => Action::Project(ProjectAction::GetMetadata),
            Self::Role(..) => Action::Role(RoleAction::Read),
            Self::TagDefinition(..) => Action::Tag(TagAction::Read),
            Self::Warehouse(_) => Action::Warehouse(WarehouseAction::GetMetadata),
            Self::Namespace(..) => Action::Namespace(NamespaceAction::GetMetadata),
            Self::Tabular(TabularKind::Table, ..) => Action::Table(TableAction::GetMetadata),
            Self::Tabular(TabularKind::View, ..) => Action::View(ViewAction::GetMetadata),
            Self::Tabular(TabularKind::GenericTable, ..) => {
                Action::GenericTable(GenericTableAction::GetMetadata)
            }
        })
    }

    /// The securable below which any grant is enough to browse to the resource.
    pub fn browse_root(&self) -> Option<Securable> {
        match self {
            // Whoever has a grant on anything in a project sees the roles and tag definitions of the project.
            Self::Role(project, _) | Self::TagDefinition(project, _) => {
                Some(Securable::Project(project.clone()))
            }
            other => other.securable(),
        }
    }

    /// The same resource with the first version of grants, so that equal resources compare as equal whatever their versions.
    #[must_use]
    pub fn without_version(&self) -> Self {
        let mut same = self.clone();
        if let Self::Warehouse(at) | Self::Namespace(at, _) | Self::Tabular(_, at, _, _) = &mut same
        {
            at.grants = Version::FIRST;
        }
        same
    }

    /// The action that a caller must be allowed in order to ask what others may do to the resource.
    pub const fn read_grants_action(&self) -> Action {
        match self {
            Self::Server => Action::Server(ServerAction::ReadGrants),
            Self::User(_) => Action::User(UserAction::ReadRoleAssignments),
            Self::Project(_) => Action::Project(ProjectAction::ReadGrants),
            Self::Role(..) => Action::Role(RoleAction::ReadRoleAssignments),
            Self::TagDefinition(..) => Action::Tag(TagAction::ReadGrants),
            Self::Warehouse(_) => Action::Warehouse(WarehouseAction::ReadGrants),
            Self::Namespace(..) => Action::Namespace(NamespaceAction::ReadGrants),
            Self::Tabular(TabularKind::Table, ..) => Action::Table(TableAction::ReadGrants),
            Self::Tabular(TabularKind::View, ..) => Action::View(ViewAction::ReadGrants),
            Self::Tabular(TabularKind::GenericTable, ..) => {
                Action::GenericTable(GenericTableAction::ReadGrants)
            }
        }
    }

    /// The kind of the resource.
    pub const fn kind(&self) -> ResourceKind {
        match self {
            Self::Server => ResourceKind::Server,
            Self::User(_) => ResourceKind::User,
            Self::Project(_) => ResourceKind::Project,
            Self::Role(..) => ResourceKind::Role,
            Self::TagDefinition(..) => ResourceKind::TagDefinition,
            Self::Warehouse(_) => ResourceKind::Warehouse,
            Self::Namespace(..) => ResourceKind::Namespace,
            Self::Tabular(kind, ..) => ResourceKind::of_tabular(*kind),
        }
    }

    /// The securable of a resource that has grants of its own below its place: a role, a tag definition, a table or a view.
    pub(crate) fn leaf(&self) -> Option<Securable> {
        match self {
            Self::Role(..) | Self::TagDefinition(..) | Self::Tabular(..) => self.securable(),
            _ => None,
        }
    }

    /// The version of grants that cached rights on the resource must have at least; `None` outside of warehouses, where
    /// rights are not cached.
    pub const fn version(&self) -> Option<Version> {
        match self {
            Self::Warehouse(at) | Self::Namespace(at, _) | Self::Tabular(_, at, _, _) => {
                Some(at.grants)
            }
            Self::Server
            | Self::User(_)
            | Self::Project(_)
            | Self::Role(..)
            | Self::TagDefinition(..) => None,
        }
    }
}

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// The installation.
    Server,
    /// A user.
    User,
    /// A project.
    Project,
    /// A role.
    Role,
    /// The definition of a tag.
    TagDefinition,
    /// A warehouse.
    Warehouse,
    /// A namespace.
    Namespace,
    /// A table.
    Table,
    /// A view.
    View,
    /// A generic table.
    GenericTable,
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl ResourceKind {
    /// The kind's name in the management API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::User => "user",
            Self::Project => "project",
            Self::Role => "role",
            Self::TagDefinition => "tag-definition",
            Self::Warehouse => "warehouse",
            Self::Namespace => "namespace",
            Self::Table => "table",
            Self::View => "view",
            Self::GenericTable => "generic-table",
        }
    }

    /// The kind of a table, view or generic table.
    pub const fn of_tabular(kind: TabularKind) -> Self {
        match kind {
            TabularKind::Table => Self::Table,
            TabularKind::View => Self::View,
            TabularKind::GenericTable => Self::GenericTable,
        }
    }

    /// The actions on such a resource that the management API lists. It leaves out what everybody may do to the server,
    /// reading the server's events, switching managed access, and acting as a role, which callers ask for by other means.
    pub fn actions(self) -> Vec<Action> {
        let all = match self {
            Self::Server => all(ServerAction::ALL, Action::Server),
            Self::User => all(UserAction::ALL, Action::User),
            Self::Project => all(ProjectAction::ALL, Action::Project),
            Self::Role => all(RoleAction::ALL, Action::Role),
            Self::TagDefinition => all(TagAction::ALL, Action::Tag),
            Self::Warehouse => all(WarehouseAction::ALL, Action::Warehouse),
            Self::Namespace => all(NamespaceAction::ALL, Action::Namespace),
            Self::Table => all(TableAction::ALL, Action::Table),
            Self::View => all(ViewAction::ALL, Action::View),
            Self::GenericTable => all(GenericTableAction::ALL, Action::GenericTable),
        };
        let is_told = |action: &Action| {
            !matches!(
                action,
                Action::Role(RoleAction::Assume)
                    | Action::Warehouse(WarehouseAction::SetManagedAccess)
                    | Action::Namespace(NamespaceAction::SetManagedAccess)
                    | Action::Server(
                        ServerAction::Bootstrap
                            | ServerAction::ListProjects
                            | ServerAction::SearchUsers
                            | ServerAction::ReadEvents
                    )
            )
        };
        all.into_iter().filter(is_told).collect()
    }

    /// The action with this name among [`Self::actions`].
    pub fn action(self, name: &str) -> Option<Action> {
        self.actions()
            .into_iter()
            .find(|action| action.name() == name)
    }
}

fn all<A: Copy>(actions: &[A], of: fn(A) -> Action) -> Vec<Action> {
    actions.iter().copied().map(of).collect()
}
