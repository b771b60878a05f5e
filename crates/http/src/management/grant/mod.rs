//! Operations on grants, the same for each kind of resource.

pub(crate) mod all;
pub(crate) mod body;

use axum::Json;
use axum::extract::State;
use catalog::Request;
use catalog::permission::Target;
use http::StatusCode;
use model::{NamespaceId, TabularId, TabularKind, TagDefinitionId, WarehouseId};

use self::body::{
    ApplyGrantsRequest, GrantAccessQuery, ListGrantsQuery, ListGrantsResponse,
    ResourceGrantablePrivilegesResponse,
};
use super::per_resource::per_resource;
use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Path, Posted, Query, ReadRequest};

// Each of these macros is called by `per_resource!` with the arguments in its braces.

macro_rules! list {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(get, path = concat!($path, "/grants"), tag = "grant",
            operation_id = concat!("list_", $name, "_grants", $end),
            summary = concat!("List the grants on ", $what),
            description = "Callers who may see the resource may list their own grants on it; listing all \
                           grants needs the action `read_grants`.",
            params($($params)* super::ListGrantsQuery),
            responses((status = 200, body = super::ListGrantsResponse)))]
        pub(crate) async fn list(
            super::State(app): super::State<super::App>,
            super::ReadRequest(request): super::ReadRequest,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            super::Query(query): super::Query<super::ListGrantsQuery>,
        ) -> super::ApiResult<super::Json<super::ListGrantsResponse>> {
            super::list(&app, &request, &$target, query).await
        }
    };
}

macro_rules! apply {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(post, path = concat!($path, "/grants"), tag = "grant",
            operation_id = concat!("apply_", $name, "_grants", $end),
            summary = concat!("Grant and revoke privileges on ", $what),
            description = "Either all changes are made or none. A change that is made already is no error.",
            params($($params)*),
            request_body = super::ApplyGrantsRequest, responses((status = 204)))]
        pub(crate) async fn apply(
            super::State(app): super::State<super::App>,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            posted: super::Posted<super::ApplyGrantsRequest>,
        ) -> super::ApiResult<super::StatusCode> {
            super::apply(app, posted, $target).await
        }
    };
}

macro_rules! grantable {
    (what: $what:literal, names: ($name:literal, $end:literal), path: $path:literal,
     params: [$($params:tt)*], ids: ($($id:ident: $type:ty),*), target: $target:expr,) => {
        #[utoipa::path(get, path = concat!($path, "/grants/grantable-privileges"), tag = "grant",
            operation_id = concat!("get_", $name, "_grantable_privileges", $end),
            summary = concat!("List the privileges that may be granted to others on ", $what),
            params($($params)* super::GrantAccessQuery),
            responses((status = 200, body = super::ResourceGrantablePrivilegesResponse)))]
        pub(crate) async fn grantable(
            super::State(app): super::State<super::App>,
            super::ReadRequest(request): super::ReadRequest,
            super::Path(($($id,)*)): super::Path<($($type,)*)>,
            super::Query(query): super::Query<super::GrantAccessQuery>,
        ) -> super::ApiResult<super::Json<super::ResourceGrantablePrivilegesResponse>> {
            super::grantable(&app, &request, &$target, query).await
        }
    };
}

per_resource!(server {
    what: "the server", names: ("server", ""), path: "/v1/server", params: [], ids: (),
    target: super::Target::Server,
} list apply grantable);

per_resource!(project {
    what: "a project", names: ("project", ""), path: "/v1/project",
    params: [("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent"),],
    ids: (), target: super::Target::Project(None),
} list apply grantable);

per_resource!(tag_definition {
    what: "a tag definition", names: ("tag", ""), path: "/v1/tag-definition/{tag_definition_id}",
    params: [("tag_definition_id" = uuid::Uuid, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent"),],
    ids: (id: super::TagDefinitionId), target: super::Target::TagDefinition(id),
} list apply grantable);

per_resource!(warehouse {
    what: "a warehouse", names: ("warehouse", ""), path: "/v1/warehouse/{warehouse_id}",
    params: [("warehouse_id" = uuid::Uuid, Path),],
    ids: (id: super::WarehouseId), target: super::Target::Warehouse(id),
} list apply grantable);

per_resource!(namespace {
    what: "a namespace", names: ("namespace", ""), path: "/v1/warehouse/{warehouse_id}/namespace/{namespace_id}",
    params: [("warehouse_id" = uuid::Uuid, Path), ("namespace_id" = uuid::Uuid, Path),],
    ids: (warehouse: super::WarehouseId, id: super::NamespaceId),
    target: super::Target::namespace(warehouse, id),
} list apply grantable);

per_resource!(table {
    what: "a table", names: ("table", ""), path: "/v1/warehouse/{warehouse_id}/table/{table_id}",
    params: [("warehouse_id" = uuid::Uuid, Path), ("table_id" = uuid::Uuid, Path),],
    ids: (warehouse: super::WarehouseId, id: super::TabularId),
    target: super::Target::tabular(super::TabularKind::Table, warehouse, id),
} list apply grantable);

per_resource!(view {
    what: "a view", names: ("view", ""), path: "/v1/warehouse/{warehouse_id}/view/{view_id}",
    params: [("warehouse_id" = uuid::Uuid, Path), ("view_id" = uuid::Uuid, Path),],
    ids: (warehouse: super::WarehouseId, id: super::TabularId),
    target: super::Target::tabular(super::TabularKind::View, warehouse, id),
} list apply grantable);

per_resource!(generic_table {
    what: "a generic table", names: ("generic_table", ""),
    path: "/v1/warehouse/{warehouse_id}/generic-table/{generic_table_id}",
    params: [("warehouse_id" = uuid::Uuid, Path), ("generic_table_id" = uuid::Uuid, Path),],
    ids: (warehouse: super::WarehouseId, id: super::TabularId),
    target: super::Target::tabular(super::TabularKind::GenericTable, warehouse, id),
} list apply grantable);

async fn list(
    app: &App,
    request: &Request,
    on: &Target,
    query: ListGrantsQuery,
) -> ApiResult<Json<ListGrantsResponse>> {
    let (to, page) = query.decode(app)?;
    let found = catalog::grant::on(&app.catalog, request, on, to, page).await?;
    Ok(Json(found.into()))
}

async fn apply(
    app: App,
    Posted { request, body }: Posted<ApplyGrantsRequest>,
    on: Target,
) -> ApiResult<StatusCode> {
    let diff = body.decode()?;
    run_to_end(app.changes(), async move {
        catalog::grant::apply(&app.catalog, &request, &on, diff).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn grantable(
    app: &App,
    request: &Request,
    on: &Target,
    query: GrantAccessQuery,
) -> ApiResult<Json<ResourceGrantablePrivilegesResponse>> {
    let of = query.decode()?;
    let found = catalog::grant::grantable(&app.catalog, request, on, of).await?;
    Ok(Json(ResourceGrantablePrivilegesResponse::of(
        on.kind(),
        found,
    )))
}
