//! The actions that can be allowed, by the kind of resource that they act on, with their names in the management API.

use model::Privilege;

use crate::ResourceKind;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The action's name in the management API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The action with this name in the management API.
            pub fn from_name(text: &str) -> Option<Self> {
                Self::ALL.iter().find(|one| one.as_str() == text).copied()
            }
        }
    )*};
}

actions! {
    /// On the installation.
    ServerAction {
        /// Accept the terms of use and make the first administrator.
        Bootstrap => "bootstrap",
        /// List the projects that the caller may see.
        ListProjects => "list_projects",
        /// Search users, to make grants to them.
        SearchUsers => "search_users",
        /// Create a project.
        CreateProject => "create_project",
        /// Change the names, e-mail addresses, and types of users.
        UpdateUsers => "update_users",
        /// Delete users.
        DeleteUsers => "delete_users",
        /// List all users.
        ListUsers => "list_users",
        /// Register users other than the caller.
        ProvisionUsers => "provision_users",
        /// See the grants on it.
        ReadGrants => "read_grants",
        /// Read all events of the installation.
        ReadEvents => "read_events",
    }
    /// On a user.
    UserAction {
        /// See its name and e-mail address.
        Read => "read",
        /// Change its name, e-mail address, and type.
        Update => "update",
        /// Delete it, with its grants and its memberships in roles.
        Delete => "delete",
        /// See which roles it is in.
        ReadRoleAssignments => "read_role_assignments",
    }
    /// On a project.
    ProjectAction {
        /// Create a warehouse.
        CreateWarehouse => "create_warehouse",
        /// Delete it.
        Delete => "delete",
        /// Give it another name.
        Rename => "rename",
        /// See its name.
        GetMetadata => "get_metadata",
        /// List the warehouses that the caller may see.
        ListWarehouses => "list_warehouses",
        /// See it in a list.
        IncludeInList => "include_in_list",
        /// Create a role.
        CreateRole => "create_role",
        /// List its roles.
        ListRoles => "list_roles",
        /// Search roles, to make grants to them.
        SearchRoles => "search_roles",
        /// See how often each endpoint was called.
        GetEndpointStatistics => "get_endpoint_statistics",
        /// Change the configuration of its task queues.
        ModifyTaskQueueConfig => "modify_task_queue_config",
        /// See the configuration of its task queues.
        GetTaskQueueConfig => "get_task_queue_config",
        /// See its tasks.
        GetProjectTasks => "get_project_tasks",
        /// Stop, cancel or start its tasks.
        ControlProjectTasks => "control_project_tasks",
        /// Define a tag.
        CreateTag => "create_tag",
        /// List the tags that are defined.
        ListTags => "list_tags",
        /// See the grants on it.
        ReadGrants => "read_grants",
    }
    /// On a role.
    RoleAction {
        /// See it.
        Read => "read",
        /// See its name.
        ReadMetadata => "read_metadata",
        /// Delete it.
        Delete => "delete",
        /// Change its name and description.
        Update => "update",
        /// Add and remove members.
        ManageRoleAssignments => "manage_role_assignments",
        /// See its members.
        ReadRoleAssignments => "read_role_assignments",
        /// Change which role of an external system it stands for.
        UpdateSourceSystem => "update_source_system",
        /// Act as the role.
        Assume => "assume",
    }
    /// On the definition of a tag.
    TagAction {
        /// See it.
        Read => "read",
        /// Change it.
        Update => "update",
        /// Delete it.
        Delete => "delete",
        /// Attach it to warehouses, namespaces, tables, and the like.
        Apply => "apply",
        /// Detach it again.
        Remove => "remove",
        /// See what it is attached to.
        ReadAttachments => "read_attachments",
        /// See the grants on it.
        ReadGrants => "read_grants",
    }
    /// On a warehouse.
    WarehouseAction {
        /// Create a namespace at the top.
        CreateNamespace => "create_namespace",
        /// Delete it.
        Delete => "delete",
        /// Change its storage profile and credential: where its files are and how the catalog reaches them.
        UpdateStorage => "update_storage",
        /// See its settings.
        GetMetadata => "get_metadata",
        /// Get the configuration that a query engine needs to connect.
        GetConfig => "get_config",
        /// List the namespaces at the top that the caller may see.
        ListNamespaces => "list_namespaces",
        /// List everything in it.
        ListEverything => "list_everything",
        /// Send requests about anything in it.
        Use => "use",
        /// See it in a list.
        IncludeInList => "include_in_list",
        /// Deactivate it: its contents are not served any more.
        Deactivate => "deactivate",
        /// Activate it again.
        Activate => "activate",
        /// Give it another name.
        Rename => "rename",
        /// List the soft-deleted tables and views that the caller may see.
        ListDeletedTabulars => "list_deleted_tabulars",
        /// Change its soft-deletion settings: what a drop does.
        ModifySoftDeletion => "modify_soft_deletion",
        /// See the configuration of its task queues.
        GetTaskQueueConfig => "get_task_queue_config",
        /// Change the configuration of its task queues.
        ModifyTaskQueueConfig => "modify_task_queue_config",
        /// See its tasks.
        GetAllTasks => "get_all_tasks",
        /// Stop, cancel or start its tasks.
        ControlAllTasks => "control_all_tasks",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Change which format versions of tables it accepts.
        SetFormatVersionPolicy => "set_format_version_policy",
        /// See how often each endpoint was called.
        GetEndpointStatistics => "get_endpoint_statistics",
        /// Attach and detach tags.
        ManageTags => "manage_tags",
        /// Become the parent of a namespace that is moved.
        AcceptMovedNamespace => "accept_moved_namespace",
        /// Switch managed access: whether owners of what lies in it are kept from granting privileges on it.
        SetManagedAccess => "set_managed_access",
        /// See the grants on it.
        ReadGrants => "read_grants",
    }
    /// On a namespace.
    NamespaceAction {
        /// Create a table in it.
        CreateTable => "create_table",
        /// Create a view in it.
        CreateView => "create_view",
        /// Create a namespace in it.
        CreateNamespace => "create_namespace",
        /// Drop it.
        Delete => "delete",
        /// Change its properties.
        UpdateProperties => "update_properties",
        /// See its properties.
        GetMetadata => "get_metadata",
        /// List the tables in it that the caller may see.
        ListTables => "list_tables",
        /// List the views in it that the caller may see.
        ListViews => "list_views",
        /// List the namespaces in it that the caller may see.
        ListNamespaces => "list_namespaces",
        /// List everything in it.
        ListEverything => "list_everything",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// See it in a list.
        IncludeInList => "include_in_list",
        /// Create a generic table in it.
        CreateGenericTable => "create_generic_table",
        /// List the generic tables in it that the caller may see.
        ListGenericTables => "list_generic_tables",
        /// Attach and detach tags.
        ManageTags => "manage_tags",
        /// Move it to another parent.
        Move => "move",
        /// Become the parent of a namespace that is moved.
        AcceptMovedNamespace => "accept_moved_namespace",
        /// Switch managed access: whether owners of what lies in it are kept from granting privileges on it.
        SetManagedAccess => "set_managed_access",
        /// See the grants on it.
        ReadGrants => "read_grants",
    }
    /// On a table.
    TableAction {
        /// Drop it.
        Drop => "drop",
        /// Write and delete its files.
        WriteData => "write_data",
        /// Read its files.
        ReadData => "read_data",
        /// See its metadata.
        GetMetadata => "get_metadata",
        /// Commit to it.
        Commit => "commit",
        /// Give it another name or namespace.
        Rename => "rename",
        /// See it in a list.
        IncludeInList => "include_in_list",
        /// Restore it after a soft deletion.
        Undrop => "undrop",
        /// See its tasks.
        GetTasks => "get_tasks",
        /// Stop, cancel or start its tasks.
        ControlTasks => "control_tasks",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Attach and detach tags.
        ManageTags => "manage_tags",
        /// See the grants on it.
        ReadGrants => "read_grants",
    }
    /// On a view.
    ViewAction {
        /// Drop it.
        Drop => "drop",
        /// See its metadata.
        GetMetadata => "get_metadata",
        /// Read through it.
        Select => "select",
        /// Replace it.
        Commit => "commit",
        /// See it in a list.
        IncludeInList => "include_in_list",
        /// Give it another name or namespace.
        Rename => "rename",
        /// Restore it after a soft deletion.
        Undrop => "undrop",
        /// See its tasks.
        GetTasks => "get_tasks",
        /// Stop, cancel or start its tasks.
        ControlTasks => "control_tasks",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Attach and detach tags.
        ManageTags => "manage_tags",
        /// See the grants on it.
        ReadGrants => "read_grants",
    }
    /// On a generic table.
    GenericTableAction {
        /// Drop it.
        Drop => "drop",
        /// Read its files.
        ReadData => "read_data",
        /// Write and delete its files.
        WriteData => "write_data",
        /// See its definition.
        GetMetadata => "get_metadata",
        /// Give it another name or namespace.
        Rename => "rename",
        /// See it in a list.
        IncludeInList => "include_in_list",
        /// Restore it after a soft deletion.
        Undrop => "undrop",
        /// See its tasks.
        GetTasks => "get_tasks",
        /// Stop, cancel or start its tasks.
        ControlTasks => "control_tasks",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Attach and detach tags.
        ManageTags => "manage_tags",
        /// See the grants on it.
        ReadGrants => "read_grants",
    }
}

