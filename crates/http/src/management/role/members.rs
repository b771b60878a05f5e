//! `/v1/role/{role_id}/members`.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::{Page, Principal, RoleId, UserId};
use serde::{Deserialize, Serialize};
use store::{MemberFilter, MemberKind, Membership, RoleMember, UserRow};
use utoipa::{IntoParams, ToSchema};

use super::{MemberRef, RoleMembership, decode, role_id};
use crate::app::{App, run_to_end};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Bodyless, Path, Posted, Query, ReadRequest, encode_token};
use crate::management::user::UserTypeField;

/// The users and roles to add; in the answer, the same without duplicates.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RoleMembers {
    members: Vec<MemberRef>,
}

/// Which members to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMembersQuery {
    /// Only users or only roles; both if absent.
    #[param(inline)]
    r#type: Option<MemberTypeField>,
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of members in the page.
    page_size: Option<u64>,
}

/// A kind of member.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[schema(as = RoleMemberType)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MemberTypeField {
    User,
    Role,
}

/// A page of members, roles before users.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListRoleMembersResponse {
    members: Vec<MemberBody>,
    /// Null on the last page.
    next_page_token: Option<String>,
}

/// A member of a role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleMember)]
#[serde(tag = "type", rename_all = "snake_case")]
enum MemberBody {
    User(UserMembership),
    Role(RoleMembership),
}

/// A user that is a member of a role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
struct UserMembership {
    #[schema(value_type = String)]
    id: UserId,
    name: Option<String>,
    email: Option<String>,
    user_type: Option<UserTypeField>,
}

impl From<UserRow> for UserMembership {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            name: Some(row.name),
            email: row.email,
            user_type: Some(row.user_type.into()),
        }
    }
}

impl From<RoleMember> for MemberBody {
    fn from(member: RoleMember) -> Self {
        match member {
            RoleMember::User(row) => Self::User(row.into()),
            RoleMember::Role(row) => Self::Role(row.into()),
        }
    }
}

impl From<Page<RoleMember>> for ListRoleMembersResponse {
    fn from(page: Page<RoleMember>) -> Self {
        Self {
            next_page_token: page.next.as_ref().map(encode_token),
            members: page.items.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<MemberRef> for Principal {
    fn from(member: MemberRef) -> Self {
        match member {
            MemberRef::User { id } => Self::User(id),
            MemberRef::Role { id } => Self::Role(RoleId::from(id)),
        }
    }
}

impl From<Principal> for MemberRef {
    fn from(member: Principal) -> Self {
        match member {
            Principal::User(id) => Self::User { id },
            Principal::Role(id) => Self::Role { id: id.as_uuid() },
        }
    }
}

/// Add members to a role
///
/// Adds all or none. Adding a present member is no error. A role cannot become a member of itself, not even through other roles.
#[utoipa::path(post, path = "/v1/role/{role_id}/members", tag = "role", operation_id = "add_role_members",
    params(("role_id" = String, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    request_body = RoleMembers, responses((status = 200, body = RoleMembers)))]
pub(crate) async fn add(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { request, body }: Posted<RoleMembers>,
) -> ApiResult<Json<RoleMembers>> {
    let id = role_id(&id)?;
    let members = body.members.into_iter().map(Into::into).collect();
    let changes = app.changes();
    let act = async move { catalog::role::add(&app.catalog, &request, id, members).await };
    let members = run_to_end(changes, act).await?.into_iter().map(Into::into);
    Ok(Json(RoleMembers {
        members: members.collect(),
    }))
}

/// Remove a member from a role
///
/// Removing a user or role that is no member is no error.
#[utoipa::path(delete, path = "/v1/role/{role_id}/members/{member_type}/{member_id}", tag = "role",
    operation_id = "remove_role_member",
    params(("role_id" = String, Path), ("member_type" = String, Path, description = "`user` or `role`"),
        ("member_id" = String, Path),
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 204)))]
pub(crate) async fn remove(
    State(app): State<App>,
    Path((id, kind, member)): Path<(String, String, String)>,
    Bodyless(request): Bodyless,
) -> ApiResult<StatusCode> {
    let id = role_id(&id)?;
    let member = match kind.as_str() {
        "role" => Principal::Role(role_id(&member)?),
        "user" => Principal::User(crate::extract::user_id(&member)?),
        other => {
            let message = format!("a member's type is `user` or `role`, not `{other}`");
            return Err(ApiError::bad_request(message));
        }
    };
    run_to_end(app.changes(), async move {
        catalog::role::remove(&app.catalog, &request, id, member).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the direct members of a role
#[utoipa::path(get, path = "/v1/role/{role_id}/members", tag = "role", operation_id = "list_role_members",
    params(("role_id" = String, Path), ListMembersQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListRoleMembersResponse)))]
pub(crate) async fn direct(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
    Query(query): Query<ListMembersQuery>,
) -> ApiResult<Json<ListRoleMembersResponse>> {
    list(app, request, &id, Membership::Direct, query).await
}

/// List all members of a role, including those of member roles
#[utoipa::path(get, path = "/v1/role/{role_id}/members/transitive", tag = "role",
    operation_id = "list_role_transitive_members",
    params(("role_id" = String, Path), ListMembersQuery,
        ("x-project-id" = Option<String>, Header, description = "Id of the project; the default project if absent")),
    responses((status = 200, body = ListRoleMembersResponse)))]
pub(crate) async fn transitive(
    State(app): State<App>,
    ReadRequest(request): ReadRequest,
    Path(id): Path<String>,
    Query(query): Query<ListMembersQuery>,
) -> ApiResult<Json<ListRoleMembersResponse>> {
    list(app, request, &id, Membership::Transitive, query).await
}

async fn list(
    app: App,
    request: catalog::Request,
    id: &str,
    membership: Membership,
    query: ListMembersQuery,
) -> ApiResult<Json<ListRoleMembersResponse>> {
    let kind = query.r#type.map(|kind| match kind {
        MemberTypeField::User => MemberKind::User,
        MemberTypeField::Role => MemberKind::Role,
    });
    let page = decode(&app, query.page_token, query.page_size)?;
    let which = MemberFilter { kind, membership };
    let found = catalog::role::members(&app.catalog, &request, role_id(id)?, which, page).await?;
    Ok(Json(found.into()))
}
