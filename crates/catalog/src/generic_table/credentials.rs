//! Vends credentials for a generic table anew.

use std::sync::Arc;

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::{self, AtPath};
use crate::{Catalog, Credential, Loaded, Request, Result};

/// The generic table at the path for a caller who may read its files, and credentials for them if that is how it gets at them.
pub async fn credentials(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<(Loaded, Option<Arc<Credential>>)> {
    let at = AtPath { warehouse, path };
    tabular::credentials(cx, request, at, TabularKind::GenericTable).await
}
