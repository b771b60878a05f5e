//! Registers existing metadata files as tables and views.

use approval::{Action, Named, ProposedChange};
use iceberg::{TableMetadata, ViewMetadata};
use model::{EventKind, TabularId, TabularKind, TabularPath, Version};
use objects::{Location, Permission};
use serde_json::json;
use store::{AtVersion, Protection, StoreError, StoredMetadata, TabularContent};
use uuid::Uuid;

use super::creation::{Creation, CreationPlace, creation_refused, insert};
use super::loaded::{CommittedTabular, Loaded, once_loaded};
use super::target::{AtPath, TabularAction, TabularTarget, protected, taken};
use crate::again::Attempts;
use crate::delegation::{FileAccess, FolderAccess};
use crate::events::Change;
use crate::heavy::heavy;
use crate::idempotency::Interrupted;
use crate::table::Existing;
use crate::warehouse::Warehouse;
use crate::{
    Catalog, CatalogError, ErrorKind, Request, Result, contracts, files, location, table_bucket,
};

/// A metadata file to register, and what happens to a table or view that already has the name.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) metadata_location: String,
    pub(crate) existing: Existing,
}

/// A metadata file that has been read.
struct Given<'a> {
    kind: TabularKind,
    metadata_location: &'a str,
    json: &'a [u8],
}

/// The contents of a metadata file that may be registered.
struct Found {
    id: TabularId,
    claimed: Location,
    content: TabularContent,
}

/// Reads the metadata file, and checks that it may be registered from where it lies.
async fn read(
    cx: &Catalog,
    request: &Request,
    warehouse: &Warehouse,
    kind: TabularKind,
    metadata_location: &str,
) -> Result<Found> {
    let json = files::read(cx, warehouse, metadata_location).await?;
    heavy(json.len(), || {
        let given = Given {
            kind,
            metadata_location,
            json: &json,
        };
        parse(cx, request, warehouse, &given)
    })
}

fn parse(
    cx: &Catalog,
    request: &Request,
    warehouse: &Warehouse,
    given: &Given<'_>,
) -> Result<Found> {
    let Given {
        kind,
        metadata_location,
        json,
    } = *given;
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
            "metadata file `{metadata_location}` is not within the location `{location}` of its {kind}, so the purge of \
             another {kind} could delete it"
        );
        return Err(CatalogError::new(ErrorKind::InvalidLocation, message));
    }
    let content = TabularContent {
        location,
        metadata_location: metadata_location.to_owned(),
        metadata: StoredMetadata::encode(json),
    };
    Ok(Found {
        id: id_of(uuid),
        claimed,
        content,
    })
}

/// Metadata of format version 1 may have no UUID; then the row gets a generated id.
fn id_of(uuid: Uuid) -> TabularId {
    if uuid.is_nil() {
        TabularId::generate()
    } else {
        TabularId::from(uuid)
    }
}

/// Registers the metadata file under the path.
pub(crate) async fn register(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    kind: TabularKind,
    source: &Source,
) -> Result<Loaded> {
    let AtPath { warehouse, path } = at;
    once_loaded(cx, request, kind, path, async {
        let mut attempts = Attempts::default();
        loop {
            let done = {
                let place = cx.place(request, warehouse, &path.namespace, kind).await?;
                let file = &source.metadata_location;
                table_bucket::check_registration(cx, &place.warehouse, path, file).await?;
                let replaced = replaced(cx, request, at, kind, source.existing).await?;
                let found = read(cx, request, &place.warehouse, kind, file).await?;
                let wanted = Registration {
                    path,
                    kind,
                    replaced,
                    found,
                };
                attempt(cx, request, &place, wanted).await?
            };
            if let Some(done) = done {
                return Ok(done);
            }
            attempts.lost(|| format!("{kind} `{path}`")).await?;
        }
    })
    .await
}

/// The table or view that has the name now, if it may be replaced.
async fn replaced(
    cx: &Catalog,
    request: &Request,
    AtPath { warehouse, path }: AtPath<'_>,
    kind: TabularKind,
    existing: Existing,
) -> Result<Option<TabularTarget>> {
    let Some(there) = cx.find_tabular(warehouse, path).await?.tabular else {
        return Ok(None);
    };
    if existing == Existing::Refuse || there.kind() != kind {
        return Err(taken(kind, there.kind(), path));
    }
    let there = cx
        .require(request, TabularAction::Drop.on(kind), there)
        .await
        // A caller that may create in the namespace may know that the name is taken.
        .map_err(|error| error.or_missing(|| taken(kind, kind, path)))?;
    if there.stamp.protection == Protection::On {
        return Err(protected(kind, path));
    }
    Ok(Some(there.into_inner()))
}

/// What is registered, and which table or view it replaces.
struct Registration<'a> {
    path: &'a TabularPath,
    kind: TabularKind,
    replaced: Option<TabularTarget>,
    found: Found,
}

/// One attempt; `None` if a concurrent change came first.
async fn attempt(
    cx: &Catalog,
    request: &Request,
    place: &CreationPlace,
    wanted: Registration<'_>,
) -> std::result::Result<Option<(CommittedTabular, Loaded)>, Interrupted> {
    let Registration {
        path,
        kind,
        replaced,
        found: Found {
            id,
            claimed,
            content,
        },
    } = wanted;
    if let Some(there) = &replaced {
        // A namespace has moved between the two lookups.
        if there.namespace != place.within.id {
            return Ok(None);
        }
        let proposed = |metadata| {
            Ok(ProposedChange {
                old_metadata: Some(metadata),
                new_metadata: Some(contracts::metadata(&content.metadata)?),
                ..ProposedChange::of(Action::Overwrite, kind, there.id(), Named::from(path))
            })
        };
        let approved = cx.approve_unloaded(request, there, proposed).await?;
        if approved.is_none() {
            return Ok(None);
        }
    }
    let access = FileAccess::of(request, &place.warehouse, kind, Permission::Write);
    let access = FolderAccess::of_author(cx, access, &place.warehouse, path, &claimed).await?;
    let event = match kind {
        TabularKind::Table => EventKind::RegisterTable,
        _ => Change::Create.of(kind),
    };
    let overwritten = replaced.as_ref().filter(|there| there.id() != id);
    let ended = overwritten.map(|there| {
        let body = json!({
            "namespace": path.namespace.levels(), "name": path.name.as_str(), "purge": false,
        });
        (Change::Drop.of(kind), there.id(), body)
    });
    let body = json!({
        "namespace": path.namespace.levels(), "name": path.name.as_str(),
        "location": content.location, "metadata-location": content.metadata_location,
        "overwrite": replaced.is_some(),
    });
    let committed = CommittedTabular::of(place.warehouse.id(), id, &content);
    let idempotency = request.record(&committed, cx.now())?;
    let new = Creation {
        path,
        kind,
        id,
        format: None,
        version: Version::of_reused_id(cx.now()),
        claimed,
        content,
        replaces: replaced.map(|there| AtVersion::of(there.id(), there.stamp.version)),
        access,
        events: ended.into_iter().chain([(event, id, body)]).collect(),
        idempotency,
    };
    match insert(cx, request, place, new).await? {
        Ok(loaded) => Ok(Some((committed, loaded))),
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(error) => Err(creation_refused(cx, place.at(path), kind, error).await),
    }
}
