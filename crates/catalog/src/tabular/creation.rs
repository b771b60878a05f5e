//! Where a new table or view goes.

use std::sync::Arc;

use authz::{Action, Authorized, NamespaceAction};
use model::{Properties, TabularKind, TabularPath, WarehouseId};
use store::{Entity, ResolveTarget, StoreError};

use super::target::taken;
use crate::idempotency::Interrupted;
use crate::namespace::{self, NamespaceTarget};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A free name in a namespace that the caller may create in.
#[derive(Debug)]
pub(crate) struct CreationPlace {
    pub(crate) warehouse: Arc<Warehouse>,
    pub(crate) within: Authorized<NamespaceTarget>,
    /// The namespace's properties.
    pub(crate) properties: Properties,
}

impl Catalog {
    /// The place for a new table or view. That the name is free is said early, for a better error; the store decides.
    pub(crate) async fn creation_place(
        &self,
        request: &Request,
        (warehouse, path): (WarehouseId, &TabularPath),
        kind: TabularKind,
    ) -> Result<CreationPlace> {
        let place = self.place(request, (warehouse, path), kind);
        let (found, place) = futures::try_join!(self.find_tabular(warehouse, path), place)?;
        match found.tabular {
            Some(there) => Err(taken(kind, there.kind, path)),
            None => Ok(place),
        }
    }

    /// The namespace of a new table or view, whatever has its name now.
    pub(crate) async fn place(
        &self,
        request: &Request,
        (warehouse, path): (WarehouseId, &TabularPath),
        kind: TabularKind,
    ) -> Result<CreationPlace> {
        let target = ResolveTarget::NamespaceRow(path.namespace.key().clone());
        let (warehouse, resolved) = self.resolve(warehouse, target).await?;
        let row = resolved
            .namespace_row
            .ok_or_else(|| namespace::missing(&path.namespace))?;
        let action = match kind {
            TabularKind::Table => NamespaceAction::CreateTable,
            TabularKind::View => NamespaceAction::CreateView,
        };
        let target = NamespaceTarget {
            warehouse: Arc::clone(&warehouse),
            id: row.id,
        };
        let within = self
            .require(request, Action::Namespace(action), target)
            .await?;
        Ok(CreationPlace {
            warehouse,
            within,
            properties: row.properties,
        })
    }
}

/// What it means that the store refused a new table or view.
pub(crate) async fn creation_refused(
    cx: &Catalog,
    (warehouse, path): (WarehouseId, &TabularPath),
    kind: TabularKind,
    error: StoreError,
) -> Interrupted {
    let error = match error {
        StoreError::AlreadyExists(Entity::TabularName(_)) => {
            let there = cx
                .find_tabular(warehouse, path)
                .await
                .ok()
                .and_then(|found| found.tabular);
            taken(kind, there.map_or(kind, |there| there.kind), path)
        }
        StoreError::AlreadyExists(Entity::Tabular(id)) => {
            let message = format!("a table or view with UUID `{id}` is in the catalog already");
            CatalogError::new(ErrorKind::AlreadyExists, message)
        }
        StoreError::NotFound(Entity::Namespace(_)) => namespace::missing(&path.namespace),
        other => return Interrupted::of(other, CatalogError::from),
    };
    error.into()
}
