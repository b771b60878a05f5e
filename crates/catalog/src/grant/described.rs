//! How privileges are described to users.

use model::Privilege;

use Privilege::{
    Admin, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator, Ownership,
    PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

/// The category and description of a privilege.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// The category: `metadata`, `read`, `write`, `create`, `security` or `administration`.
    pub category: &'static str,
    /// What the privilege allows.
    pub description: &'static str,
}

impl Described {
    /// The category and description of this privilege.
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
