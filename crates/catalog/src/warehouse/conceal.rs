//! Hides a warehouse from callers that may not see it: an error about something missing in it would tell that the
//! warehouse exists.

use authz::{Action, WarehouseAction};
use model::WarehouseId;

use super::load::{find, missing};
use crate::{Catalog, CatalogError, Request, Result};

/// After an error that something in the warehouse is missing: the error to answer instead, which says that the
/// warehouse is missing, if the caller may not see the warehouse; otherwise `None`. Only called after such an error,
/// so successful requests pay nothing.
pub async fn concealed(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
) -> Result<Option<CatalogError>> {
    let target = match find(cx, id).await {
        Ok(target) => target,
        // Then the original error already says that the warehouse is missing.
        Err(error) if error.kind.is_missing() => return Ok(None),
        Err(error) => return Err(error),
    };
    let action = Action::Warehouse(WarehouseAction::Use);
    match cx.require(request, action, target).await {
        Ok(_) => Ok(None),
        Err(error) if error.is_hidden => Ok(Some(missing(id))),
        Err(error) => Err(error),
    }
}
