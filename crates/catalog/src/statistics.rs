//! Statistics: how often operations were called, and how much warehouses held.

use std::time::Duration;

use authz::{Action, ProjectAction, WarehouseAction};
use model::{Bounds, Page, PageRequest, Timestamp, WarehouseId};
use store::{
    CallsAbout, CallsQuery, CountedCalls, ResolveTarget, StoreError, WarehouseCounts, hour_of,
};

use crate::project;
use crate::{Catalog, CatalogError, Request, Result};

/// The time span of call statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it ends.
    pub end: Timestamp,
    /// How long it is.
    pub length: Duration,
}

impl Window {
    /// The window before this one; it ends where this one begins.
    #[must_use]
    pub fn previous(self) -> Self {
        let end = self.end.minus(self.length);
        Self { end, ..self }
    }

    /// The window after this one.
    #[must_use]
    pub fn next(self) -> Self {
        let end = self.end.plus(self.length);
        Self { end, ..self }
    }
}

/// Call counts in the request's project by hour, latest first. Adjoining windows have no hour in common.
pub async fn endpoints(
    cx: &Catalog,
    request: &Request,
    about: CallsAbout,
    window: Window,
    statuses: Option<Vec<u16>>,
) -> Result<Vec<CountedCalls>> {
    let query = |project| CallsQuery {
        project,
        about,
        statuses,
        after: hour_of(window.previous().end),
        until: hour_of(window.end),
    };
    let found = match about {
        CallsAbout::Warehouse(id) => {
            let (warehouse, _) = cx.resolve(id, ResolveTarget::Warehouse).await?;
            let action = Action::Warehouse(WarehouseAction::GetEndpointStatistics);
            let warehouse = cx.require(request, action, warehouse).await?;
            // The warehouse's project, whichever project the request names.
            let project = warehouse.as_resource().project;
            cx.store(&warehouse).calls_list(query(project)).await
        }
        CallsAbout::Anything | CallsAbout::NoWarehouse => {
            let action = ProjectAction::GetEndpointStatistics;
            let id = project::of_request(cx, request)?;
            let project = project::require(cx, request, &id, action).await?;
            cx.store(&project).calls_list(query(id)).await
        }
    }?;
    if found.len() > Bounds::COUNTED_CALLS as usize {
        let max = Bounds::COUNTED_CALLS;
        return Err(CatalogError::bad_request(format!(
            "there are more than {max} counts in this window; ask for a shorter interval, for one warehouse or for some status codes"
        )));
    }
    Ok(found)
}

/// The counts of a warehouse's contents at the end of each hour in which they changed, latest first.
pub async fn of_warehouse(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
    page: PageRequest,
) -> Result<Page<WarehouseCounts>> {
    let (warehouse, _) = cx.resolve(id, ResolveTarget::Warehouse).await?;
    let action = Action::Warehouse(WarehouseAction::GetMetadata);
    let warehouse = cx.require(request, action, warehouse).await?;
    match cx.store(&warehouse).warehouse_counts(id, page).await {
        Err(StoreError::NotFound(_)) => Err(crate::warehouse::missing(id)),
        counted => Ok(counted?),
    }
}
