//! The folders that a warehouse's layout gives its namespaces.

use std::iter::successors;

use futures::future::try_join_all;
use model::{NamespaceId, NamespacePath};
use objects::{LayoutName, Location};
use store::ResolveTarget;

use super::missing;
use crate::warehouse::Warehouse;
use crate::{Catalog, Result};

/// The folder of a namespace without a `location` of its own; the base location if the layout has no namespace
/// folders.
///
/// Folders take each level's name as its creator spelled it, not as the given path spells it.
pub(crate) async fn folder(
    cx: &Catalog,
    warehouse: &Warehouse,
    path: &NamespacePath,
    id: NamespaceId,
) -> Result<Location> {
    let (base, layout) = (
        warehouse.profile.base_location(),
        warehouse.profile.layout(),
    );
    if !layout.has_namespace_folders() {
        return Ok(base);
    }
    let around: Vec<_> = successors(path.parent(), NamespacePath::parent).collect();
    // Looked up concurrently, so the lookups are gathered into one statement.
    let rows = around.iter().rev().map(async |path| {
        let target = ResolveTarget::NamespaceRow(path.key().clone());
        let (_, found) = cx.resolve(warehouse.id(), target).await?;
        found.namespace_row.ok_or_else(|| missing(path))
    });
    let rows = try_join_all(rows).await?;
    let name = |path, id: NamespaceId| LayoutName {
        name: NamespacePath::name(path),
        uuid: id.as_uuid(),
    };
    let mut ancestry: Vec<_> = rows.iter().map(|row| name(&row.path, row.id)).collect();
    ancestry.push(name(path, id));
    Ok(base.join(&layout.namespace_folders(&ancestry).join("/"))?)
}
