//! Takes metrics reports. They are counted in the server's metrics and otherwise not kept; the specification leaves to
//! the server what it does with them.

use model::TabularKind;

use crate::tabular::{self, AtPath};
use crate::{Catalog, Request, Result};

/// Takes a report about the table at the path.
pub async fn report_metrics(cx: &Catalog, request: &Request, table: AtPath<'_>) -> Result<()> {
    tabular::exists(cx, request, table, TabularKind::Table).await
}
