//! Users and roles in queries and bodies.

use model::Principal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};

/// The user or role whose permissions are asked for; the caller if none is given.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct PrincipalQuery {
    /// The id of a user: `oidc~<subject>`, `kubernetes~<uid>`, … Not together with `principalRole`.
    principal_user: Option<String>,
    /// The id of a role. Not together with `principalUser`.
    principal_role: Option<Uuid>,
}

impl PrincipalQuery {
    /// The principal, if one is given; an error if two are.
    pub(crate) fn read(&self) -> ApiResult<Option<Principal>> {
        principal(
            (self.principal_user.as_deref(), self.principal_role),
            || {
                ApiError::bad_request(
                    "the query has both `principalUser` and `principalRole`; set only one of them",
                )
            },
        )
    }
}

/// Either a user or a role: exactly one of the fields must be set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserOrRole {
    /// The id of a user: `oidc~<subject>`, `kubernetes~<uid>`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The id of a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Uuid>,
}

impl UserOrRole {
    /// The principal; an error unless exactly one field is set.
    pub(crate) fn read(&self) -> ApiResult<Principal> {
        let wrong = || {
            ApiError::bad_request(
                "an identity has either a `user` or a `role`: set exactly one of them",
            )
        };
        principal(self.parts(), wrong)?.ok_or_else(wrong)
    }

    /// The two fields as they were sent.
    pub(crate) fn parts(&self) -> (Option<&str>, Option<Uuid>) {
        (self.user.as_deref(), self.role)
    }
}

impl From<Principal> for UserOrRole {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::User(id) => Self {
                user: Some(id.to_string()),
                role: None,
            },
            Principal::Role(id) => Self {
                user: None,
                role: Some(id.as_uuid()),
            },
        }
    }
}

/// The principal out of a user and a role, if one is given; `both` makes the error if both are.
pub(crate) fn principal(
    named: (Option<&str>, Option<Uuid>),
    both: impl FnOnce() -> ApiError,
) -> ApiResult<Option<Principal>> {
    match named {
        (None, None) => Ok(None),
        (Some(user), None) => Ok(Some(Principal::User(user_id(user)?))),
        (None, Some(role)) => Ok(Some(Principal::Role(role.into()))),
        (Some(_), Some(_)) => Err(both()),
    }
}

/// Parses the id of a user in a path, query or body.
pub(crate) fn user_id(text: &str) -> ApiResult<model::UserId> {
    text.parse()
        .map_err(|error: model::InvalidUserId| ApiError::bad_request(error.to_string()))
}
