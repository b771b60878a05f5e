//! Permissions by the relations of Lakekeeper's OpenFGA API: assignments, allowed actions and managed access, the same for each
//! kind of resource.

use axum::Json;
use axum::extract::{RawQuery, State};
use catalog::Request;
use catalog::permission::Target;
use http::StatusCode;
use model::{NamespaceId, RoleId, TabularId, TabularKind, TagDefinitionId, WarehouseId};

use super::assignment::{
    self, AllowedRelationsResponse, AssignmentsResponse, ManagedAccessResponse,
    SetManagedAccessRequest, UpdateAssignmentsRequest,
};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, Posted, PrincipalQuery, Query, ReadRequest, project_id};
use crate::management::per_resource::per_resource;

// Each of these macros is called by `per_resource!` with the arguments in its braces.

macro_rules! assignments {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(get, path = concat!($path, "/assignments"), tag = "permissions-openfga",
            operation_id = concat!("get_", $name, "_assignments", $end),
            summary = concat!("List the assignments on ", $what),
            description = "Needs the action `read_grants` on the resource or, on a role, `read_role_assignments`.",
            params($($params)*
                ("relations" = Option<Vec<String>>, Query, description = "Only assignments of these relations; may be repeated")),
            responses((status = 200, body = super::AssignmentsResponse)))]
        pub(crate) async fn assignments(
            super::State(app): super::State<super::App>,
            super::ReadRequest(request): super::ReadRequest,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            super::RawQuery(query): super::RawQuery,
        ) -> super::ApiResult<super::Json<super::AssignmentsResponse>> {
            super::assignment::list(&app, &request, &$target, query).await
        }
    };
}

macro_rules! assign {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(post, path = concat!($path, "/assignments"), tag = "permissions-openfga",
            operation_id = concat!("update_", $name, "_assignments", $end),
            summary = concat!("Add and remove assignments on ", $what),
            description = "Either all changes are made or none. Adding an assignment that exists is refused with 409 \
                           `TupleAlreadyExistsError`, removing one that does not exist with 404 `TupleNotFoundError`.",
            params($($params)*),
            request_body = super::UpdateAssignmentsRequest, responses((status = 204)))]
        pub(crate) async fn assign(
            super::State(app): super::State<super::App>,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            posted: super::Posted<super::UpdateAssignmentsRequest>,
        ) -> super::ApiResult<super::StatusCode> {
            super::assignment::update(app, posted, $target).await
        }
    };
}

macro_rules! access {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(get, path = concat!($path, "/access"), tag = "permissions-openfga",
            operation_id = concat!("get_", $name, "_access", $end),
            summary = concat!("List the allowed actions on ", $what, ", as relations of OpenFGA"),
            description = "Deprecated: use `…/actions` and `…/authorizer-actions` instead.",
            params($($params)* super::PrincipalQuery),
            responses((status = 200, body = super::AllowedRelationsResponse)))]
        pub(crate) async fn access(
            super::State(app): super::State<super::App>,
            super::ReadRequest(request): super::ReadRequest,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            super::Query(of): super::Query<super::PrincipalQuery>,
        ) -> super::ApiResult<super::Json<super::AllowedRelationsResponse>> {
            let on = $target;
            let names = on.kind().relations();
            super::allowed(&app, &request, &on, names, &of).await
        }
    };
}

macro_rules! authorizer_actions {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(get, path = concat!($path, "/authorizer-actions"), tag = "permissions-openfga",
            operation_id = concat!("get_authorizer_", $name, "_actions"),
            summary = concat!("List the relations of OpenFGA that may be granted to others on ", $what),
            params($($params)* super::PrincipalQuery),
            responses((status = 200, body = super::AllowedRelationsResponse)))]
        pub(crate) async fn authorizer_actions(
            super::State(app): super::State<super::App>,
            super::ReadRequest(request): super::ReadRequest,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            super::Query(of): super::Query<super::PrincipalQuery>,
        ) -> super::ApiResult<super::Json<super::AllowedRelationsResponse>> {
            let on = $target;
            let names = on.kind().authorizer_relations();
            super::allowed(&app, &request, &on, &names, &of).await
        }
    };
}

macro_rules! managed_access {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(get, path = $path, tag = "permissions-openfga",
            operation_id = concat!("get_", $name, $end),
            summary = concat!("Whether managed access is on for ", $what),
            params($($params)*),
            responses((status = 200, body = super::ManagedAccessResponse)))]
        pub(crate) async fn managed_access(
            super::State(app): super::State<super::App>,
            super::ReadRequest(request): super::ReadRequest,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
        ) -> super::ApiResult<super::Json<super::ManagedAccessResponse>> {
            super::assignment::managed_access(&app, &request, &$target).await
        }
    };
}

