//! The caller whose permissions are asked about, if it is not the caller of the request.

use std::sync::Arc;

use model::{Caller, Identity, Principal, UserId};

use crate::{CatalogError, Request, Result};

/// Another principal than the caller, as the authorizer sees it; `None` for the caller itself.
///
/// Roles that only a token names do not count for others, because their token is not at hand.
pub(crate) fn other(request: &Request, principal: Option<&Principal>) -> Result<Option<Caller>> {
    let Some(principal) = principal else {
        return Ok(None);
    };
    if request.caller.principal().as_ref() == Some(principal) {
        return Ok(None);
    }
    Ok(Some(match (principal, &request.caller) {
        (Principal::User(id), _) => Caller::User(Arc::new(Identity::of(id.clone()))),
        (Principal::Role(id), Caller::User(own) | Caller::Role(own, _)) => {
            Caller::Role(Arc::clone(own), *id)
        }
        (Principal::Role(id), Caller::Anonymous | Caller::System) => {
            let nobody = UserId::new("lakekeeper", "nobody").map_err(CatalogError::internal)?;
            Caller::Role(Arc::new(Identity::of(nobody)), *id)
        }
    }))
}
