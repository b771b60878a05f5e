//! Operations on users.

pub(crate) mod create;
pub(crate) mod drop;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod search;
pub(crate) mod update;
pub(crate) mod whoami;

use model::{UserId, UserType};
use serde::{Deserialize, Serialize};
use store::UserRow;
use utoipa::ToSchema;

/// Whether a user is a person or a program.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = UserType)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UserTypeField {
    Human,
    Application,
}

impl From<UserTypeField> for UserType {
    fn from(field: UserTypeField) -> Self {
        match field {
            UserTypeField::Human => Self::Human,
            UserTypeField::Application => Self::Application,
        }
    }
}

impl From<UserType> for UserTypeField {
    fn from(user_type: UserType) -> Self {
        match user_type {
            UserType::Human => Self::Human,
            UserType::Application => Self::Application,
        }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct User {
    name: String,
    email: Option<String>,
    #[schema(value_type = String)]
    id: UserId,
    user_type: UserTypeField,
    /// What wrote this user last: `create-endpoint`, `config-call-creation` or `update-endpoint`.
    last_updated_with: &'static str,
    /// When the user was created (RFC 3339).
    created_at: String,
    /// When the user was last updated (RFC 3339).
    updated_at: Option<String>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            name: row.name,
            email: row.email,
            id: row.id,
            user_type: row.user_type.into(),
            last_updated_with: row.source.as_str(),
            created_at: row.created_at.to_string(),
            updated_at: row.updated_at.map(|at| at.to_string()),
        }
    }
}
