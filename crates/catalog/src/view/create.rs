//! Creates a view.

use iceberg::{NewView, Schema, ViewMetadata, ViewVersion};
use model::{Name, NamespacePath, Properties, TabularKind, TabularPath, WarehouseId};
use objects::LayoutName;
use uuid::Uuid;

use crate::tabular::{self, AtPath, CreationPlace, FirstMetadata, once_loaded};
use crate::{Catalog, Loaded, Request, Result, location};

/// A view to be created.
#[derive(Debug, Clone)]
pub struct ViewCreate {
    /// Its name.
    pub name: Name,
    /// Its location, for metadata files; chosen by the catalog if absent.
    pub location: Option<String>,
    /// Its schema.
    pub schema: Schema,
    /// Its first version, with the SQL that it selects.
    pub view_version: ViewVersion,
    /// Its properties.
    pub properties: Properties,
}

/// Creates the view in the namespace.
pub async fn create(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
    new: ViewCreate,
) -> Result<Loaded> {
    let path = TabularPath {
        namespace: namespace.clone(),
        name: new.name.clone(),
    };
    let at = AtPath {
        warehouse,
        path: &path,
    };
    cx.check_owner_property(request, new.properties.keys())?;
    once_loaded(cx, request, TabularKind::View, &path, async {
        let place = cx.creation_place(request, at, TabularKind::View).await?;
        let metadata = first_metadata(cx, &place, new).await?;
        let first = FirstMetadata {
            path: &path,
            kind: TabularKind::View,
            uuid: metadata.uuid(),
            location: metadata.location(),
            properties: metadata.properties(),
            json: metadata.to_json(),
        };
        Box::pin(tabular::create(cx, request, &place, first)).await
    })
    .await
}

async fn first_metadata(
    cx: &Catalog,
    place: &CreationPlace,
    new: ViewCreate,
) -> Result<ViewMetadata> {
    let uuid = Uuid::now_v7();
    let name = LayoutName {
        name: new.name.as_str(),
        uuid,
    };
    let location = location::of_new(cx, place, new.location.as_deref(), name).await?;
    let (schema, view_version, properties) = (new.schema, new.view_version, new.properties);
    let new = NewView {
        uuid,
        location: location::spelled(&location),
        schema,
        view_version,
        properties,
    };
    let metadata = ViewMetadata::create(new, cx.now().as_ms())?;
    location::check_paths(&place.warehouse, &location, metadata.properties())?;
    Ok(metadata)
}
