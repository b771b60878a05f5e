//! Whether there is a table, view or generic table.

use model::TabularKind;

use super::target::{AtPath, TabularAction};
use crate::{Catalog, Request, Result};

/// Whether there is one of the kind at the path; an error if not.
pub async fn exists(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    kind: TabularKind,
) -> Result<()> {
    let action = TabularAction::GetMetadata;
    cx.require_tabular(request, at, kind, action).await?;
    Ok(())
}
