//! Checks that a table, view or generic table exists.

use model::TabularKind;

use super::target::{AtPath, TabularAction};
use crate::{Catalog, Request, Result};

/// Checks that something of this kind is at the path and that the caller may see it; an error if not.
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
