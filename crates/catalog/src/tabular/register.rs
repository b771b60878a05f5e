//! Takes existing metadata files in as tables and views.

use approval::{Action, Named, ProposedChange};
use iceberg::{TableMetadata, ViewMetadata};
use model::{EventKind, TabularId, TabularKind, TabularPath, Version, WarehouseId};
use objects::Location;
use serde_json::json;
use store::{Protection, StoreError, StoredMetadata, TabularContent};
use uuid::Uuid;

use super::creation::{Creation, CreationPlace, creation_refused, insert};
use super::loaded::{CommittedTabular, Loaded, once_loaded};
use super::target::{TabularAction, TabularTarget, protected, taken};
use crate::again::Attempts;
use crate::delegation::Access;
use crate::events::Change;
use crate::heavy::heavy;
use crate::idempotency::Interrupted;
use crate::table::Existing;
use crate::warehouse::Warehouse;
use crate::{
    Catalog, CatalogError, ErrorKind, Request, Result, contracts, files, location, table_bucket,
};

/// A metadata file, and what happens to what has its name.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) metadata_location: String,
    pub(crate) existing: Existing,
}

/// What the metadata file says about itself, and where that may be.
async fn read(
    cx: &Catalog,
    request: &Request,
    warehouse: &Warehouse,
    kind: TabularKind,
    metadata_location: &str,
) -> Result<(TabularId, Location, TabularContent)> {
    let json = files::read(cx, warehouse, metadata_location).await?;
    heavy(json.len(), || {
        parse((cx, request), warehouse, kind, (metadata_location, &json))
    })
}

fn parse(
    (cx, request): (&Catalog, &Request),
    warehouse: &Warehouse,
    kind: TabularKind,
    (metadata_location, json): (&str, &[u8]),
) -> Result<(TabularId, Location, TabularContent)> {
    let (uuid, location, claimed) = match kind {
        TabularKind::GenericTable => {
            let message = "a generic table has no metadata file to register; create it instead";
            return Err(CatalogError::new(ErrorKind::NotSupported, message));
        }
        TabularKind::View => {
            let metadata = ViewMetadata::parse(json)?;
            metadata.validate()?;
            cx.check_owner_property(request, metadata.properties().keys())?;
            let location = metadata.location().to_owned();
            let claimed = location::check_metadata(warehouse, &location, metadata.properties())?;
            (metadata.uuid(), location, claimed)
        }
        TabularKind::Table => {
            let metadata = TableMetadata::parse(json)?;
            metadata.validate()?;
            let versions = &warehouse.settings.format_versions;
            versions.check_table(metadata.format_version())?;
            let location = metadata.location().to_owned();
            let claimed = location::check_metadata(warehouse, &location, metadata.properties())?;
            (metadata.uuid(), location, claimed)
        }
    };
    if !Location::parse_object(metadata_location)?.is_within(&claimed) {
        let message = format!(
            "metadata file `{metadata_location}` is not within the location `{location}` of its {kind}: another one's purge could delete it"
        );
        return Err(CatalogError::new(ErrorKind::InvalidLocation, message));
    }
    let content = TabularContent {
        location,
        metadata_location: metadata_location.to_owned(),
        metadata: StoredMetadata::encode(json),
    };
    Ok((id_of(uuid), claimed, content))
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
    once_loaded(cx, request, kind, async {
        let mut attempts = Attempts::default();
        loop {
            let done = {
                let place = cx.place(request, warehouse, &path.namespace, kind).await?;
                let file = &source.metadata_location;
                table_bucket::check_registration(cx, &place.warehouse, path, file).await?;
                let replaced = replaced(cx, request, at, source.existing).await?;
                let found = read(cx, request, &place.warehouse, kind, file).await?;
                attempt(cx, request, (&place, at), (replaced, found)).await?
            };
            if let Some(done) = done {
                return Ok(done);
            }
            attempts.lost(|| format!("{kind} `{path}`")).await?;
        }
    })
    .await
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
    if existing == Existing::Refuse || there.kind() != kind {
        return Err(taken(kind, there.kind(), path));
    }
    if there.stamp.protection == Protection::On {
        return Err(protected(kind, path));
    }
    let there = cx
        .require(request, TabularAction::Drop.on(kind), there)
        .await
        // Who may create there may know that the name is taken.
        .map_err(|error| error.or_missing(|| taken(kind, kind, path)))?;
    Ok(Some(there.into_inner()))
}

/// One attempt; nothing if another change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    (place, (warehouse, path, kind)): (&CreationPlace, (WarehouseId, &TabularPath, TabularKind)),
    (replaced, found): (Option<TabularTarget>, (TabularId, Location, TabularContent)),
) -> std::result::Result<Option<(CommittedTabular, Loaded)>, Interrupted> {
    let (id, claimed, content) = found;
    if let Some(there) = &replaced {
        let proposed = |metadata| {
            Ok(ProposedChange {
                old_metadata: Some(metadata),
                new_metadata: Some(contracts::metadata(&content.metadata)?),
                ..ProposedChange::of(Action::Overwrite, (kind, there.id()), Named::from(path))
            })
        };
        let approved = cx.approve_unloaded(request, there, proposed).await?;
        if approved.is_none() {
            return Ok(None);
        }
    }
    let access = Access::of_author(cx, request, (&place.warehouse, path, kind), &claimed).await?;
    let event = match kind {
        TabularKind::Table => EventKind::RegisterTable,
        _ => Change::Create.of(kind),
    };
    let body = json!({
        "namespace": path.namespace.levels(), "name": path.name.as_str(),
        "location": content.location, "metadata-location": content.metadata_location,
        "overwrite": replaced.is_some(),
    });
    let new = Creation {
        id,
        format: None,
        version: Version::of_reused_id(cx.now()),
        claimed,
        content,
        replaces: replaced.map(|there| (there.id(), there.stamp.version)),
        access,
        event: (event, body),
    };
    match insert(cx, request, (place, path, kind), new).await? {
        Ok(done) => Ok(Some(done)),
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(error) => Err(creation_refused(cx, (warehouse, path), kind, error).await),
    }
}
