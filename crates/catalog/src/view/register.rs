//! Registers an existing metadata file as a view.

use model::{Name, NamespacePath, TabularKind, TabularPath, WarehouseId};

use crate::table::Existing;
use crate::tabular::{self, AtPath, Source};
use crate::{Catalog, Loaded, Request, Result};

/// A view to be registered.
#[derive(Debug, Clone)]
pub struct ViewRegister {
    /// Its name.
    pub name: Name,
    /// Its current metadata file.
    pub metadata_location: String,
}

/// Registers the view.
pub async fn register(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
    new: ViewRegister,
) -> Result<Loaded> {
    let path = TabularPath {
        namespace: namespace.clone(),
        name: new.name,
    };
    let source = Source {
        metadata_location: new.metadata_location,
        existing: Existing::Refuse,
    };
    let at = AtPath {
        warehouse,
        path: &path,
    };
    tabular::register(cx, request, at, TabularKind::View, &source).await
}