macro_rules! set_managed_access {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(post, path = concat!($path, "/managed-access"), tag = "permissions-openfga",
            operation_id = concat!("set_", $name, "_managed_access"),
            summary = concat!("Switch managed access on or off for ", $what),
            description = "While it is on, owners of namespaces, tables and views inside may not grant anything to others, \
                           unless they may manage grants there.",
            params($($params)*),
            request_body = super::SetManagedAccessRequest, responses((status = 200)))]
        pub(crate) async fn set_managed_access(
            super::State(app): super::State<super::App>,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            posted: super::Posted<super::SetManagedAccessRequest>,
        ) -> super::ApiResult<super::StatusCode> {
            super::assignment::set_managed_access(app, posted, $target).await
        }
    };
}

per_resource!(server {
    what: "the server", names: ("server", ""),
    path: "/v1/permissions/server",
    params: [],
    ids: (),
    target: super::Target::Server,
} assignments assign access authorizer_actions);

per_resource!(project {
    what: "a project", names: ("project", ""),
    path: "/v1/permissions/project",
    params: [("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent"),],
    ids: (),
    target: super::Target::Project(None),
} assignments assign access authorizer_actions);

per_resource!(project_by_id {
    what: "a project", names: ("project", "_by_id"),
    path: "/v1/permissions/project/{project_id}",
    params: [("project_id" = String, Path),],
    ids: (id: String),
    target: super::Target::Project(Some(super::project_id(&id)?)),
} assignments assign access);

per_resource!(role {
    what: "a role", names: ("role", "_by_id"),
    path: "/v1/permissions/role/{role_id}",
    params: [("role_id" = uuid::Uuid, Path),
        ("x-project-id" = Option<String>, Header, description = "The project that the role must be in; any if absent"),],
    ids: (id: super::RoleId),
    target: super::Target::Role(id),
} assignments assign access authorizer_actions);

per_resource!(tag {
    what: "a tag definition", names: ("tag", "_by_id"),
    path: "/v1/permissions/tag/{tag_definition_id}",
    params: [("tag_definition_id" = uuid::Uuid, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent"),],
    ids: (id: super::TagDefinitionId),
    target: super::Target::TagDefinition(id),
} assignments assign);

per_resource!(warehouse {
    what: "a warehouse", names: ("warehouse", "_by_id"),
    path: "/v1/permissions/warehouse/{warehouse_id}",
    params: [("warehouse_id" = uuid::Uuid, Path),],
    ids: (id: super::WarehouseId),
    target: super::Target::Warehouse(id),
} assignments assign access authorizer_actions managed_access set_managed_access);

per_resource!(namespace {
    what: "a namespace", names: ("namespace", "_by_id"),
    path: "/v1/permissions/namespace/{namespace_id}",
    params: [("namespace_id" = uuid::Uuid, Path),],
    ids: (id: super::NamespaceId),
    target: super::Target::NamespaceAnywhere(id),
} assignments assign access authorizer_actions managed_access set_managed_access);

per_resource!(table {
    what: "a table", names: ("table", "_by_id"),
    path: "/v1/permissions/warehouse/{warehouse_id}/table/{table_id}",
    params: [("warehouse_id" = uuid::Uuid, Path), ("table_id" = uuid::Uuid, Path),],
    ids: (warehouse: super::WarehouseId, id: super::TabularId),
    target: super::Target::tabular(super::TabularKind::Table, warehouse, id),
} assignments assign access authorizer_actions);

per_resource!(view {
    what: "a view", names: ("view", "_by_id"),
    path: "/v1/permissions/warehouse/{warehouse_id}/view/{view_id}",
    params: [("warehouse_id" = uuid::Uuid, Path), ("view_id" = uuid::Uuid, Path),],
    ids: (warehouse: super::WarehouseId, id: super::TabularId),
    target: super::Target::tabular(super::TabularKind::View, warehouse, id),
} assignments assign access authorizer_actions);

per_resource!(generic_table {
    what: "a generic table", names: ("generic_table", "_by_id"),
    path: "/v1/permissions/warehouse/{warehouse_id}/generic-table/{generic_table_id}",
    params: [("warehouse_id" = uuid::Uuid, Path), ("generic_table_id" = uuid::Uuid, Path),],
    ids: (warehouse: super::WarehouseId, id: super::TabularId),
    target: super::Target::tabular(super::TabularKind::GenericTable, warehouse, id),
} assignments assign authorizer_actions);

async fn allowed(
    app: &App,
    request: &Request,
    on: &Target,
    names: &[&'static str],
    of: &PrincipalQuery,
) -> ApiResult<Json<AllowedRelationsResponse>> {
    let of = of.read()?;
    let allowed = catalog::permission::relations(&app.catalog, request, on, names, of.as_ref());
    Ok(Json(AllowedRelationsResponse {
        allowed_actions: allowed.await?,
    }))
}
