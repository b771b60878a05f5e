//! Creates a table, or stages one that a later commit creates.

use iceberg::{NewTable, PartitionSpec, Schema, SortOrder, TableMetadata};
use model::{Name, NamespacePath, Properties, TabularId, TabularKind, TabularPath, WarehouseId};
use objects::{LayoutName, Permission};
use uuid::Uuid;

use crate::delegation::{FileAccess, FolderAccess};
use crate::tabular::{self, AtPath, CreationPlace, FirstMetadata, once_loaded};
use crate::{Catalog, Loaded, Request, Result, files, location};

/// Whether a table is created now or by a later commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staging {
    /// It is created now.
    Create,
    /// It is created by a later commit; nothing is stored until then.
    Stage,
}

/// A table to be created.
#[derive(Debug, Clone)]
pub struct TableCreate {
    /// Its name.
    pub name: Name,
    /// Its location; chosen by the catalog if absent.
    pub location: Option<String>,
    /// Its schema.
    pub schema: Schema,
    /// Its partition spec; unpartitioned if absent.
    pub partition_spec: Option<PartitionSpec>,
    /// Its sort order; unsorted if absent.
    pub write_order: Option<SortOrder>,
    /// Whether it is created now.
    pub staging: Staging,
    /// Its properties.
    pub properties: Properties,
}

/// Creates or stages the table in the namespace.
pub async fn create(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    namespace: &NamespacePath,
    new: TableCreate,
) -> Result<Loaded> {
    let path = TabularPath {
        namespace: namespace.clone(),
        name: new.name.clone(),
    };
    let at = AtPath {
        warehouse,
        path: &path,
    };
    if new.staging == Staging::Stage {
        let place = cx.creation_place(request, at, TabularKind::Table).await?;
        let metadata = first_metadata(cx, &place, new).await?;
        let id = TabularId::from(metadata.uuid());
        let folder = location::check(&place.warehouse, metadata.location())?;
        // The answer gives access to the files at this location, so it must not belong to anything else.
        place.require_free(cx, &folder).await?;
        let warehouse = &place.warehouse;
        files::prepare(cx, warehouse, &folder).await?;
        let access = FileAccess::of(request, warehouse, TabularKind::Table, Permission::Write);
        let access = FolderAccess::of_author(cx, access, warehouse, &path, &folder).await?;
        let staged = Loaded::staged(&place.warehouse, id, &metadata.to_json());
        return Ok(staged.with_access(access));
    }
    once_loaded(cx, request, TabularKind::Table, &path, async {
        let place = cx.creation_place(request, at, TabularKind::Table).await?;
        let metadata = first_metadata(cx, &place, new).await?;
        let first = FirstMetadata {
            path: &path,
            kind: TabularKind::Table,
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
    new: TableCreate,
) -> Result<TableMetadata> {
    let (warehouse, uuid) = (&place.warehouse, Uuid::now_v7());
    let name = LayoutName {
        name: new.name.as_str(),
        uuid,
    };
    let location = location::of_new(cx, place, new.location.as_deref(), name).await?;
    let mut properties = new.properties;
    warehouse.settings.format_versions.choose(&mut properties)?;
    let metadata = TableMetadata::create(
        NewTable {
            uuid,
            location: location::spelled(&location),
            schema: new.schema,
            partition_spec: new.partition_spec,
            write_order: new.write_order,
            properties,
        },
        cx.now().as_ms(),
    )?;
    location::check_paths(warehouse, &location, metadata.properties())?;
    Ok(metadata)
}
