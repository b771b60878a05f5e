//! Creates a view.

use iceberg::{MetadataCodec, NewView, Schema, ViewMetadata, ViewVersion};
use model::{
    EventKind, Name, NamespacePath, Properties, TabularId, TabularKind, TabularPath, Version,
    WarehouseId,
};
use serde_json::json;
use store::{Commit, Effects, NewTabular};
use uuid::Uuid;

use crate::cache::Versioned;
use crate::files::{self, NewFile};
use crate::idempotency::{Interrupted, once};
use crate::tabular::{self, CommittedTabular, CreationPlace};
use crate::{Catalog, Loaded, Request, Result, events, location};

/// A view that is to be.
#[derive(Debug, Clone)]
pub struct ViewCreate {
    /// Its name.
    pub name: Name,
    /// Where its metadata is to be; the catalog chooses if absent.
    pub location: Option<String>,
    /// Its columns.
    pub schema: Schema,
    /// What it selects.
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
    let mut answer = None;
    let committed = once(cx, request, async {
        let place = cx
            .creation_place(request, (warehouse, &path), TabularKind::View)
            .await?;
        let (committed, loaded) = insert(cx, request, (&place, &path), new).await?;
        answer = Some(loaded);
        Ok(committed)
    })
    .await?;
    match answer {
        Some(loaded) => Ok(loaded),
        None => tabular::loaded_again(cx, request, TabularKind::View, &committed).await,
    }
}

fn first_metadata(cx: &Catalog, place: &CreationPlace, new: ViewCreate) -> Result<ViewMetadata> {
    let uuid = Uuid::now_v7();
    let location = location::of_new(
        &place.warehouse,
        &place.properties,
        new.location.as_deref(),
        uuid,
    )?;
    let (schema, view_version, properties) = (new.schema, new.view_version, new.properties);
    let new = NewView {
        uuid,
        location: location::spelled(&location),
        schema,
        view_version,
        properties,
    };
    let metadata = ViewMetadata::create(new, cx.now().as_ms())?;
    location::check_paths(&place.warehouse, &location, |key| metadata.property(key))?;
    Ok(metadata)
}

async fn insert(
    cx: &Catalog,
    request: &Request,
    (place, path): (&CreationPlace, &TabularPath),
    new: ViewCreate,
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
    let event = events::in_warehouse(EventKind::CreateView, warehouse.id(), &id, now, &body)?;
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
        kind: TabularKind::View,
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
        return Err(tabular::creation_refused(cx, at, TabularKind::View, error).await);
    }
    let versioned = cx.metadata.put(id, Versioned { version, content });
    cx.metadata.remember(warehouse.id(), path, id);
    Ok((committed, Loaded::of(warehouse, id, &versioned)))
}
