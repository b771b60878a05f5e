//! Loads a role.

use authz::{Action, RoleAction};
use model::RoleId;
use store::RoleRow;

use super::{RoleTarget, find, missing, require};
use crate::{Catalog, Request, Result};

/// The role, of the request's project.
pub async fn load(cx: &Catalog, request: &Request, id: RoleId) -> Result<RoleRow> {
    let role = require(cx, request, id, RoleAction::Read).await?;
    Ok(role.into_inner().0)
}

/// The role, of any project: a caller who sees a role's id in a grant may look up its name.
pub async fn load_metadata(cx: &Catalog, request: &Request, id: RoleId) -> Result<RoleRow> {
    let (role, action) = (find(cx, id).await?, Action::Role(RoleAction::ReadMetadata));
    let required = cx.require(request, action, RoleTarget(role)).await;
    let role = required.map_err(|error| error.or_missing(|| missing(id)))?;
    Ok(role.into_inner().0)
}
