//! Loads a user.

use authz::UserAction;
use model::UserId;
use store::UserRow;

use super::{refused, require};
use crate::{Catalog, Request, Result};

/// The user's data.
pub async fn load(cx: &Catalog, request: &Request, id: &UserId) -> Result<UserRow> {
    let user = require(cx, request, id, UserAction::Read).await?;
    cx.store(&user).user_load(id).await.map_err(refused)
}

/// The caller's own data; `None` for an anonymous caller.
pub async fn of_caller(cx: &Catalog, request: &Request) -> Result<Option<UserRow>> {
    let Some(caller) = cx.of_self(request) else {
        return Ok(None);
    };
    let found = cx.store(&caller).user_load(&caller.user).await;
    found.map(Some).map_err(refused)
}
