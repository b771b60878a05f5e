//! Users and roles that a request is about.

use model::Principal;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};

/// Whom a question is about; the caller if nobody is named.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct PrincipalQuery {
    /// A user.
    principal_user: Option<String>,
    /// A role.
    principal_role: Option<Uuid>,
}

impl PrincipalQuery {
    /// At most one of them.
    pub(crate) fn read(&self) -> ApiResult<Option<Principal>> {
        match (&self.principal_user, self.principal_role) {
            (None, None) => Ok(None),
            (Some(user), None) => Ok(Some(Principal::User(user_id(user)?))),
            (None, Some(role)) => Ok(Some(Principal::Role(role.into()))),
            (Some(_), Some(_)) => Err(ApiError::bad_request(
                "the query has `principalUser` and `principalRole`; it may have one of them",
            )),
        }
    }
}

/// A user or a role: one of both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserOrRole {
    user: Option<String>,
    role: Option<Uuid>,
}

impl UserOrRole {
    /// The one that is there.
    pub(crate) fn read(&self) -> ApiResult<Principal> {
        match (&self.user, self.role) {
            (Some(user), None) => Ok(Principal::User(user_id(user)?)),
            (None, Some(role)) => Ok(Principal::Role(role.into())),
            (None, None) | (Some(_), Some(_)) => Err(ApiError::bad_request(
                "an identity is a `user` or a `role`: one of both",
            )),
        }
    }
}

/// Parses the id of a user in a path, query or body.
pub(crate) fn user_id(text: &str) -> ApiResult<model::UserId> {
    text.parse()
        .map_err(|error: model::InvalidUserId| ApiError::bad_request(error.to_string()))
}
