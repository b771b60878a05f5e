//! Of a warehouse that the caller may not see, nobody is told what is not in it: that would tell that it is there.

use authz::{Action, WarehouseAction};
use model::WarehouseId;

use super::load::{find, missing};
use crate::{Catalog, CatalogError, Request, Result};

/// What the caller is told instead of an error that says that something in the warehouse is not there: the same, or that the warehouse is not
/// there. Asked for only then, so that it costs nothing where something is found.
pub async fn concealed(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
) -> Result<Option<CatalogError>> {
    let target = match find(cx, id).await {
        Ok(target) => target,
        // The error says so already.
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
