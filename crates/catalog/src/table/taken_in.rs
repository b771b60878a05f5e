//! Takes in the metadata that a table bucket has as the current one of a table: of a commit that reached the bucket
//! but not the database, or of a commit that bypassed this catalog.

use std::time::Duration;

use iceberg::{Snapshot, TableMetadata, TableUpdate};
use model::EventKind;
use serde_json::json;
use store::{Commit, Effects, StoreError, StoredMetadata, Swap, TabularContent};

use super::plan::Plan;
use crate::heavy::heavy;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, files, location};

/// How long the process that published the metadata has to commit it to the database itself.
const PATIENCE: Duration = Duration::from_millis(300);

/// Makes the metadata file the current one of the plan's table, unless the row changes meanwhile. In both cases the
/// plan is outdated.
pub(super) async fn take_in(cx: &Catalog, plan: &Plan, metadata_location: String) -> Result<()> {
    tokio::time::sleep(PATIENCE).await;
    let read = files::read(cx, &plan.warehouse, &metadata_location).await;
    let refused = |error: CatalogError| match error.kind {
        ErrorKind::Unavailable | ErrorKind::InvalidStorage => error,
        _ => unfit(plan, &metadata_location, &error.message),
    };
    let json = read.map_err(refused)?;
    let content = heavy(json.len(), || content(plan, &metadata_location, &json));
    let content = content.map_err(refused)?;
    let (at, id) = (cx.now(), plan.id);
    let body = json!({
        "namespace": plan.path.namespace.levels(), "name": plan.path.name.as_str(),
        "location": content.location, "metadata-location": content.metadata_location, "updates": [],
    });
    // The change is not this request's, so the event names the system.
    let system = Request::system();
    let by = system.at(at);
    let event = events::in_warehouse(EventKind::UpdateTable, plan.warehouse.id(), &id, by, &body)?;
    let swap = Swap {
        id,
        expected: plan.base_version,
        claimed_location: None,
        content,
        obsolete: None,
    };
    let commit = Commit {
        warehouse: plan.warehouse.id(),
        creates: Vec::new(),
        swaps: vec![swap],
        at,
    };
    let effects = Effects::telling([event]);
    match plan.store(cx).tabular_commit(commit, effects).await {
        Ok(()) | Err(StoreError::Stale { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn content(plan: &Plan, metadata_location: &str, json: &[u8]) -> Result<TabularContent> {
    let metadata = TableMetadata::parse(json)?;
    metadata.validate()?;
    let same = |what: &str, ours: &str, theirs: &str| {
        let message = format!("its {what} is `{theirs}`, but the {what} of the table is `{ours}`");
        (ours == theirs)
            .then_some(())
            .ok_or_else(|| CatalogError::bad_request(message))
    };
    let uuid = metadata.uuid().to_string();
    same("UUID", &plan.id.to_string(), &uuid)?;
    same("location", &plan.content.location, metadata.location())?;
    let (location, properties) = (metadata.location(), metadata.properties());
    location::check_metadata(&plan.warehouse, location, properties)?;
    Ok(TabularContent {
        location: location.to_owned(),
        metadata_location: metadata_location.to_owned(),
        metadata: StoredMetadata::encode(json),
    })
}

fn unfit(plan: &Plan, metadata_location: &str, why: &str) -> CatalogError {
    let message = format!(
        "the table bucket has `{metadata_location}` as the metadata of table `{}`, which the catalog cannot accept: {why}",
        plan.path
    );
    CatalogError::new(ErrorKind::CommitFailed, message)
}

/// Whether the updates add snapshots, and the table already has all of them: then the commit has been taken in.
pub(super) fn holds(table: &TableMetadata, updates: &[TableUpdate]) -> bool {
    let mut added = updates.iter().filter_map(|update| match update {
        TableUpdate::AddSnapshot { snapshot } => Some(snapshot),
        _ => None,
    });
    let is_there = |one: &Snapshot| {
        let same = |other: &Snapshot| {
            other.id() == one.id() && other.manifest_list() == one.manifest_list()
        };
        one.manifest_list().is_some() && table.snapshots().iter().any(same)
    };
    added.next().is_some_and(is_there) && added.all(is_there)
}
