//! Where a warehouse's layout has its namespaces.

use std::iter::successors;

use futures::future::try_join_all;
use model::{NamespaceId, NamespacePath};
use objects::{LayoutName, Location};
use store::ResolveTarget;

use super::missing;
use crate::warehouse::Warehouse;
use crate::{Catalog, Result};

/// The folder of a namespace that has no `location` of its own: the base location if namespaces have no folders.
///
/// Levels are named as who created them wrote them, whatever a path that leads through them is written like.
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
    // All in one statement.
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
