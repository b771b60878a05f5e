//! Takes existing metadata files in as tables and views.

use iceberg::{TableMetadata, ViewMetadata};
use model::{EventKind, TabularId, TabularKind, TabularPath, Version, WarehouseId};
use objects::Location;
use serde_json::json;
use store::{Commit, Effects, NewTabular, Protection, StoreError, StoredMetadata, TabularContent};

use super::creation::{CreationPlace, creation_refused};
use super::loaded::{CommittedTabular, Loaded, loaded_again};
use super::target::{TabularAction, TabularTarget, protected, taken};
use uuid::Uuid;

use crate::cache::Versioned;
use crate::idempotency::{Interrupted, once};
use crate::table::Existing;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, files, location};

/// Attempts before a client has to try itself.
const ATTEMPTS: usize = 20;

/// A metadata file, and what happens to what has its name.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) metadata_location: String,
    pub(crate) existing: Existing,
}

/// What a metadata file says about itself.
struct Registration {
    id: TabularId,
    location: String,
    claimed_location: String,
    metadata_location: String,
    json: Vec<u8>,
}

async fn read(
    cx: &Catalog,
    warehouse: &Warehouse,
    kind: TabularKind,
    metadata_location: &str,
) -> Result<Registration> {
    let json = files::read(cx, warehouse, metadata_location).await?;
    let (uuid, location) = match kind {
        TabularKind::View => {
            let metadata = ViewMetadata::parse(&json)?;
            metadata.validate()?;
            let location = location::check(warehouse, metadata.location())?;
            location::check_paths(warehouse, &location, |key| metadata.property(key))?;
            (metadata.uuid(), metadata.location().to_owned())
        }
        TabularKind::Table => {
            let metadata = TableMetadata::parse(&json)?;
            metadata.validate()?;
            warehouse
                .settings
                .format_versions
                .check_table(metadata.format_version())?;
            let location = location::check(warehouse, metadata.location())?;
            location::check_paths(warehouse, &location, |key| metadata.property(key))?;
            (metadata.uuid(), metadata.location().to_owned())
        }
    };
    let claimed = location::check(warehouse, &location)?;
    if !Location::parse_object(metadata_location)?.is_within(&claimed) {
        let message = format!(
            "metadata file `{metadata_location}` is not within the location `{location}` of its {kind}: another one's purge could delete it"
        );
        return Err(CatalogError::new(ErrorKind::InvalidLocation, message));
    }
    let claimed_location = claimed.normalized().to_owned();
    let metadata_location = metadata_location.to_owned();
    Ok(Registration {
        id: id_of(uuid),
        location,
        claimed_location,
        metadata_location,
        json,
    })
}

/// Metadata of format version 1 may have no UUID; the entry gets one of its own.
fn id_of(uuid: Uuid) -> TabularId {
    if uuid.is_nil() {
        TabularId::generate()
    } else {
        TabularId::from(uuid)
    }
}

/// Takes the metadata file in under the given name.
pub(crate) async fn register(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, &TabularPath, TabularKind),
    source: &Source,
) -> Result<Loaded> {
    let (warehouse, path, kind) = at;
    let mut answer = None;
    let committed = once(cx, request, async {
        for _ in 0..ATTEMPTS {
            let place = cx.place(request, (warehouse, path), kind).await?;
            let replaced = replaced(cx, request, at, source.existing).await?;
            let found = read(cx, &place.warehouse, kind, &source.metadata_location).await?;
            if let Some((committed, loaded)) =
                attempt(cx, request, (&place, at), (replaced, found)).await?
            {
                answer = Some(loaded);
                return Ok(committed);
            }
        }
        let message = format!("{kind} `{path}` is changed by others all the time; try again");
        Err(CatalogError::new(ErrorKind::ConcurrentUpdate, message).into())
    })
    .await?;
    match answer {
        Some(loaded) => Ok(loaded),
        None => loaded_again(cx, request, kind, &committed).await,
    }
}

/// What has the name now and may be replaced.
async fn replaced(
    cx: &Catalog,
    request: &Request,
    (warehouse, path, kind): (WarehouseId, &TabularPath, TabularKind),
    existing: Existing,
) -> Result<Option<TabularTarget>> {
    let Some(there) = cx.find_tabular(warehouse, path).await?.tabular else {
        return Ok(None);
    };
    if existing == Existing::Refuse || there.kind != kind {
        return Err(taken(kind, there.kind, path));
    }
    if there.stamp.protection == Protection::On {
        return Err(protected(kind, path));
    }
    let there = cx
        .require(request, TabularAction::Drop.on(kind), there)
        .await?;
    Ok(Some(there.into_inner()))
}

/// One attempt; nothing if another change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    (place, (_, path, kind)): (&CreationPlace, (WarehouseId, &TabularPath, TabularKind)),
    (replaced, found): (Option<TabularTarget>, Registration),
) -> std::result::Result<Option<(CommittedTabular, Loaded)>, Interrupted> {
    let (warehouse, now) = (&place.warehouse, cx.now());
    let content = TabularContent {
        location: found.location,
        metadata_location: found.metadata_location,
        metadata: StoredMetadata::encode(&found.json),
    };
    let (id, version) = (found.id, Version::of_reused_id(now));
    let committed = CommittedTabular::of(warehouse.id(), id, &content);
    let event = match kind {
        TabularKind::Table => EventKind::RegisterTable,
        TabularKind::View => EventKind::CreateView,
    };
    let body = json!({
        "namespace": path.namespace.levels(), "name": path.name.as_str(),
        "metadata-location": content.metadata_location, "overwrite": replaced.is_some(),
    });
    let event = events::in_warehouse(event, warehouse.id(), &id, now, &body)?;
    let idempotency = request.record(&committed, now)?;
    let effects = Effects {
        events: vec![event],
        idempotency,
        ..Effects::none()
    };
    let create = NewTabular {
        id,
        namespace: place.within.id,
        kind,
        name: path.name.clone(),
        version,
        claimed_location: found.claimed_location,
        content: content.clone(),
        replaces: replaced.map(|there| (there.id, there.stamp.version)),
    };
    let commit = Commit {
        warehouse: warehouse.id(),
        creates: vec![create],
        swaps: Vec::new(),
        at: now,
    };
    match cx
        .store(&place.within)
        .tabular_commit(commit, effects)
        .await
    {
        Ok(()) => {
            let versioned = cx.metadata.put(id, Versioned { version, content });
            cx.metadata.remember(warehouse.id(), path, id);
            Ok(Some((committed, Loaded::of(warehouse, id, &versioned))))
        }
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(error) => Err(creation_refused(cx, (warehouse.id(), path), kind, error).await),
    }
}
