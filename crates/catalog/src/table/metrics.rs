//! Accepts metrics reports. They are counted in the server's metrics and not stored; the specification leaves their
//! use to the server.

use model::TabularKind;

use crate::tabular::{self, AtPath};
use crate::{Catalog, Request, Result};

/// Accepts a report about the table at the path, if the caller may see that table.
pub async fn report_metrics(cx: &Catalog, request: &Request, table: AtPath<'_>) -> Result<()> {
    tabular::exists(cx, request, table, TabularKind::Table).await
}
