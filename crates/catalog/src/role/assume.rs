//! Lets a caller act as a role.

use std::sync::Arc;

use authz::{Action, RoleAction};
use model::{Caller, RoleId};

use super::{RoleTarget, find};
use crate::{Catalog, CatalogError, ErrorKind, ForbiddenKind, Request, Result};

/// The caller acting as this role, with the role's rights only. A caller that is not in the role is not told whether
/// the role exists.
pub async fn assume(cx: &Catalog, request: &Request, id: RoleId) -> Result<Caller> {
    let Caller::User(identity) = &request.caller else {
        let message = "`x-assume-role` needs an authenticated caller, but the catalog runs without authentication";
        return Err(CatalogError::bad_request(message));
    };
    let refused = |error: CatalogError| match error.kind {
        ErrorKind::Forbidden(_) | ErrorKind::NoSuchRole => {
            let message = format!(
                "{} is not in role `{id}`, or the role does not exist",
                identity.user
            );
            CatalogError::new(ErrorKind::Forbidden(ForbiddenKind::AssumeRole), message)
        }
        _ => error,
    };
    let role = find(cx, id).await.map_err(refused)?;
    let action = Action::Role(RoleAction::Assume);
    let required = cx.require(request, action, RoleTarget(role)).await;
    required.map_err(refused)?;
    Ok(Caller::Role(Arc::clone(identity), id))
}
