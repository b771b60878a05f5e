//! Validates a warehouse before it is created or changed, or an existing one. Changes nothing.
//!
//! Each validation takes the same input as its operation, requires the same right and runs the same checks, but does
//! not stop at the first failure.

use std::time::Instant;

use authz::{Action, Authorized, WarehouseAction};
use model::{InvalidName, Name, WarehouseId};
use objects::{ProfileError, StorageCredential};
use store::Store;

use super::Warehouse;
use super::create::{WarehouseCreate, name_taken, place_taken, project_of};
use super::load::{WarehouseTarget, find};
use super::report::{CheckName, PREREQUISITE, Report};
use super::storage::{Storage, skip_storage, try_storage, try_unchecked};
use crate::project::ProjectTarget;
use crate::{Catalog, CatalogError, Request, Result};

const ONLY_CREATED: &str = "applies only when a warehouse is created";
const ONLY_CHANGED: &str = "applies only when a warehouse is changed";

/// Checks everything that a creation needs.
pub async fn validate_creation(
    cx: &Catalog,
    request: &Request,
    new: WarehouseCreate,
) -> Result<Report> {
    let project = project_of(cx, request, new.project).await?;
    let settings = new.settings;
    if let Ok(storage) = &new.storage {
        settings.delete_profile.check(&storage.profile)?;
    }
    let mut report = Report::default();
    let storage = well_formed(cx, &mut report, new.storage);
    report.skip([CheckName::ProfileCompatible], ONLY_CHANGED);
    let started = Instant::now();
    let name = free_name(cx, &project, new.name).await?;
    report.record(CheckName::WarehouseNameValid, started, name);
    if let Some(storage) = &storage {
        let started = Instant::now();
        let exclusive = free_place(cx.store(&project), WarehouseId::generate(), storage).await?;
        report.record(CheckName::LocationExclusive, started, exclusive);
    } else {
        report.skip([CheckName::LocationExclusive], PREREQUISITE);
    }
    report.skip([CheckName::SpecMutable], ONLY_CHANGED);
    let started = Instant::now();
    let versions = settings.format_versions.check();
    report.record(CheckName::FormatVersionPolicyConsistent, started, versions);
    let allowed = cx.check_unlocked(request, settings.managed_by);
    report.record(CheckName::ManagedByAllowed, Instant::now(), allowed);
    try_well_formed(cx, &mut report, storage.as_ref()).await;
    Ok(report)
}

/// Checks what a change of a warehouse's storage needs.
pub async fn validate_profile(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
    given: std::result::Result<Storage, ProfileError>,
) -> Result<Report> {
    let target = target(cx, request, id, WarehouseAction::UpdateStorage).await?;
    let warehouse = Warehouse::of(target.0.clone())?;
    let mut report = Report::default();
    let mut storage = well_formed(cx, &mut report, given);
    if let Some(storage) = &mut storage {
        let started = Instant::now();
        let follows = warehouse.profile.update_with(storage.profile.clone());
        let follows = follows.map_err(CatalogError::from);
        if let Some(changed) = report.record(CheckName::ProfileCompatible, started, follows) {
            storage.profile = changed;
        }
    } else {
        report.skip([CheckName::ProfileCompatible], PREREQUISITE);
    }
    name_stays(&mut report);
    match &storage {
        // The endpoint has changed.
        Some(storage) if storage.profile.base_address() != warehouse.profile.base_address() => {
            let started = Instant::now();
            let exclusive = free_place(cx.store(&target), id, storage).await?;
            report.record(CheckName::LocationExclusive, started, exclusive);
        }
        _ => place_stays(&mut report),
    }
    let unlocked = cx.check_unlocked(request, warehouse.settings.managed_by);
    of_change(&mut report, unlocked);
    try_well_formed(cx, &mut report, storage.as_ref()).await;
    Ok(report)
}

