//! Creates a generic table.

use model::{Name, NamespacePath, TabularId, TabularKind, TabularPath, Version, WarehouseId};
use objects::LayoutName;
use serde_json::json;
use store::{Protection, TabularContent};

use super::described::{Description, GenericTable};
use crate::events::Change;
use crate::idempotency::{Interrupted, once};
use crate::tabular::{self, AtPath, Creation};
use crate::{Catalog, Request, Result, location};

const KIND: TabularKind = TabularKind::GenericTable;

/// A generic table to be created.
#[derive(Debug, Clone)]
pub struct GenericTableCreate {
    /// The name.
    pub name: Name,
    /// The location of its files, which may exist already; chosen by the catalog if absent.
    pub location: Option<String>,
    /// Its format, properties and other descriptions.
    pub description: Description,
}

/// Creates the generic table in the namespace. The catalog neither writes to its location nor looks at files that are
/// there.
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
    let name = new.name.as_str().to_owned();
    let (location, description) = once(cx, request, attempt(cx, request, at, new)).await?;
    Ok(GenericTable {
        name,
        location,
        protection: Protection::Off,
        description,
    })
}

/// Returns the location and the description of the created table.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    new: GenericTableCreate,
) -> std::result::Result<(String, Description), Interrupted> {
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
    let created = (content.location.clone(), new.description);
    let creation = Creation {
        path: at.path,
        kind: KIND,
        id,
        version: Version::FIRST,
        format: Some(created.1.format.clone()),
        claimed,
        content,
        replaces: None,
        access: None,
        events: vec![(Change::Create.of(KIND), id, body)],
        // The description never changes, so a repeated request is answered from this record.
        idempotency: request.record(&created, cx.now())?,
    };
    match tabular::insert(cx, request, &place, creation).await? {
        Ok(_) => Ok(created),
        Err(error) => Err(tabular::creation_refused(cx, at, KIND, error).await),
    }
}
