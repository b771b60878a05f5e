//! How many times operations were called, and what warehouses held.

use std::time::Duration;

use authz::{Action, ProjectAction, WarehouseAction};
use model::{Bounds, Page, PageRequest, Timestamp, WarehouseId};
use store::{
    CallsAbout, CallsQuery, CountedCalls, ResolveTarget, StoreError, WarehouseCounts, hour_of,
};

use crate::project;
use crate::{Catalog, CatalogError, Request, Result};

/// A span of time that calls are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// When it ends.
    pub end: Timestamp,
    /// How long it is.
    pub length: Duration,
}

impl Window {
    /// The one before it, which ends where it begins.
    #[must_use]
    pub fn previous(self) -> Self {
        let end = self.end.minus(self.length);
        Self { end, ..self }
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        let end = self.end.plus(self.length);
        Self { end, ..self }
    }
}

/// Calls in the request's project, by the hour, the latest first. Of two windows that adjoin, each hour is in one.
pub async fn endpoints(
    cx: &Catalog,
    request: &Request,
    about: CallsAbout,
    window: Window,
    statuses: Option<Vec<u16>>,
) -> Result<Vec<CountedCalls>> {
    let project = project::of_request(cx, request)?;
    let query = CallsQuery {
        project: project.clone(),
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
            // Whichever project the request names.
            let project = warehouse.as_resource().project;
            cx.store(&warehouse)
                .calls_list(CallsQuery { project, ..query })
                .await
        }
        CallsAbout::Anything | CallsAbout::NoWarehouse => {
            let action = ProjectAction::GetEndpointStatistics;
            let project = project::require(cx, request, &project, action).await?;
            cx.store(&project).calls_list(query).await
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

/// What a warehouse held at the end of each hour in which that changed, the latest first.
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
