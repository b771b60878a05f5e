//! Changes a role's name, description and identity at its provider.

use authz::{Authorized, RoleAction};
use model::{EventKind, Name, RoleId};
use store::{RoleChange, RoleRow};

use super::{RoleTarget, check_description, check_ident, refused, require, told};
use crate::{Catalog, Request, Result};

/// A new name and description of a role.
#[derive(Debug, Clone)]
pub struct RoleUpdate {
    /// Its name.
    pub name: String,
    /// Its description; removed if absent.
    pub description: Option<String>,
}

/// Gives the role another name and description.
pub async fn update(
    cx: &Catalog,
    request: &Request,
    id: RoleId,
    update: RoleUpdate,
) -> Result<RoleRow> {
    let role = require(cx, request, id, RoleAction::Update).await?;
    let called = RoleChange::Called {
        name: Name::parse("role", &update.name)?,
        description: check_description(update.description)?,
    };
    change(cx, request, &role, called).await
}

/// Binds the role to the one that `provider` calls `source`.
pub async fn rebind(
    cx: &Catalog,
    request: &Request,
    id: RoleId,
    provider: &str,
    source: &str,
) -> Result<RoleRow> {
    let role = require(cx, request, id, RoleAction::UpdateSourceSystem).await?;
    let bound = RoleChange::Bound(check_ident(provider, source)?);
    change(cx, request, &role, bound).await
}

async fn change(
    cx: &Catalog,
    request: &Request,
    role: &Authorized<RoleTarget>,
    change: RoleChange,
) -> Result<RoleRow> {
    let (id, now) = (role.0.id, cx.now());
    let changed = role.0.clone().after(&change, now);
    let effects = told(EventKind::UpdateRole, &changed, request.at(now))?;
    let updated = cx.store(role).role_update(id, change, now, effects);
    updated.await.map_err(refused)
}
