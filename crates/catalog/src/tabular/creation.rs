//! Finds the place for a new table, view or generic table, and creates it there.

use std::sync::Arc;

use authz::Authorized;
use model::{
    Event, EventKind, NamespacePath, Properties, Securable, TableFormat, TabularId, TabularKind,
    TabularPath, Timestamp, Version, WarehouseId,
};
use objects::{Location, Permission};
use serde_json::{Value, json};
use store::{
    AtVersion, Commit, Effects, Entity, IdempotencyRecord, NewTabular, ResolveTarget, StoreError,
    Swap, TabularContent,
};
use uuid::Uuid;

use super::loaded::{CommittedTabular, Loaded};
use super::target::{AtPath, creating, taken};
use crate::cache::TabularHint;
use crate::delegation::{FileAccess, FolderAccess};
use crate::events::Change;
use crate::files::{self, NewFile};
use crate::idempotency::Interrupted;
use crate::namespace::{self, NamespaceTarget};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, location, table_bucket};

/// A free name in a namespace that the caller may create in.
#[derive(Debug)]
pub(crate) struct CreationPlace {
    pub(crate) warehouse: Arc<Warehouse>,
    pub(crate) within: Authorized<NamespaceTarget>,
    /// The namespace's path, as its creator spelled it.
    pub(crate) namespace: NamespacePath,
    /// The namespace's properties.
    pub(crate) properties: Properties,
    /// The location that the storage has made for it, if the storage decides.
    pub(crate) made: Option<Location>,
}

impl CreationPlace {
    /// The path, in the warehouse of this place.
    pub(crate) fn at<'a>(&self, path: &'a TabularPath) -> AtPath<'a> {
        AtPath {
            warehouse: self.warehouse.id(),
            path,
        }
    }

    /// Refuses another location than the one that the storage has made, if it has.
    pub(crate) fn check(&self, location: &Location) -> Result<()> {
        match &self.made {
            Some(made) if made != location => {
                table_bucket::refuse_location(&self.warehouse, location.as_str())
            }
            _ => Ok(()),
        }
    }
}

impl Catalog {
    /// The place for a new table or view. A name that is taken is refused here for a better error; the store checks
    /// it again.
    pub(crate) async fn creation_place(
        &self,
        request: &Request,
        AtPath { warehouse, path }: AtPath<'_>,
        kind: TabularKind,
    ) -> Result<CreationPlace> {
        let place = self.place(request, warehouse, &path.namespace, kind);
        let (found, place) = futures::try_join!(self.find_tabular(warehouse, path), place)?;
        if let Some(there) = found.tabular {
            return Err(taken(kind, there.kind(), path));
        }
        let made = table_bucket::place(self, &place.warehouse, path).await?;
        Ok(CreationPlace { made, ..place })
    }

    /// The namespace of a new table or view, without a check whether the name is taken.
    pub(crate) async fn place(
        &self,
        request: &Request,
        warehouse: WarehouseId,
        namespace: &NamespacePath,
        kind: TabularKind,
    ) -> Result<CreationPlace> {
        let target = ResolveTarget::NamespaceRow(namespace.key().clone());
        let (warehouse, resolved) = self.resolve(warehouse, target).await?;
        let row = resolved
            .namespace_row
            .ok_or_else(|| namespace::missing(namespace))?;
        let target = NamespaceTarget {
            warehouse: Arc::clone(&warehouse),
            id: row.id,
        };
        let within = self
            .require(request, creating(kind), target)
            .await
            .map_err(|error| error.or_missing(|| namespace::missing(namespace)))?;
        table_bucket::check_kind(&warehouse, kind)?;
        Ok(CreationPlace {
            warehouse,
            within,
            namespace: row.path,
            properties: row.properties,
            made: None,
        })
    }
}

impl CreationPlace {
    /// Refuses a location that is in use, for access that is given before anything is created there.
    pub(crate) async fn require_free(&self, cx: &Catalog, location: &Location) -> Result<()> {
        let normalized = location.normalized().to_owned();
        let store = cx.store(&self.within);
        let taken = store.tabular_location_taken(self.warehouse.id(), normalized.clone());
        match taken.await? {
            None => Ok(()),
            Some(other) => Err(StoreError::LocationTaken {
                location: normalized,
                other,
            }
            .into()),
        }
    }
}

/// The first metadata of a new table or view.
#[derive(Debug)]
pub(crate) struct FirstMetadata<'a> {
    pub(crate) path: &'a TabularPath,
    pub(crate) kind: TabularKind,
    pub(crate) uuid: Uuid,
    pub(crate) location: &'a str,
    pub(crate) properties: &'a Properties,
    pub(crate) json: Vec<u8>,
}

/// A table, view or generic table to be created. Its metadata file has been written, if it has one.
#[derive(Debug)]
pub(crate) struct Creation<'a> {
    pub(crate) path: &'a TabularPath,
    pub(crate) kind: TabularKind,
    pub(crate) id: TabularId,
    pub(crate) format: Option<TableFormat>,
    /// [`Version::FIRST`] for a new id; a version above all earlier ones if a table may have had the id before.
    pub(crate) version: Version,
    pub(crate) claimed: Location,
    pub(crate) content: TabularContent,
    pub(crate) replaces: Option<AtVersion>,
    /// How its creator may access its files.
    pub(crate) access: Option<FolderAccess>,
    /// The events of its creation, and of the end of what it replaces.
    pub(crate) events: Vec<(EventKind, TabularId, Value)>,
    /// The idempotency record, if the request has a key.
    pub(crate) idempotency: Vec<IdempotencyRecord>,
}

