//! Deletes a role.

use authz::RoleAction;
use model::RoleId;
use store::Effects;

use super::{refused, require};
use crate::{Catalog, Request, Result};

/// Deletes the role, with all that it has been given and that has been given on it.
pub async fn drop(cx: &Catalog, request: &Request, id: RoleId) -> Result<()> {
    let role = require(cx, request, (id, RoleAction::Delete)).await?;
    let dropped = cx.store(&role).role_drop(id, Effects::none());
    dropped.await.map_err(refused)
}
