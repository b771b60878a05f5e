//! Changes the data of a user.

use authz::UserAction;
use model::{UserId, UserType};
use store::{UserRow, UserSource};

use super::{check_text, refused, require};
use crate::{Catalog, Request, Result};

/// The new data of a user.
#[derive(Debug, Clone)]
pub struct UserUpdate {
    /// The display name.
    pub name: String,
    /// The e-mail address; removed if absent.
    pub email: Option<String>,
    /// Whether it is a person or a program.
    pub user_type: UserType,
}

/// Replaces the data of the user.
pub async fn update(
    cx: &Catalog,
    request: &Request,
    id: &UserId,
    update: UserUpdate,
) -> Result<()> {
    let user = require(cx, request, id, UserAction::Update).await?;
    check_text("name", &update.name)?;
    let email = update.email.filter(|email| !email.is_empty());
    if let Some(email) = &email {
        check_text("e-mail address", email)?;
    }
    let now = cx.now();
    let row = UserRow {
        id: id.clone(),
        name: update.name,
        email,
        user_type: update.user_type,
        source: UserSource::UpdateEndpoint,
        created_at: now,
        updated_at: Some(now),
    };
    cx.store(&user).user_update(row).await.map_err(refused)?;
    Ok(())
}
