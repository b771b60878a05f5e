//! Operations on roles.

pub(crate) mod create;
pub(crate) mod drop;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod members;
pub(crate) mod memberships;
pub(crate) mod search;
pub(crate) mod update;

use model::{RoleId, UserId};
use serde::{Deserialize, Serialize};
use store::RoleRow;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::PageQuery;

/// A role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Role {
    id: Uuid,
    /// `<provider-id>~<source-id>`, unique in its project.
    ident: String,
    /// The system that manages the members of the role: `lakekeeper`, or an identity provider.
    provider_id: String,
    /// The id of the role in that system.
    source_id: String,
    name: String,
    description: Option<String>,
    project_id: String,
    /// When the role was created (RFC 3339).
    created_at: String,
    /// When the role was last updated (RFC 3339).
    updated_at: Option<String>,
}

impl From<RoleRow> for Role {
    fn from(row: RoleRow) -> Self {
        Self {
            id: row.id.as_uuid(),
            ident: row.ident.to_string(),
            provider_id: row.ident.provider().to_owned(),
            source_id: row.ident.source().to_owned(),
            name: row.name.as_str().to_owned(),
            description: row.description,
            project_id: row.project.to_string(),
            created_at: row.created_at.to_string(),
            updated_at: row.updated_at.map(|at| at.to_string()),
        }
    }
}

/// A page of roles.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListRoleMembershipsResponse {
    roles: Vec<RoleMembership>,
    /// Null on the last page.
    next_page_token: Option<String>,
}

/// A role that a user or role is a member of, or a role that is a member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleMembership {
    id: Uuid,
    /// `<provider-id>~<source-id>`, unique in its project.
    ident: String,
    name: String,
}

impl From<RoleRow> for RoleMembership {
    fn from(row: RoleRow) -> Self {
        Self {
            id: row.id.as_uuid(),
            ident: row.ident.to_string(),
            name: row.name.as_str().to_owned(),
        }
    }
}

impl From<model::Page<RoleRow>> for ListRoleMembershipsResponse {
    fn from(page: model::Page<RoleRow>) -> Self {
        Self {
            next_page_token: page.next.as_ref().map(crate::extract::encode_token),
            roles: page.items.into_iter().map(Into::into).collect(),
        }
    }
}

/// A user or a role.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = RoleMemberRef)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum MemberRef {
    /// A user.
    User {
        /// The id of the user: `oidc~<subject>`, `kubernetes~<uid>`, …
        #[schema(value_type = String)]
        id: UserId,
    },
    /// A role.
    Role {
        /// Its id.
        id: Uuid,
    },
}

/// Which page of a list to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct PagedQuery {
    /// The `next-page-token` of the last answer; absent or empty for the first page.
    page_token: Option<String>,
    /// The largest number of entries in the page.
    page_size: Option<u64>,
}

impl PagedQuery {
    pub(crate) fn decode(self, app: &App) -> ApiResult<catalog::ListQuery> {
        decode(app, self.page_token, self.page_size)
    }
}

/// Decodes the paging parameters of a list that is always paged: without a token, the first page.
fn decode(
    app: &App,
    page_token: Option<String>,
    page_size: Option<u64>,
) -> ApiResult<catalog::ListQuery> {
    let page = PageQuery {
        page_token: Some(page_token.unwrap_or_default()),
        page_size,
    };
    page.decode(app)
}

/// Parses the id of a role.
fn role_id(text: &str) -> ApiResult<RoleId> {
    text.parse()
        .map_err(|_| ApiError::bad_request(format!("role id `{text}` is not a UUID")))
}
