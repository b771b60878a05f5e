//! Vends credentials for a table anew, for engines whose former ones end.

use std::sync::Arc;

use model::{TabularKind, TabularPath, WarehouseId};

use crate::tabular::{self, AtPath};
use crate::{Catalog, Credential, Loaded, Request, Result};

/// The table at the path for a caller who may read its files, and credentials for them if that is how it gets at them.
pub async fn credentials(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<(Loaded, Option<Arc<Credential>>)> {
    tabular::credentials(cx, request, AtPath { warehouse, path }, TabularKind::Table).await
}
