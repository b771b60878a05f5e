//! The names of actions in the permissions API: the relations of today's Lakekeeper's `OpenFGA` model, in which granting
//! each privilege is an action of its own.

use model::Privilege;

use crate::{
    Action, GenericTableAction, NamespaceAction, ProjectAction, ResourceKind, RoleAction,
    ServerAction, TableAction, ViewAction, WarehouseAction,
};

const SERVER: &[&str] = &[
    "create_project",
    "update_users",
    "delete_users",
    "list_users",
    "grant_admin",
    "provision_users",
    "read_assignments",
];

const PROJECT: &[&str] = &[
    "create_warehouse",
    "delete",
    "rename",
    "list_warehouses",
    "create_role",
    "list_roles",
    "search_roles",
    "read_assignments",
    "grant_role_creator",
    "grant_tag_creator",
    "grant_create",
    "grant_describe",
    "grant_modify",
    "grant_select",
    "grant_project_admin",
    "grant_security_admin",
    "grant_data_admin",
    "get_endpoint_statistics",
];

const ROLE: &[&str] = &[
    "assume",
    "can_grant_assignee",
    "can_change_ownership",
    "delete",
    "update",
    "read",
    "read_assignments",
];

const WAREHOUSE: &[&str] = &[
    "create_namespace",
    "accept_moved_namespace",
    "delete",
    "modify_storage",
    "modify_storage_credential",
    "get_config",
    "get_metadata",
    "list_namespaces",
    "include_in_list",
    "deactivate",
    "activate",
    "rename",
    "list_deleted_tabulars",
    "read_assignments",
    "grant_create",
    "grant_describe",
    "grant_modify",
    "grant_select",
    "grant_pass_grants",
    "grant_manage_grants",
    "grant_manage_tags",
    "change_ownership",
    "get_all_tasks",
    "control_all_tasks",
    "set_protection",
    "set_format_version_policy",
    "get_endpoint_statistics",
];

const NAMESPACE: &[&str] = &[
    "create_table",
    "create_view",
    "create_generic_table",
    "create_namespace",
    "delete",
    "move",
    "accept_moved_namespace",
    "update_properties",
    "get_metadata",
    "read_assignments",
    "grant_create",
    "grant_describe",
    "grant_modify",
    "grant_select",
    "grant_pass_grants",
    "grant_manage_grants",
    "grant_manage_tags",
    "set_protection",
];

const TABLE: &[&str] = &[
    "drop",
    "write_data",
    "read_data",
    "get_metadata",
    "commit",
    "rename",
    "read_assignments",
    "grant_pass_grants",
    "grant_manage_grants",
    "grant_manage_tags",
    "grant_describe",
    "grant_select",
    "grant_modify",
    "change_ownership",
    "get_tasks",
    "control_tasks",
    "set_protection",
];

const VIEW: &[&str] = &[
    "drop",
    "commit",
    "get_metadata",
    "select",
    "rename",
    "read_assignments",
    "grant_pass_grants",
    "grant_manage_grants",
    "grant_manage_tags",
    "grant_describe",
    "grant_select",
    "grant_modify",
    "change_ownership",
    "get_tasks",
    "control_tasks",
    "set_protection",
];

const GENERIC_TABLE: &[&str] = &[
    "drop",
    "undrop",
    "write_data",
    "read_data",
    "get_metadata",
    "rename",
    "include_in_list",
    "get_tasks",
    "control_tasks",
    "set_protection",
    "read_assignments",
    "grant_pass_grants",
    "grant_manage_grants",
    "grant_manage_tags",
    "grant_describe",
    "grant_select",
    "grant_modify",
    "change_ownership",
];

