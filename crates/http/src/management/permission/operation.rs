//! The action and the resource of a check, as its body names them.

use authz::{Action, ResourceKind};
use catalog::permission::{NamespaceAt, TabularAt, Target};
use model::{Excerpt, NamespacePath, ProjectId, TabularKind};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Identifier, identifier};

/// An action on a resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation<A> {
    /// On the server.
    Server(OnServer<A>),
    /// On a project.
    Project(OnProject<A>),
    /// On a warehouse.
    Warehouse(OnWarehouse<A>),
    /// On a namespace.
    Namespace(OnNamespace<A>),
    /// On a table.
    Table(OnTabular<A>),
    /// On a view.
    View(OnTabular<A>),
    /// On a generic table.
    GenericTable(OnTabular<A>),
}

/// On the server.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OnServer<A> {
    action: A,
}

/// On a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct OnProject<A> {
    action: A,
    /// The project; if absent, the project of the request.
    #[schema(value_type = Option<String>)]
    project_id: Option<ProjectId>,
}

/// On a warehouse.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct OnWarehouse<A> {
    action: A,
    warehouse_id: Uuid,
}

/// On a namespace, by either `namespace-id` or `namespace`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct OnNamespace<A> {
    action: A,
    warehouse_id: Uuid,
    namespace_id: Option<Uuid>,
    /// The levels of the namespace, outermost first.
    namespace: Option<Vec<String>>,
}

/// On a table, view or generic table, by either `table-id`, or `namespace` and `table`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct OnTabular<A> {
    action: A,
    warehouse_id: Uuid,
    /// The id of the table, view or generic table.
    #[serde(
        alias = "view-id",
        alias = "view_id",
        alias = "generic-table-id",
        alias = "generic_table_id"
    )]
    table_id: Option<Uuid>,
    /// The levels of its namespace, outermost first.
    namespace: Option<Vec<String>>,
    /// The name of the table, view or generic table.
    #[serde(alias = "view", alias = "generic-table", alias = "generic_table")]
    table: Option<String>,
}

impl<A> Operation<A> {
    /// The resource, and the action, which `named` parses for this kind of resource.
    pub(super) fn read(
        self,
        named: impl FnOnce(ResourceKind, A) -> ApiResult<Action>,
    ) -> ApiResult<(Target, Action)> {
        Ok(match self {
            Self::Server(on) => (Target::Server, named(ResourceKind::Server, on.action)?),
            Self::Project(on) => (
                Target::Project(on.project_id),
                named(ResourceKind::Project, on.action)?,
            ),
            Self::Warehouse(on) => (
                Target::Warehouse(on.warehouse_id.into()),
                named(ResourceKind::Warehouse, on.action)?,
            ),
            Self::Namespace(on) => {
                let (target, action) = on.read()?;
                (target, named(ResourceKind::Namespace, action)?)
            }
            Self::Table(on) => {
                let (target, action) = on.read(TabularKind::Table)?;
                (target, named(ResourceKind::Table, action)?)
            }
            Self::View(on) => {
                let (target, action) = on.read(TabularKind::View)?;
                (target, named(ResourceKind::View, action)?)
            }
            Self::GenericTable(on) => {
                let (target, action) = on.read(TabularKind::GenericTable)?;
                (target, named(ResourceKind::GenericTable, action)?)
            }
        })
    }
}

impl<A> OnNamespace<A> {
    fn read(self) -> ApiResult<(Target, A)> {
        let at = match (self.namespace_id, self.namespace) {
            (Some(id), None) => NamespaceAt::Id(id.into()),
            (None, Some(levels)) => NamespaceAt::Path(NamespacePath::parse(levels)?),
            _ => {
                let message = "name the namespace by `namespace-id` or by `namespace`: set exactly one of them";
                return Err(ApiError::bad_request(message));
            }
        };
        Ok((Target::Namespace(self.warehouse_id.into(), at), self.action))
    }
}

impl<A> OnTabular<A> {
    fn read(self, kind: TabularKind) -> ApiResult<(Target, A)> {
        let at = match (self.table_id, self.namespace, self.table) {
            (Some(id), None, None) => TabularAt::Id(id.into()),
            (None, Some(namespace), Some(name)) => {
                let named = Identifier { namespace, name };
                TabularAt::Path(identifier(kind.as_str(), &named)?)
            }
            _ => {
                let message =
                    "name the table or view either by `table-id`, or by `namespace` and `table`";
                return Err(ApiError::bad_request(message));
            }
        };
        let target = Target::Tabular(kind, self.warehouse_id.into(), at);
        Ok((target, self.action))
    }
}

/// The error for an unknown action on this kind of resource.
pub(super) fn unknown(kind: ResourceKind, name: &str) -> ApiError {
    let shown = Excerpt(name);
    ApiError::bad_request(format!("there is no action `{shown}` on a {kind}"))
}