/// Checks what a change of a warehouse's credential needs.
pub async fn validate_credential(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
    given: std::result::Result<Option<StorageCredential>, ProfileError>,
) -> Result<Report> {
    let action = WarehouseAction::UpdateStorage;
    let target = target(cx, request, id, action).await?;
    let warehouse = Warehouse::of(target.into_inner().0)?;
    let mut report = Report::default();
    all_stays(&mut report);
    let unlocked = cx.check_unlocked(request, warehouse.settings.managed_by);
    of_change(&mut report, unlocked);
    let storage = given.map_err(CatalogError::from).map(|credential| Storage {
        profile: warehouse.profile,
        credential,
    });
    try_unchecked(cx, &mut report, storage).await;
    Ok(report)
}

/// Checks whether the storage of a warehouse, active or not, works as it is.
pub async fn validate_access(cx: &Catalog, request: &Request, id: WarehouseId) -> Result<Report> {
    let target = target(cx, request, id, WarehouseAction::UpdateStorage).await?;
    let warehouse = Warehouse::of(target.into_inner().0)?;
    let storage = warehouse.storage(cx).await?;
    let mut report = Report::default();
    all_stays(&mut report);
    report.skip([CheckName::SpecMutable], ONLY_CHANGED);
    not_created(&mut report);
    try_unchecked(cx, &mut report, Ok(storage)).await;
    Ok(report)
}

async fn target(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
    action: WarehouseAction,
) -> Result<Authorized<WarehouseTarget>> {
    let found = find(cx, id).await?;
    cx.require(request, Action::Warehouse(action), found).await
}

fn well_formed(
    cx: &Catalog,
    report: &mut Report,
    given: std::result::Result<Storage, ProfileError>,
) -> Option<Storage> {
    let started = Instant::now();
    let checked = given
        .map_err(CatalogError::from)
        .and_then(|storage| storage.check(cx));
    report.record(CheckName::ProfileWellFormed, started, checked)
}

async fn try_well_formed(cx: &Catalog, report: &mut Report, storage: Option<&Storage>) {
    match storage {
        Some(storage) => try_storage(cx, report, storage).await,
        None => skip_storage(report),
    }
}

async fn free_name(
    cx: &Catalog,
    project: &Authorized<ProjectTarget>,
    given: std::result::Result<Name, InvalidName>,
) -> Result<Result<()>> {
    let name = match given {
        Ok(name) => name,
        Err(error) => return Ok(Err(error.into())),
    };
    let id = &project.0.id;
    let taken = cx.store(project).warehouse_find(id, &name).await?;
    Ok(taken.map_or(Ok(()), |_| Err(name_taken(&name))))
}

async fn free_place(store: &dyn Store, id: WarehouseId, storage: &Storage) -> Result<Result<()>> {
    let place = storage.profile.base_address();
    let other = store.warehouse_overlapping(id, &place).await?;
    Ok(other.map_or(Ok(()), |_| Err(place_taken(&place))))
}

/// Adds the checks that are the same for all changes of storage.
fn of_change(report: &mut Report, unlocked: Result<()>) {
    report.record(CheckName::SpecMutable, Instant::now(), unlocked);
    not_created(report);
}

fn all_stays(report: &mut Report) {
    let checks = [CheckName::ProfileWellFormed, CheckName::ProfileCompatible];
    report.skip(checks, "the storage profile is not changed");
    name_stays(report);
    place_stays(report);
}

fn place_stays(report: &mut Report) {
    let checks = [CheckName::LocationExclusive];
    report.skip(checks, "the location is not changed");
}

fn name_stays(report: &mut Report) {
    let checks = [CheckName::WarehouseNameValid];
    report.skip(checks, "the name is not changed");
}

fn not_created(report: &mut Report) {
    let checks = [
        CheckName::FormatVersionPolicyConsistent,
        CheckName::ManagedByAllowed,
    ];
    report.skip(checks, ONLY_CREATED);
}