impl ResourceKind {
    /// The names of the relations that a caller can ask about on resources of this kind.
    pub const fn relations(self) -> &'static [&'static str] {
        match self {
            Self::Server => SERVER,
            Self::Project => PROJECT,
            Self::Role => ROLE,
            Self::Warehouse => WAREHOUSE,
            Self::Namespace => NAMESPACE,
            Self::Table => TABLE,
            Self::View => VIEW,
            Self::GenericTable => GENERIC_TABLE,
            Self::User | Self::TagDefinition => &[],
        }
    }

    /// The relations that are about permissions: which privileges the caller may grant, whether it sees the grants, and
    /// whether it may act as a role or manage the role's members.
    pub fn authorizer_relations(self) -> Vec<&'static str> {
        let names = self.relations().iter().copied();
        names
            .filter(|name| {
                let about = self.relation(name);
                *name == "read_assignments"
                    || matches!(
                        about,
                        Some(
                            Action::Grant(_)
                                | Action::Role(
                                    RoleAction::Assume | RoleAction::ManageRoleAssignments
                                )
                        )
                    )
            })
            .collect()
    }

    /// The action that the relation stands for; `None` if this kind of resource has no such relation.
    pub fn relation(self, name: &str) -> Option<Action> {
        if !self.relations().contains(&name) {
            return None;
        }
        if let Some(privilege) = name.strip_prefix("grant_") {
            return Privilege::from_name(privilege).map(Action::Grant);
        }
        if name == "change_ownership" {
            return Some(Action::Grant(Privilege::Ownership));
        }
        let name = if name == "read_assignments" {
            "read_grants"
        } else {
            name
        };
        match self {
            Self::Server => ServerAction::from_name(name).map(Action::Server),
            Self::Project => ProjectAction::from_name(name).map(Action::Project),
            Self::Role => on_role(name),
            Self::Warehouse => on_warehouse(name).map(Action::Warehouse),
            Self::Namespace => NamespaceAction::from_name(name).map(Action::Namespace),
            Self::Table => TableAction::from_name(name).map(Action::Table),
            Self::View => ViewAction::from_name(name).map(Action::View),
            Self::GenericTable => GenericTableAction::from_name(name).map(Action::GenericTable),
            Self::User | Self::TagDefinition => None,
        }
    }
}

fn on_role(name: &str) -> Option<Action> {
    let action = match name {
        "can_grant_assignee" => RoleAction::ManageRoleAssignments,
        "can_change_ownership" => return Some(Action::Grant(Privilege::Ownership)),
        "read_grants" => RoleAction::ReadRoleAssignments,
        name => RoleAction::from_name(name)?,
    };
    Some(Action::Role(action))
}

fn on_warehouse(name: &str) -> Option<WarehouseAction> {
    match name {
        "modify_storage" | "modify_storage_credential" => Some(WarehouseAction::UpdateStorage),
        name => WarehouseAction::from_name(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_about_permissions_are_told_apart() {
        let of_server = ResourceKind::Server.authorizer_relations();
        assert_eq!(of_server, ["grant_admin", "read_assignments"]);
        let of_role = ResourceKind::Role.authorizer_relations();
        let expected = [
            "assume",
            "can_grant_assignee",
            "can_change_ownership",
            "read_assignments",
        ];
        assert_eq!(of_role, expected);
        assert_eq!(ResourceKind::Table.authorizer_relations().len(), 8);
        assert_eq!(ResourceKind::User.authorizer_relations(), [""; 0]);
    }

    #[test]
    fn each_relation_stands_for_an_action_on_its_kind() {
        use ResourceKind as Kind;
        let with_relations = [
            Kind::Server,
            Kind::Project,
            Kind::Role,
            Kind::Warehouse,
            Kind::Namespace,
            Kind::Table,
            Kind::View,
            Kind::GenericTable,
        ];
        for kind in with_relations {
            for name in kind.relations() {
                assert!(kind.relation(name).is_some(), "{kind:?}: {name}");
            }
            assert_eq!(kind.relation("read_grants"), None);
            assert_eq!(kind.relation("grant_apply"), None);
        }
        assert_eq!(
            Kind::Server.relation("grant_admin"),
            Some(Action::Grant(Privilege::Admin))
        );
        assert_eq!(
            Kind::Table.relation("read_assignments"),
            Some(Action::Table(TableAction::ReadGrants))
        );
    }
}
