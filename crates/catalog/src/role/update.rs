//! Changes what a role is called.

use authz::RoleAction;
use model::{EventKind, Name, RoleId};
use store::RoleRow;

use super::{check_description, check_ident, refused, require, told};
use crate::{Catalog, Request, Result};

/// What a role is called here.
#[derive(Debug, Clone)]
pub struct RoleUpdate {
    /// Its name.
    pub name: String,
    /// What it is for; nothing is said about that if absent.
    pub description: Option<String>,
}

/// Gives the role another name and description.
pub async fn update(
    cx: &Catalog,
    request: &Request,
    (id, update): (RoleId, RoleUpdate),
) -> Result<RoleRow> {
    let role = require(cx, request, (id, RoleAction::Update)).await?;
    let now = cx.now();
    let changed = RoleRow {
        name: Name::parse("role", &update.name)?,
        description: check_description(update.description)?,
        updated_at: Some(now),
        ..role.0.clone()
    };
    let effects = told(EventKind::UpdateRole, &changed, (request, now))?;
    let updated = cx.store(&role).role_update(changed, effects);
    updated.await.map_err(refused)
}

/// Makes it the role that `provider` calls `source`.
pub async fn rebind(
    cx: &Catalog,
    request: &Request,
    (id, provider, source): (RoleId, &str, &str),
) -> Result<RoleRow> {
    let role = require(cx, request, (id, RoleAction::UpdateSourceSystem)).await?;
    let now = cx.now();
    let changed = RoleRow {
        ident: check_ident(provider, source)?,
        updated_at: Some(now),
        ..role.0.clone()
    };
    let effects = told(EventKind::UpdateRole, &changed, (request, now))?;
    let updated = cx.store(&role).role_update(changed, effects);
    updated.await.map_err(refused)
}
