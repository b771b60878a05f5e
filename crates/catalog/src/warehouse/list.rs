//! Lists warehouses.

use authz::{Action, ProjectAction, WarehouseAction};
use store::WarehouseStatus;

use super::WarehouseView;
use super::load::WarehouseTarget;
use crate::{Catalog, ListQuery, Request, Result, project, tabular};

/// The warehouses of the request's project that have one of the given states and that the caller may see.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    states: &[WarehouseStatus],
) -> Result<Vec<WarehouseView>> {
    let project = project::of_request(cx, request)?;
    let project = project::require(cx, request, &project, ProjectAction::ListWarehouses).await?;
    let store = cx.store(&project);
    let all = tabular::collect(ListQuery::Everything, async |page| {
        Ok(store.warehouse_list(&project.0.id, page).await?)
    })
    .await?;
    let wanted = all
        .items
        .into_iter()
        .filter(|row| states.contains(&row.status));
    let seen = wanted.map(WarehouseTarget).collect();
    let action = Action::Warehouse(WarehouseAction::GetMetadata);
    let visible = cx.filter(request, action, seen).await?;
    visible
        .into_iter()
        .map(|one| one.into_inner().0.try_into())
        .collect()
}