/// Any action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// On the installation.
    Server(ServerAction),
    /// On a user.
    User(UserAction),
    /// On a project.
    Project(ProjectAction),
    /// On a role.
    Role(RoleAction),
    /// On the definition of a tag.
    Tag(TagAction),
    /// On a warehouse.
    Warehouse(WarehouseAction),
    /// On a namespace.
    Namespace(NamespaceAction),
    /// On a table.
    Table(TableAction),
    /// On a view.
    View(ViewAction),
    /// On a generic table.
    GenericTable(GenericTableAction),
    /// Granting and revoking a privilege on any resource that has privileges.
    Grant(Privilege),
}

impl Action {
    /// The action's name in the management API; for [`Action::Grant`], that of the privilege.
    pub const fn name(self) -> &'static str {
        self.spelt().1
    }

    /// The kind of resource that it acts on; `None` for [`Action::Grant`], which acts on several kinds.
    pub const fn resource_kind(self) -> Option<ResourceKind> {
        Some(match self {
            Self::Server(_) => ResourceKind::Server,
            Self::User(_) => ResourceKind::User,
            Self::Project(_) => ResourceKind::Project,
            Self::Role(_) => ResourceKind::Role,
            Self::Tag(_) => ResourceKind::TagDefinition,
            Self::Warehouse(_) => ResourceKind::Warehouse,
            Self::Namespace(_) => ResourceKind::Namespace,
            Self::Table(_) => ResourceKind::Table,
            Self::View(_) => ResourceKind::View,
            Self::GenericTable(_) => ResourceKind::GenericTable,
            Self::Grant(_) => return None,
        })
    }

    /// The name of the kind of resource that it acts on, and its own name.
    const fn spelt(self) -> (&'static str, &'static str) {
        match self {
            Self::Server(action) => ("server", action.as_str()),
            Self::User(action) => ("user", action.as_str()),
            Self::Project(action) => ("project", action.as_str()),
            Self::Role(action) => ("role", action.as_str()),
            Self::Tag(action) => ("tag", action.as_str()),
            Self::Warehouse(action) => ("warehouse", action.as_str()),
            Self::Namespace(action) => ("namespace", action.as_str()),
            Self::Table(action) => ("table", action.as_str()),
            Self::View(action) => ("view", action.as_str()),
            Self::GenericTable(action) => ("generic-table", action.as_str()),
            Self::Grant(privilege) => ("grant", privilege.as_str()),
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (on, action) = self.spelt();
        write!(out, "{on}:{action}")
    }
}
