//! `GET …/actions`: the actions that a user or role may perform on a resource.

use authz::Action;
use axum::Json;
use axum::extract::State;
use catalog::Request;
use catalog::permission::Target;
use model::TabularKind;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::ApiResult;
use crate::extract::{Path, PrincipalQuery, Query, ReadRequest, user_id};

/// The actions that the user or role may perform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GetLakekeeperActionsResponse {
    allowed_actions: Vec<AllowedAction>,
}

/// An action.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllowedAction {
    action: &'static str,
}

impl From<Action> for AllowedAction {
    fn from(action: Action) -> Self {
        Self {
            action: action.name(),
        }
    }
}

async fn answer(
    app: &App,
    request: &Request,
    target: Target,
    of: &PrincipalQuery,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    let of = of.read()?;
    let allowed = catalog::permission::actions(&app.catalog, request, &target, of.as_ref());
    Ok(Json(GetLakekeeperActionsResponse {
        allowed_actions: allowed.await?.into_iter().map(Into::into).collect(),
    }))
}

/// List the actions allowed on the server
#[utoipa::path(get, path = "/v1/server/actions", tag = "server", operation_id = "get_server_actions",
    params(PrincipalQuery), responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_server(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    answer(&app, &request, Target::Server, &of).await
}

/// List the actions allowed on a user
#[utoipa::path(get, path = "/v1/user/{user_id}/actions", tag = "user", operation_id = "get_user_actions",
    params(("user_id" = String, Path), PrincipalQuery), responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_user(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(user): Path<String>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    let target = Target::User(user_id(&user)?);
    answer(&app, &request, target, &of).await
}

/// List the actions allowed on the project of the request
#[utoipa::path(get, path = "/v1/project/actions", tag = "project", operation_id = "get_project_actions",
    params(("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent"), PrincipalQuery),
    responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_project(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    answer(&app, &request, Target::Project(None), &of).await
}

/// List the actions allowed on a role
#[utoipa::path(get, path = "/v1/role/{role_id}/actions", tag = "role", operation_id = "get_role_actions",
    params(("role_id" = Uuid, Path), PrincipalQuery,
        ("x-project-id" = Option<String>, Header, description = "The project that the role must be in; any if absent")),
    responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_role(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<Uuid>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    answer(&app, &request, Target::Role(id.into()), &of).await
}

/// List the actions allowed on a tag definition
#[utoipa::path(get, path = "/v1/tag-definition/{tag_definition_id}/actions", tag = "tag", operation_id = "get_tag_actions",
    params(("tag_definition_id" = Uuid, Path), PrincipalQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_tag_definition(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<Uuid>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    answer(&app, &request, Target::TagDefinition(id.into()), &of).await
}

/// List the actions allowed on a warehouse
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/actions", tag = "warehouse", operation_id = "get_warehouse_actions",
    params(("warehouse_id" = Uuid, Path), PrincipalQuery), responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_warehouse(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<Uuid>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    answer(&app, &request, Target::Warehouse(id.into()), &of).await
}

/// List the actions allowed on a namespace
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/namespace/{namespace_id}/actions", tag = "warehouse", operation_id = "get_namespace_actions",
    params(("warehouse_id" = Uuid, Path), ("namespace_id" = Uuid, Path), PrincipalQuery), responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_namespace(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    let target = Target::namespace(warehouse.into(), id.into());
    answer(&app, &request, target, &of).await
}

/// List the actions allowed on a table
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/table/{table_id}/actions", tag = "warehouse", operation_id = "get_table_actions",
    params(("warehouse_id" = Uuid, Path), ("table_id" = Uuid, Path), PrincipalQuery), responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_table(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    let target = Target::tabular(TabularKind::Table, warehouse.into(), id.into());
    answer(&app, &request, target, &of).await
}

/// List the actions allowed on a view
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/view/{view_id}/actions", tag = "warehouse", operation_id = "get_view_actions",
    params(("warehouse_id" = Uuid, Path), ("view_id" = Uuid, Path), PrincipalQuery), responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_view(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    let target = Target::tabular(TabularKind::View, warehouse.into(), id.into());
    answer(&app, &request, target, &of).await
}

/// List the actions allowed on a generic table
#[utoipa::path(get, path = "/v1/warehouse/{warehouse_id}/generic-table/{generic_table_id}/actions", tag = "warehouse", operation_id = "get_generic_table_actions",
    params(("warehouse_id" = Uuid, Path), ("generic_table_id" = Uuid, Path), PrincipalQuery), responses((status = 200, body = GetLakekeeperActionsResponse)))]
pub(crate) async fn of_generic_table(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path((warehouse, id)): Path<(Uuid, Uuid)>,
    Query(of): Query<PrincipalQuery>,
) -> ApiResult<Json<GetLakekeeperActionsResponse>> {
    let target = Target::tabular(TabularKind::GenericTable, warehouse.into(), id.into());
    answer(&app, &request, target, &of).await
}
