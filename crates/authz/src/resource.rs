//! What is acted on.

use model::{
    NamespaceId, ProjectId, RoleId, Securable, TabularId, TabularKind, TagDefinitionId, UserId,
    Version, WarehouseId,
};
use store::Place;

use crate::{
    Action, GenericTableAction, NamespaceAction, ProjectAction, RoleAction, TableAction, TagAction,
    ViewAction, WarehouseAction,
};

/// What is acted on, with what it lies in: a decision walks up from it, never down.
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

/// A warehouse, and how current what is known of its grants must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InWarehouse {
    /// The warehouse.
    pub id: WarehouseId,
    /// The project that holds it.
    pub project: ProjectId,
    /// The version of its grants, as the database told it after the request had arrived.
    pub grants: Version,
}

impl Resource {
    /// The place whose rights pass down to it, or are its own.
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

    /// What grants on it are on; a user has none.
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

    /// What tells whether somebody may know that it is there. Everybody knows that there are a server and users.
    pub(crate) const fn sight(&self) -> Option<Action> {
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

    /// What the way to it leads through: whoever has been given anything below that finds it.
    pub fn browsed(&self) -> Option<Securable> {
        match self {
            // Whoever finds the way into the project sees what is defined there.
            Self::Role(project, _) | Self::TagDefinition(project, _) => {
                Some(Securable::Project(project.clone()))
            }
            other => other.securable(),
        }
    }

    /// The same thing, whatever may be given on it.
    #[must_use]
    pub fn without_version(&self) -> Self {
        let mut same = self.clone();
        if let Self::Warehouse(at) | Self::Namespace(at, _) | Self::Tabular(_, at, _, _) = &mut same
        {
            at.grants = Version::FIRST;
        }
        same
    }

    /// What has grants of its own below its place.
    pub(crate) fn leaf(&self) -> Option<Securable> {
        match self {
            Self::Role(..) | Self::TagDefinition(..) | Self::Tabular(..) => self.securable(),
            _ => None,
        }
    }

    /// The version that what is cached about it must have.
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
