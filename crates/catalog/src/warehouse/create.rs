//! Creates a warehouse.

use authz::{Authorized, ProjectAction};
use model::{EventKind, InvalidName, Name, ProjectId, SecretId, Securable, Version, WarehouseId};
use objects::{ProfileError, StorageCredential};
use secrets::{Plaintext, SecretStore};
use serde_json::json;
use store::{Effects, Protection, StoreError, WarehouseRow, WarehouseStatus};

use super::storage::{Storage, require_working};
use super::{CredentialKind, WarehouseSettings, WarehouseView};
use crate::project::ProjectTarget;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, RuleErrorKind, events, project};

/// A warehouse to be created.
///
/// Name and storage may hold the error that was found in them: a validation takes the same value, and reports all
/// errors.
#[derive(Debug)]
pub struct WarehouseCreate {
    /// Its project; the request's own if absent.
    pub project: Option<ProjectId>,
    /// Its name.
    pub name: std::result::Result<Name, InvalidName>,
    /// Its storage.
    pub storage: std::result::Result<Storage, ProfileError>,
    /// Its settings.
    pub settings: WarehouseSettings,
}

/// Creates the warehouse, after its storage has been tried out.
pub async fn create(
    cx: &Catalog,
    request: &Request,
    new: WarehouseCreate,
) -> Result<WarehouseView> {
    let project = project_of(cx, request, new.project).await?;
    cx.check_unlocked(request, new.settings.managed_by)?;
    let (name, storage) = (new.name?, new.storage?);
    let settings = WarehouseSettings {
        delete_profile: new.settings.delete_profile.check(&storage.profile)?,
        format_versions: new.settings.format_versions.check()?,
        managed_by: new.settings.managed_by,
        credential: storage.credential.as_ref().map(CredentialKind::of),
    };
    let Storage {
        profile,
        credential,
    } = require_working(cx, storage).await?;
    let (id, now) = (WarehouseId::generate(), cx.now());
    let storage_secret = keep_credential(cx, credential.as_ref()).await?;
    let row = WarehouseRow {
        id,
        project: project.0.id.clone(),
        name,
        status: WarehouseStatus::Active,
        protection: Protection::Off,
        storage_profile: serde_json::to_string(&profile).map_err(CatalogError::internal)?,
        base_location: profile.base_address(),
        storage_secret,
        settings: serde_json::to_string(&settings).map_err(CatalogError::internal)?,
        version: Version::FIRST,
        grants: Version::FIRST,
        created_at: now,
        updated_at: None,
    };
    let body =
        json!({ "name": row.name.as_str(), "project-id": row.project, "storage-profile": profile });
    let event = events::in_warehouse(EventKind::CreateWarehouse, id, &id, request.at(now), &body)?;
    let effects = Effects {
        grants: request.ownership(Securable::Warehouse(id)),
        ..Effects::telling([event])
    };
    let created = cx
        .store(&project)
        .warehouse_create(row.clone(), effects)
        .await;
    if let Err(error) = created {
        if error.changed_nothing() {
            forget_credential(cx, storage_secret).await;
        }
        return Err(refused(error, &row.name));
    }
    row.try_into()
}

/// The project of the new warehouse, if the caller may create one there.
pub(super) async fn project_of(
    cx: &Catalog,
    request: &Request,
    named: Option<ProjectId>,
) -> Result<Authorized<ProjectTarget>> {
    let id = named.map_or_else(|| project::of_request(cx, request), Ok)?;
    project::require(cx, request, &id, ProjectAction::CreateWarehouse).await
}

pub(super) async fn keep_credential(
    cx: &Catalog,
    credential: Option<&StorageCredential>,
) -> Result<Option<SecretId>> {
    let Some(credential) = credential else {
        return Ok(None);
    };
    let plaintext = Plaintext::new(credential.expose_json().expose().as_str());
    Ok(Some(cx.secrets.create(plaintext).await?))
}

/// Deletes a credential that no warehouse refers to. If that fails, it is swept later.
pub(super) async fn forget_credential(cx: &Catalog, secret: Option<SecretId>) {
    let Some(secret) = secret else { return };
    if let Err(error) = SecretStore::drop(cx.secrets.as_ref(), secret).await {
        tracing::warn!(%error, secret.id = %secret, "an unused storage credential could not be deleted");
    }
}

pub(super) fn refused(error: StoreError, name: &Name) -> CatalogError {
    match error {
        StoreError::AlreadyExists(_) => name_taken(name),
        StoreError::LocationTaken { ref location, .. } => place_taken(location),
        other => other.into(),
    }
}

/// The message does not say whose location it is: the other warehouse may be in a project that the caller may not
/// see.
pub(super) fn place_taken(location: &str) -> CatalogError {
    let message = format!(
        "the storage profile overlaps with another warehouse: `{location}` is the location of that warehouse, lies in \
         it, or contains it; choose another bucket or `key-prefix`"
    );
    CatalogError::new(RuleErrorKind::StorageOverlaps.into(), message)
}

pub(super) fn name_taken(name: &Name) -> CatalogError {
    let message = format!("the project already has a warehouse with the name `{name}`");
    CatalogError::new(ErrorKind::AlreadyExists, message)
}
