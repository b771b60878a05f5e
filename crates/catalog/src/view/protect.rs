//! Protects a view from being dropped.

use model::{TabularId, TabularKind, WarehouseId};
use store::Protection;

use crate::namespace::Protected;
use crate::tabular::{self, AtId};
use crate::{Catalog, Request, Result};

/// Whether the view is protected.
pub async fn protection(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    id: TabularId,
) -> Result<Protected> {
    let at = AtId {
        warehouse,
        kind: TabularKind::View,
        id,
    };
    tabular::protection(cx, request, at).await
}

/// Sets whether the view is protected.
pub async fn protect(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    id: TabularId,
    protection: Protection,
) -> Result<Protected> {
    let at = AtId {
        warehouse,
        kind: TabularKind::View,
        id,
    };
    tabular::protect(cx, request, at, protection).await
}
