//! The actions that can be allowed, by what they act on. Names as the management API spells them.

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// As the management API spells it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    )*};
}

actions! {
    /// On the installation.
    ServerAction {
        /// Accept the terms of use and make the first administrator.
        Bootstrap => "bootstrap",
        /// Create a project.
        CreateProject => "create_project",
        /// List the projects that one may see.
        ListProjects => "list_projects",
        /// Make users known that are not oneself.
        ProvisionUsers => "provision_users",
        /// List all users.
        ListUsers => "list_users",
        /// Find users, to give them something.
        SearchUsers => "search_users",
    }
    /// On a user.
    UserAction {
        /// See its name and e-mail address.
        Read => "read",
        /// Change them.
        Update => "update",
        /// Forget it, and all that it may do.
        Delete => "delete",
    }
    /// On a project.
    ProjectAction {
        /// See its name.
        GetMetadata => "get_metadata",
        /// Create a warehouse.
        CreateWarehouse => "create_warehouse",
        /// List the warehouses that one may see.
        ListWarehouses => "list_warehouses",
        /// Give it another name.
        Rename => "rename",
        /// Delete it.
        Delete => "delete",
    }
    /// On a warehouse.
    WarehouseAction {
        /// Connect an engine.
        GetConfig => "get_config",
        /// See its settings.
        GetMetadata => "get_metadata",
        /// Create a namespace at the top.
        CreateNamespace => "create_namespace",
        /// List the namespaces at the top.
        ListNamespaces => "list_namespaces",
        /// Give it another name.
        Rename => "rename",
        /// Serve it.
        Activate => "activate",
        /// Serve it no more.
        Deactivate => "deactivate",
        /// Change where its files are.
        ModifyStorage => "modify_storage",
        /// Change how it reaches them.
        ModifyStorageCredential => "modify_storage_credential",
        /// Change what a drop does.
        ModifySoftDeletion => "modify_soft_deletion",
        /// Change which format versions it takes.
        ModifyFormatVersionPolicy => "modify_format_version_policy",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Delete it.
        Delete => "delete",
    }
    /// On a namespace.
    NamespaceAction {
        /// See its properties.
        GetMetadata => "get_metadata",
        /// Change its properties.
        UpdateProperties => "update_properties",
        /// Create a table in it.
        CreateTable => "create_table",
        /// Create a view in it.
        CreateView => "create_view",
        /// Create a namespace in it.
        CreateNamespace => "create_namespace",
        /// List its tables.
        ListTables => "list_tables",
        /// List its views.
        ListViews => "list_views",
        /// List its namespaces.
        ListNamespaces => "list_namespaces",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Drop it.
        Delete => "delete",
    }
    /// On a table.
    TableAction {
        /// See its metadata.
        GetMetadata => "get_metadata",
        /// Read its files.
        ReadData => "read_data",
        /// Write and delete its files.
        WriteData => "write_data",
        /// Commit to it.
        Commit => "commit",
        /// Give it another name or namespace.
        Rename => "rename",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Drop it.
        Drop => "drop",
    }
    /// On a view.
    ViewAction {
        /// See its metadata.
        GetMetadata => "get_metadata",
        /// Replace it.
        Commit => "commit",
        /// Give it another name or namespace.
        Rename => "rename",
        /// Protect it from deletion.
        SetProtection => "set_protection",
        /// Drop it.
        Drop => "drop",
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
    /// On a warehouse.
    Warehouse(WarehouseAction),
    /// On a namespace.
    Namespace(NamespaceAction),
    /// On a table.
    Table(TableAction),
    /// On a view.
    View(ViewAction),
}

impl std::fmt::Display for Action {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Server(action) => write!(out, "server:{}", action.as_str()),
            Self::User(action) => write!(out, "user:{}", action.as_str()),
            Self::Project(action) => write!(out, "project:{}", action.as_str()),
            Self::Warehouse(action) => write!(out, "warehouse:{}", action.as_str()),
            Self::Namespace(action) => write!(out, "namespace:{}", action.as_str()),
            Self::Table(action) => write!(out, "table:{}", action.as_str()),
            Self::View(action) => write!(out, "view:{}", action.as_str()),
        }
    }
}