/// Writes the first metadata file of a table or view, and creates the table or view.
pub(crate) async fn create(
    cx: &Catalog,
    request: &Request,
    place: &CreationPlace,
    first: FirstMetadata<'_>,
) -> std::result::Result<(CommittedTabular, Loaded), Interrupted> {
    let FirstMetadata { path, kind, .. } = first;
    let (warehouse, id) = (&place.warehouse, TabularId::from(first.uuid));
    let file = NewFile::first(first.location, first.properties, first.json)?;
    let claimed = location::check(warehouse, first.location)?;
    let access = FileAccess::of(request, warehouse, kind, Permission::Write);
    let access = FolderAccess::of_author(cx, access, warehouse, path, &claimed);
    let (content, access) = futures::join!(files::write(cx, warehouse, file), access);
    let content = content?;
    let access = match access {
        Ok(access) => access,
        Err(error) => {
            files::forget(cx, warehouse, vec![content.metadata_location]).await;
            return Err(error.into());
        }
    };
    let body = json!({
        "namespace": path.namespace.levels(), "name": path.name.as_str(),
        "location": content.location, "metadata-location": content.metadata_location,
    });
    let metadata_location = content.metadata_location.clone();
    let published = table_bucket::publish(cx, warehouse, path, None, &metadata_location).await;
    let published = match published {
        Ok(published) => published,
        Err(error) => {
            if error.kind != ErrorKind::CommitStateUnknown {
                files::forget(cx, warehouse, vec![metadata_location]).await;
            }
            return Err(error.into());
        }
    };
    let committed = CommittedTabular::of(warehouse.id(), id, &content);
    let idempotency = request.record(&committed, cx.now())?;
    let new = Creation {
        path,
        kind,
        id,
        format: None,
        version: Version::FIRST,
        claimed,
        content,
        replaces: None,
        access,
        events: vec![(Change::Create.of(kind), id, body)],
        idempotency,
    };
    match insert(cx, request, place, new).await? {
        Ok(loaded) => Ok((committed, loaded)),
        Err(error) => {
            if error.changed_nothing() && !published.is_done() {
                files::forget(cx, warehouse, vec![metadata_location]).await;
            }
            let refused = creation_refused(cx, place.at(path), kind, error).await;
            Err(refused.map(|error| published.then(error)))
        }
    }
}

/// Creates the row of a table, view or generic table. The inner error is the store's refusal.
pub(crate) async fn insert(
    cx: &Catalog,
    request: &Request,
    place: &CreationPlace,
    new: Creation<'_>,
) -> Result<store::Result<Loaded>> {
    let (warehouse, id, now) = (&place.warehouse, new.id, cx.now());
    let (path, kind) = (new.path, new.kind);
    let (commit, version) = new.commit(place, now);
    let told = new.events.iter().map(|(kind, subject, body)| {
        events::in_warehouse(*kind, warehouse.id(), subject, request.at(now), body)
    });
    let mut told = told.collect::<Result<Vec<_>>>()?;
    Event::number(&mut told);
    let grants = match commit.creates.as_slice() {
        [] => Vec::new(),
        _ => request.ownership(Securable::Tabular(kind, id)),
    };
    let effects = Effects {
        idempotency: new.idempotency,
        grants,
        ..Effects::telling(told)
    };
    let store = cx.store(&place.within);
    if let Err(error) = store.tabular_commit(commit, effects).await {
        return Ok(Err(error));
    }
    let hint = TabularHint::created(place.within.id, kind, id, version);
    let versioned = cx.metadata.put_at(place.at(path), hint, new.content);
    Ok(Ok(
        Loaded::of(warehouse, id, &versioned).with_access(new.access)
    ))
}

impl Creation<'_> {
    /// The commit that creates the row, and the row's version after it. If it replaces a table with the same id, that
    /// row is changed instead and keeps its former locations, because its snapshots may point there.
    fn commit(&self, place: &CreationPlace, now: Timestamp) -> (Commit, Version) {
        let mut commit = Commit {
            warehouse: place.warehouse.id(),
            creates: Vec::new(),
            swaps: Vec::new(),
            at: now,
        };
        let claimed = self.claimed.normalized().to_owned();
        if let Some(AtVersion { id, version }) = self.replaces
            && id == self.id
        {
            commit.swaps.push(Swap {
                id,
                expected: version,
                claimed_location: Some(claimed),
                content: self.content.clone(),
                obsolete: None,
            });
            return (commit, version.next());
        }
        commit.creates.push(NewTabular {
            id: self.id,
            namespace: place.within.id,
            found_at: Some(self.path.namespace.key().clone()),
            kind: self.kind,
            format: self.format.clone(),
            name: self.path.name.clone(),
            version: self.version,
            claimed_location: claimed,
            content: self.content.clone(),
            replaces: self.replaces,
        });
        (commit, self.version)
    }
}

/// Maps the store's refusal of a new table or view.
pub(crate) async fn creation_refused(
    cx: &Catalog,
    AtPath { warehouse, path }: AtPath<'_>,
    kind: TabularKind,
    error: StoreError,
) -> Interrupted {
    let error = match error {
        StoreError::AlreadyExists(Entity::TabularName(_)) => {
            let there = Box::pin(cx.find_tabular(warehouse, path))
                .await
                .ok()
                .and_then(|found| found.tabular);
            taken(kind, there.map_or(kind, |there| there.kind()), path)
        }
        StoreError::AlreadyExists(Entity::Tabular(id)) => {
            let message = format!("a table or view with UUID `{id}` is in the catalog already");
            CatalogError::new(ErrorKind::AlreadyExists, message)
        }
        StoreError::NotFound(Entity::Namespace(_)) => namespace::missing(&path.namespace),
        other => return Interrupted::of(other, CatalogError::from),
    };
    error.into()
}
