//! Deletes a role.

use authz::RoleAction;
use model::{EventKind, RoleId};

use super::{refused, require, told};
use crate::{Catalog, Request, Result};

/// Deletes the role, the grants to it and the grants on it.
pub async fn drop(cx: &Catalog, request: &Request, id: RoleId) -> Result<()> {
    let role = require(cx, request, id, RoleAction::Delete).await?;
    let effects = told(EventKind::DropRole, &role.0, request.at(cx.now()))?;
    let dropped = cx.store(&role).role_drop(id, effects);
    dropped.await.map_err(refused)
}
