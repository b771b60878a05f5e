//! Finds things whose grants are kept although nobody can use them now: soft-deleted ones, and those in an inactive
//! warehouse.
//!
//! The grants count again once the thing is back, so they can be listed and revoked meanwhile.

use authz::{InWarehouse, Protected, Resource};
use model::{NamespaceId, Securable, TabularId, TabularKind, WarehouseId};
use store::Place;

use super::target::{Found, NamespaceAt, TabularAt, Target};
use crate::{Catalog, Request, Result, namespace, tabular, warehouse};

impl Target {
    /// The thing, before the caller's rights are checked. By its id it is found as long as its grants are kept.
    pub(crate) async fn find_even_if_deleted(
        &self,
        cx: &Catalog,
        request: &Request,
    ) -> Result<Found> {
        let found = match self {
            Self::NamespaceAnywhere(id) => {
                let home = home(cx, *id).await;
                home.map(|home| Resource::Namespace(home, *id))
            }
            Self::Namespace(within, NamespaceAt::Id(id)) => namespace_in(cx, *within, *id).await,
            Self::Tabular(kind, within, TabularAt::Id(id)) => {
                tabular_in(cx, *within, (*kind, *id)).await
            }
            _ => return self.found(cx, request).await,
        };
        match found {
            Ok(resource) => Ok(Found(resource)),
            Err(error) => Err(self.hide(cx, request, error).await),
        }
    }
}

/// The warehouse of the namespace, active or not.
pub(super) async fn home(cx: &Catalog, id: NamespaceId) -> Result<InWarehouse> {
    let missing = || namespace::missing(&id);
    let place = [Place::Namespace(id)];
    let way = cx.lookup().grants_on_paths(&[], &place).await?;
    let way = way.into_iter().next().flatten().ok_or_else(missing)?;
    let (mut project, mut warehouse) = (None, None);
    for step in way.steps {
        match step.on {
            Securable::Project(id) => project = Some(id),
            Securable::Warehouse(id) => warehouse = Some(id),
            _ => {}
        }
    }
    let (warehouse, project) = warehouse.zip(project).ok_or_else(missing)?;
    Ok(InWarehouse {
        id: warehouse,
        project,
        grants: way.version,
    })
}

async fn namespace_in(cx: &Catalog, within: WarehouseId, id: NamespaceId) -> Result<Resource> {
    warehouse::find(cx, within).await?;
    let home = home(cx, id).await?;
    if home.id != within {
        return Err(namespace::missing(&id));
    }
    Ok(Resource::Namespace(home, id))
}

async fn tabular_in(
    cx: &Catalog,
    within: WarehouseId,
    (kind, id): (TabularKind, TabularId),
) -> Result<Resource> {
    let found = warehouse::find(cx, within).await?.resource();
    let homes = cx.lookup().tabular_homes(within, vec![id]).await?;
    match (found, homes.first()) {
        (Resource::Warehouse(at), Some((_, is, home))) if *is == kind => {
            Ok(Resource::Tabular(kind, at, *home, id))
        }
        _ => Err(tabular::missing(kind, &id)),
    }
}
