//! How privileges are described to users.

use model::Privilege;

use Privilege::{
    Admin, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator, Ownership,
    PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

/// The category and description of a privilege.
#[derive(Debug, Clone, Copy)]
pub struct PrivilegeInfo {
    /// The category: `metadata`, `read`, `write`, `create`, `security` or `administration`.
    pub category: &'static str,
    /// What the privilege allows.
    pub description: &'static str,
}

impl PrivilegeInfo {
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
            Ownership => (
                "security",
                "May do everything with the resource. The creator of a resource has this privilege.",
            ),
            PassGrants => (
                "security",
                "Grants to others the privileges that the holder has on the resource.",
            ),
            ManageGrants => (
                "security",
                "Grants all privileges on the resource to others, and revokes them.",
            ),
            ManageTags => (
                "metadata",
                "Attaches tags to the resource and detaches them.",
            ),
            Describe => (
                "metadata",
                "Sees that the resource exists, and its metadata.",
            ),
            Select => ("read", "Reads the data of the resource."),
            Create => ("create", "Creates other resources in the resource."),
            Modify => (
                "write",
                "Changes the resource and its content, and drops it.",
            ),
            Privilege::Apply => ("metadata", "Attaches the tag to resources and detaches it."),
        };
        Self {
            category,
            description,
        }
    }
}
