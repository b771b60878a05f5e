//! Creates a generic table.

use model::{Name, NamespacePath, TabularId, TabularKind, TabularPath, Version, WarehouseId};
use objects::LayoutName;
use serde_json::json;
use store::{Protection, StoreError, TabularContent};

use super::described::{Description, GenericTable};
use crate::events::Change;
use crate::idempotency::{Interrupted, once};
use crate::tabular::{self, AtPath, CommittedTabular, Creation, missing};
use crate::{Catalog, Request, Result, location};

const KIND: TabularKind = TabularKind::GenericTable;

/// A generic table that is to be.
#[derive(Debug, Clone)]
pub struct GenericTableCreate {
    /// Its name.
    pub name: Name,
    /// Where its files are or will be; the catalog chooses if absent.
    pub location: Option<String>,
    /// How it is described.
    pub description: Description,
}

/// Creates the generic table in the namespace. Nothing is written to its location, and what lies there already is its own.
pub async fn create(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
    new: GenericTableCreate,
) -> Result<GenericTable> {
    let path = TabularPath {
        namespace: namespace.clone(),
        name: new.name.clone(),
    };
    let at = AtPath {
        warehouse,
        path: &path,
    };
    let mut answer = None;
    let act = async {
        let (committed, table) = attempt(cx, request, at, new).await?;
        answer = Some(table);
        Ok(committed)
    };
    let committed = once(cx, request, act).await?;
    match answer {
        Some(table) => Ok(table),
        None => created_before(cx, warehouse, committed.id).await,
    }
}

async fn attempt(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    new: GenericTableCreate,
) -> std::result::Result<(CommittedTabular, GenericTable), Interrupted> {
    let place = cx.creation_place(request, at, KIND).await?;
    new.description.check()?;
    let id = TabularId::generate();
    let name = LayoutName {
        name: new.name.as_str(),
        uuid: id.as_uuid(),
    };
    let claimed = location::of_new(cx, &place, new.location.as_deref(), name).await?;
    let content = TabularContent {
        location: location::spelled(&claimed),
        metadata_location: String::new(),
        metadata: new.description.encode()?,
    };
    let body = json!({
        "namespace": at.path.namespace.levels(), "name": at.path.name.as_str(),
        "location": content.location, "format": new.description.format,
    });
    let table = GenericTable {
        name: new.name.as_str().to_owned(),
        location: content.location.clone(),
        protection: Protection::Off,
        description: new.description,
    };
    let creation = Creation {
        path: at.path,
        kind: KIND,
        id,
        version: Version::FIRST,
        format: Some(table.description.format.clone()),
        claimed,
        content,
        replaces: None,
        access: None,
        event: (Change::Create.of(KIND), body),
    };
    match tabular::insert(cx, request, &place, creation).await? {
        Ok((committed, _)) => Ok((committed, table)),
        Err(error) => Err(tabular::creation_refused(cx, at, KIND, error).await),
    }
}

/// The answer to a request that has been done before: the generic table as it is now.
async fn created_before(
    cx: &Catalog,
    warehouse: WarehouseId,
    id: TabularId,
) -> Result<GenericTable> {
    match cx.lookup().tabular_load(warehouse, id).await {
        Ok(row) => GenericTable::of(row.name, row.protection, &row.content),
        Err(StoreError::NotFound(_)) => Err(missing(KIND, &id)),
        Err(error) => Err(error.into()),
    }
}
