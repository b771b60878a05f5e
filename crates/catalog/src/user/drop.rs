//! Deletes a user.

use authz::UserAction;
use model::UserId;

use super::{refused, require};
use crate::{Catalog, Request, Result};

/// Deletes the user. If the user comes again with a token, it is registered as a new one.
pub async fn drop(cx: &Catalog, request: &Request, id: &UserId) -> Result<()> {
    let user = require(cx, request, id, UserAction::Delete).await?;
    cx.store(&user).user_drop(id).await.map_err(refused)
}
