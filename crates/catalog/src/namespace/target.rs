//! Finds namespaces, and requires rights on them.

use std::fmt::Display;
use std::sync::Arc;

use authz::{Action, Authorized, NamespaceAction, Protected, Resource};
use model::{NamespaceId, NamespacePath, WarehouseId};
use store::{NamespaceRow, ResolveTarget, StoreError};

use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A namespace that a request is about.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceTarget {
    pub(crate) warehouse: Arc<Warehouse>,
    pub(crate) id: NamespaceId,
}

impl Protected for NamespaceTarget {
    fn resource(&self) -> Resource {
        Resource::Namespace(self.warehouse.as_resource(), self.id)
    }
}

/// A namespace with its row.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceRowTarget {
    pub(crate) warehouse: Arc<Warehouse>,
    pub(crate) row: NamespaceRow,
}

impl Protected for NamespaceRowTarget {
    fn resource(&self) -> Resource {
        Resource::Namespace(self.warehouse.as_resource(), self.row.id)
    }
}

/// The error for a missing namespace; `what` is its path or its id.
pub(crate) fn missing(what: &dyn Display) -> CatalogError {
    CatalogError::new(
        ErrorKind::NoSuchNamespace,
        format!("Namespace does not exist: {what}"),
    )
}

impl Catalog {
    /// The namespace at the path, if the caller may do `action` on it.
    pub(crate) async fn require_namespace(
        &self,
        request: &Request,
        warehouse: WarehouseId,
        path: &NamespacePath,
        action: NamespaceAction,
    ) -> Result<Authorized<NamespaceTarget>> {
        let target = self.find_namespace(warehouse, path).await?;
        let required = self.require(request, Action::Namespace(action), target);
        let required = required.await;
        required.map_err(|error| error.or_missing(|| missing(path)))
    }

    /// The namespace at the path, before the caller's rights are checked.
    pub(crate) async fn find_namespace(
        &self,
        warehouse: WarehouseId,
        path: &NamespacePath,
    ) -> Result<NamespaceTarget> {
        let target = ResolveTarget::Namespace(path.key().clone());
        let (warehouse, resolved) = self.resolve(warehouse, target).await?;
        let id = resolved.namespace.ok_or_else(|| missing(path))?.id;
        Ok(NamespaceTarget { warehouse, id })
    }

    /// The namespace with this id, before the caller's rights are checked.
    pub(crate) async fn find_namespace_by_id(
        &self,
        warehouse: WarehouseId,
        id: NamespaceId,
    ) -> Result<NamespaceRowTarget> {
        let (found, _) = self.resolve(warehouse, ResolveTarget::Warehouse).await?;
        match self.lookup().namespace_load(warehouse, id).await {
            Ok(row) => Ok(NamespaceRowTarget {
                warehouse: found,
                row,
            }),
            Err(StoreError::NotFound(_)) => Err(missing(&id)),
            Err(error) => Err(error.into()),
        }
    }

    /// The namespace at the path with its row, if the caller may do `action` on it.
    pub(crate) async fn require_namespace_row(
        &self,
        request: &Request,
        warehouse: WarehouseId,
        path: &NamespacePath,
        action: NamespaceAction,
    ) -> Result<Authorized<NamespaceRowTarget>> {
        let target = ResolveTarget::NamespaceRow(path.key().clone());
        let (warehouse, resolved) = self.resolve(warehouse, target).await?;
        let row = resolved.namespace_row.ok_or_else(|| missing(path))?;
        let row = *row;
        let target = NamespaceRowTarget { warehouse, row };
        let required = self.require(request, Action::Namespace(action), target);
        let required = required.await;
        required.map_err(|error| error.or_missing(|| missing(path)))
    }
}
