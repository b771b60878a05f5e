//! Takes metrics reports. They are counted in the server's metrics and otherwise not kept; the specification leaves to
//! the server what it does with them.

use model::{TabularPath, WarehouseId};

use crate::{Catalog, Request, Result, table};

/// Takes a report about the table at the path.
pub async fn report_metrics(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<()> {
    table::exists(cx, request, warehouse, path).await
}
