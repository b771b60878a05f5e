//! Creates a table, or stages one for a transaction that will.

use iceberg::{MetadataCodec, NewTable, PartitionSpec, Schema, SortOrder, TableMetadata};
use model::{
    EventKind, Name, NamespacePath, Properties, TabularId, TabularKind, TabularPath, Version,
    WarehouseId,
};
use serde_json::json;
use store::{Commit, Effects, NewTabular};
use uuid::Uuid;

use super::commit::loaded_again;
use crate::cache::Versioned;
use crate::files::{self, NewFile};
use crate::idempotency::{Interrupted, once};
use crate::tabular::{self, CommittedTabular, CreationPlace};
use crate::{Catalog, Loaded, Request, Result, events, location};

/// Whether a table is created now or by a later commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staging {
    /// Now.
    Create,
    /// By a later commit; nothing is kept until then.
    Stage,
}

/// A table that is to be.
#[derive(Debug, Clone)]
pub struct TableCreate {
    /// Its name.
    pub name: Name,
    /// Where its files are to be; the catalog chooses if absent.
    pub location: Option<String>,
    /// Its columns.
    pub schema: Schema,
    /// Its partitioning; none if absent.
    pub partition_spec: Option<PartitionSpec>,
    /// Its sort order; none if absent.
    pub write_order: Option<SortOrder>,
    /// Whether it is created now.
    pub staging: Staging,
    /// Its properties.
    pub properties: Properties,
}

/// Creates the table in the namespace.
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
    if new.staging == Staging::Stage {
        let place = cx
            .creation_place(request, (warehouse, &path), TabularKind::Table)
            .await?;
        let metadata = first_metadata(cx, &place, new)?;
        let id = TabularId::from(metadata.uuid());
        return Ok(Loaded::staged(&place.warehouse, id, &metadata.to_json()));
    }
    let mut answer = None;
    let committed = once(cx, request, async {
        let place = cx
            .creation_place(request, (warehouse, &path), TabularKind::Table)
            .await?;
        let (committed, loaded) = insert(cx, request, (&place, &path), new).await?;
        answer = Some(loaded);
        Ok(committed)
    })
    .await?;
    match answer {
        Some(loaded) => Ok(loaded),
        None => loaded_again(cx, request, &committed).await,
    }
}

fn first_metadata(cx: &Catalog, place: &CreationPlace, new: TableCreate) -> Result<TableMetadata> {
    let (warehouse, uuid) = (&place.warehouse, Uuid::now_v7());
    let location = location::of_new(warehouse, &place.properties, new.location.as_deref(), uuid)?;
    let mut properties = new.properties;
    if let Some(version) = warehouse.settings.format_versions.default {
        properties
            .entry("format-version".to_owned())
            .or_insert_with(|| version.to_string());
    }
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
    warehouse
        .settings
        .format_versions
        .check_table(metadata.format_version())?;
    location::check_paths(warehouse, &location, |key| metadata.property(key))?;
    Ok(metadata)
}

async fn insert(
    cx: &Catalog,
    request: &Request,
    (place, path): (&CreationPlace, &TabularPath),
    new: TableCreate,
) -> std::result::Result<(CommittedTabular, Loaded), Interrupted> {
    let metadata = first_metadata(cx, place, new)?;
    let codec = MetadataCodec::from_properties(metadata.properties())?;
    let (warehouse, id, now) = (&place.warehouse, TabularId::from(metadata.uuid()), cx.now());
    let location = metadata.location().to_owned();
    let metadata_location = location::metadata_file(&location, metadata.properties(), 0, codec);
    let claimed_location = location::check(warehouse, &location)?
        .normalized()
        .to_owned();
    let file = NewFile {
        location,
        metadata_location,
        json: metadata.to_json(),
        codec,
    };
    let content = files::write(cx, warehouse, file).await?;
    let committed = CommittedTabular::of(warehouse.id(), id, &content);
    let body = json!({
        "namespace": path.namespace.levels(), "name": path.name.as_str(),
        "location": content.location, "metadata-location": content.metadata_location,
    });
    let event = events::in_warehouse(EventKind::CreateTable, warehouse.id(), &id, now, &body)?;
    let idempotency = request.record(&committed, now)?;
    let effects = Effects {
        events: vec![event],
        idempotency,
        ..Effects::none()
    };
    let version = Version::of_reused_id(now);
    let create = NewTabular {
        id,
        namespace: place.within.id,
        kind: TabularKind::Table,
        name: path.name.clone(),
        version,
        claimed_location,
        content: content.clone(),
        replaces: None,
    };
    let commit = Commit {
        warehouse: warehouse.id(),
        creates: vec![create],
        swaps: Vec::new(),
        at: now,
    };
    if let Err(error) = cx
        .store(&place.within)
        .tabular_commit(commit, effects)
        .await
    {
        if error.changed_nothing() {
            files::forget(cx, warehouse, vec![content.metadata_location]).await;
        }
        let at = (warehouse.id(), path);
        return Err(tabular::creation_refused(cx, at, TabularKind::Table, error).await);
    }
    let versioned = cx.metadata.put(id, Versioned { version, content });
    cx.metadata.remember(warehouse.id(), path, id);
    Ok((committed, Loaded::of(warehouse, id, &versioned)))
}
