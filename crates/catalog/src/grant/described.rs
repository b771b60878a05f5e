//! What can be given on what.

use model::{Privilege, TabularKind};

use Privilege::{
    Admin, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator, Ownership,
    PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

/// The kinds of things on which something can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The installation.
    Server,
    /// A project.
    Project,
    /// A warehouse.
    Warehouse,
    /// A namespace.
    Namespace,
    /// A table, view or generic table.
    Tabular(TabularKind),
}

/// What a privilege is shown as.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// What it is grouped by: `metadata`, `read`, `write`, `create`, `security` or `administration`.
    pub category: &'static str,
    /// What it is good for.
    pub description: &'static str,
}

impl Level {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Server,
        Self::Project,
        Self::Warehouse,
        Self::Namespace,
        Self::Tabular(TabularKind::Table),
        Self::Tabular(TabularKind::View),
        Self::Tabular(TabularKind::GenericTable),
    ];

    /// As the management API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Project => "project",
            Self::Warehouse => "warehouse",
            Self::Namespace => "namespace",
            Self::Tabular(kind) => kind.as_str(),
        }
    }

    /// What can be given on it.
    pub const fn privileges(self) -> &'static [Privilege] {
        match self {
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
            Self::Tabular(_) => &[
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

impl Described {
    /// How a privilege is shown.
    pub const fn of(privilege: Privilege) -> Self {
        let (category, description) = match privilege {
            Admin => (
                "administration",
                "Manages projects, users and settings of the installation, but sees no data.",
            ),
            Operator => ("administration", "May do everything in the installation."),
            ProjectAdmin => (
                "administration",
                "May do everything in the project: all that security and data administrators may.",
            ),
            SecurityAdmin => (
                "administration",
                "Manages grants, roles and ownership in the project.",
            ),
            DataAdmin => (
                "administration",
                "Manages warehouses and all data in the project, but no grants.",
            ),
            RoleCreator => ("administration", "Creates roles in the project."),
            TagCreator => ("administration", "Defines tags in the project."),
            Ownership => ("security", "May do everything with it, as who has made it."),
            PassGrants => ("security", "Gives to others what one has on it oneself."),
            ManageGrants => (
                "security",
                "Gives everything on it to others, and takes it back.",
            ),
            ManageTags => ("metadata", "Attaches tags to it and detaches them."),
            Describe => ("metadata", "Sees that it is there, and its metadata."),
            Select => ("read", "Reads its data."),
            Create => ("create", "Creates things in it."),
            Modify => ("write", "Changes it and what is in it, and drops it."),
            Privilege::Apply => ("metadata", "Attaches this tag and detaches it."),
        };
        Self {
            category,
            description,
        }
    }
}
