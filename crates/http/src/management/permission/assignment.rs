//! The bodies of requests and answers about assignments and managed access.

use axum::Json;
use catalog::Request;
use catalog::grant::{Assignments, GrantDiff};
use catalog::permission::Target;
use http::StatusCode;
use model::{Principal, Securable};
use serde::{Deserialize, Serialize};
use store::{ManagedAccess, Unchanged};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{App, run_to_end};
use crate::error::ApiResult;
use crate::extract::{Posted, query_values};
use crate::management::grant::body::grantee;

/// A relation of a user or role to a resource: a grant, or the membership in a role. Exactly one of `user` and `role` is set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// A privilege of this kind of resource; for a role also `assignee`, which makes the user or role its member.
    #[schema(min_length = 1, max_length = 256)]
    r#type: String,
    /// The id of a user: `oidc~<subject>`, `kubernetes~<uid>`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The id of a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Uuid>,
}

impl Assignment {
    fn decode(self) -> ApiResult<(Principal, String)> {
        Ok((grantee((self.user.as_deref(), self.role))?, self.r#type))
    }

    fn new(to: &Principal, relation: &str) -> Self {
        let (user, role) = match to {
            Principal::User(id) => (Some(id.to_string()), None),
            Principal::Role(id) => (None, Some(id.as_uuid())),
        };
        let r#type = relation.to_owned();
        Self { r#type, user, role }
    }
}

/// Assignments to make and to revoke, together at most 100, none twice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateAssignmentsRequest {
    /// Assignments to make. One that exists already is refused (409).
    #[serde(default)]
    #[schema(max_items = 100)]
    writes: Vec<Assignment>,
    /// Assignments to revoke. One that does not exist is refused (404).
    #[serde(default)]
    #[schema(max_items = 100)]
    deletes: Vec<Assignment>,
}

/// The assignments on a resource.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct AssignmentsResponse {
    assignments: Vec<Assignment>,
    /// The project's id, if the resource is a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
}

impl From<Assignments> for AssignmentsResponse {
    fn from(found: Assignments) -> Self {
        let assigned = found.assigned.iter();
        Self {
            assignments: assigned
                .map(|(to, relation)| Assignment::new(to, relation.as_str()))
                .collect(),
            project_id: match found.on {
                Securable::Project(id) => Some(id.to_string()),
                _ => None,
            },
        }
    }
}

/// The allowed actions, as names of relations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct AllowedRelationsResponse {
    pub(super) allowed_actions: Vec<&'static str>,
}

/// Whether managed access is on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ManagedAccessResponse {
    managed_access: bool,
    /// For a namespace: whether managed access is on for it, a namespace above it, or its warehouse.
    #[serde(skip_serializing_if = "Option::is_none")]
    managed_access_inherited: Option<bool>,
}

/// Whether to switch managed access on or off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SetManagedAccessRequest {
    managed_access: bool,
}

pub(super) async fn list(
    app: &App,
    request: &Request,
    on: &Target,
    query: Option<String>,
) -> ApiResult<Json<AssignmentsResponse>> {
    let relations = query_values(&query.unwrap_or_default(), "relations");
    let found = catalog::grant::assignments(&app.catalog, request, on, &relations).await?;
    Ok(Json(found.into()))
}

pub(super) async fn update(
    app: App,
    Posted { request, body }: Posted<UpdateAssignmentsRequest>,
    on: Target,
) -> ApiResult<StatusCode> {
    let decode = |all: Vec<Assignment>| {
        let all = all.into_iter().map(Assignment::decode);
        all.collect::<ApiResult<Vec<_>>>()
    };
    let diff = GrantDiff {
        writes: decode(body.writes)?,
        deletes: decode(body.deletes)?,
        unchanged: Unchanged::Refused,
    };
    run_to_end(app.changes(), async move {
        catalog::grant::apply(&app.catalog, &request, &on, diff).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn managed_access(
    app: &App,
    request: &Request,
    on: &Target,
) -> ApiResult<Json<ManagedAccessResponse>> {
    let found = catalog::grant::managed_access(&app.catalog, request, on).await?;
    let is_on = |managed| managed == ManagedAccess::On;
    let is_namespace = matches!(on, Target::NamespaceAnywhere(_));
    Ok(Json(ManagedAccessResponse {
        managed_access: is_on(found.own),
        managed_access_inherited: is_namespace.then(|| is_on(found.effective)),
    }))
}

pub(super) async fn set_managed_access(
    app: App,
    Posted { request, body }: Posted<SetManagedAccessRequest>,
    on: Target,
) -> ApiResult<StatusCode> {
    let set = (on, ManagedAccess::from(body.managed_access));
    run_to_end(app.changes(), async move {
        let (on, managed) = (&set.0, set.1);
        catalog::grant::set_managed_access(&app.catalog, &request, on, managed).await
    })
    .await?;
    Ok(StatusCode::OK)
}
