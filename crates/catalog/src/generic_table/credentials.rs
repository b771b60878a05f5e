//! Vends credentials for a generic table anew.

use std::sync::Arc;

use model::{TabularKind, TabularPath, WarehouseId};

use crate::{Catalog, Credential, Loaded, Request, Result, tabular};

/// The generic table at the path for a caller who may read its files, and credentials for them if that is how it gets at them.
pub async fn credentials(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<(Loaded, Option<Arc<Credential>>)> {
    let at = (warehouse, path, TabularKind::GenericTable);
    tabular::credentials(cx, request, at).await
}
