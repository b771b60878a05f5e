//! Which privileges can be granted on which kinds of resources.

use model::{Privilege, Securable};

use crate::ResourceKind;

use Privilege::{
    Admin, Apply, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator,
    Ownership, PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

impl ResourceKind {
    /// The kind of a securable.
    pub const fn of(on: &Securable) -> Self {
        match on {
            Securable::Server => Self::Server,
            Securable::Project(_) => Self::Project,
            Securable::Role(_) => Self::Role,
            Securable::TagDefinition(_) => Self::TagDefinition,
            Securable::Warehouse(_) => Self::Warehouse,
            Securable::Namespace(_) => Self::Namespace,
            Securable::Tabular(kind, _) => Self::of_tabular(*kind),
        }
    }

    /// The privileges that can be granted on resources of this kind.
    pub const fn privileges(self) -> &'static [Privilege] {
        match self {
            Self::User => &[],
            Self::Server => &[Admin, Operator],
            Self::Project => &[
                ProjectAdmin,
                SecurityAdmin,
                DataAdmin,
                RoleCreator,
                TagCreator,
                Describe,
                Select,
                Create,
                Modify,
            ],
            Self::Role => &[Ownership],
            Self::TagDefinition => &[Ownership, Apply],
            Self::Warehouse | Self::Namespace => &[
                Ownership,
                PassGrants,
                ManageGrants,
                ManageTags,
                Describe,
                Select,
                Create,
                Modify,
            ],
            Self::Table | Self::View | Self::GenericTable => &[
                Ownership,
                PassGrants,
                ManageGrants,
                ManageTags,
                Describe,
                Select,
                Modify,
            ],
        }
    }
}
