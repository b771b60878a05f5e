//! Forgets a user.

use authz::UserAction;
use model::UserId;

use super::{refused, require};
use crate::{Catalog, Request, Result};

/// Forgets the user. Whoever comes again with a token is met as if for the first time.
pub async fn drop(cx: &Catalog, request: &Request, id: &UserId) -> Result<()> {
    let user = require(cx, request, id, UserAction::Delete).await?;
    cx.store(&user).user_drop(id).await.map_err(refused)
}
