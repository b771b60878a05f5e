//! Registers an existing metadata file as a table.

use model::{Name, NamespacePath, TabularKind, TabularPath, WarehouseId};

use crate::tabular::{self, AtPath, Source};
use crate::{Catalog, Loaded, Request, Result};

/// What happens to a table that already has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays; the request is refused.
    Refuse,
    /// It is replaced; its files stay.
    Overwrite,
}

/// A table to be registered.
#[derive(Debug, Clone)]
pub struct TableRegister {
    /// Its name.
    pub name: Name,
    /// Its current metadata file.
    pub metadata_location: String,
    /// What happens to a table that already has this name.
    pub existing: Existing,
}

/// Registers the table.
pub async fn register(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
    new: TableRegister,
) -> Result<Loaded> {
    let path = TabularPath {
        namespace: namespace.clone(),
        name: new.name,
    };
    let source = Source {
        metadata_location: new.metadata_location,
        existing: new.existing,
    };
    let at = AtPath {
        warehouse,
        path: &path,
    };
    tabular::register(cx, request, at, TabularKind::Table, &source).await
}
