//! Creates a warehouse.

use authz::ProjectAction;
use model::{EventKind, Name, ProjectId, SecretId, Version, WarehouseId};
use objects::{OpenError, StorageCredential, StorageProfile, VendedAccessError};
use secrets::{Plaintext, SecretStore};
use serde_json::json;
use store::{Effects, Protection, StoreError, WarehouseRow, WarehouseStatus};

use super::{CredentialKind, WarehouseSettings, WarehouseView};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, StorageTrial, events, project};

/// A warehouse that is to be.
#[derive(Debug)]
pub struct WarehouseCreate {
    /// The project that will hold it; the request's if absent.
    pub project: Option<ProjectId>,
    /// Its name.
    pub name: Name,
    /// Its storage.
    pub profile: StorageProfile,
    /// How to reach it.
    pub credential: Option<StorageCredential>,
    /// Its settings.
    pub settings: WarehouseSettings,
}

/// Creates the warehouse, after a file has been written to, read from and deleted in its storage, by the server's own
/// access and by what engines get.
pub async fn create(
    cx: &Catalog,
    request: &Request,
    new: WarehouseCreate,
) -> Result<WarehouseView> {
    let project = match new.project {
        Some(project) => project,
        None => project::of_request(cx, request)?,
    };
    let project = project::require(cx, request, &project, ProjectAction::CreateWarehouse).await?;
    let settings = WarehouseSettings {
        delete_profile: new.settings.delete_profile.check()?,
        format_versions: new.settings.format_versions.check()?,
        managed_by: new.settings.managed_by,
        credential: new.credential.as_ref().map(CredentialKind::of),
    };
    let profile = new.profile.beside(new.credential.as_ref());
    try_storage(cx, &profile, new.credential.as_ref()).await?;
    let (id, now) = (WarehouseId::generate(), cx.now());
    let storage_secret = keep_credential(cx, new.credential.as_ref()).await?;
    let row = WarehouseRow {
        id,
        project: project.0.id.clone(),
        name: new.name,
        status: WarehouseStatus::Active,
        protection: Protection::Off,
        storage_profile: serde_json::to_string(&profile).map_err(CatalogError::internal)?,
        base_location: profile.base_location().normalized().to_owned(),
        storage_secret,
        settings: serde_json::to_string(&settings).map_err(CatalogError::internal)?,
        version: Version::FIRST,
        created_at: now,
        updated_at: None,
    };
    let body =
        json!({ "name": row.name.as_str(), "project-id": row.project, "storage-profile": profile });
    let event = events::in_warehouse(EventKind::CreateWarehouse, id, &id, now, &body)?;
    let effects = Effects {
        events: vec![event],
        ..Effects::none()
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

/// Whether the storage may be used and works.
pub(super) async fn try_storage(
    cx: &Catalog,
    profile: &StorageProfile,
    credential: Option<&StorageCredential>,
) -> Result<()> {
    let policy = &cx.settings.storage_policy;
    profile.validate(policy)?;
    profile.validate_credential(credential, policy)?;
    let invalid = |message: String| CatalogError::new(ErrorKind::InvalidStorage, message);
    let unusable = |error: OpenError| invalid(error.to_string());
    let own = objects::open(profile, credential).map_err(unusable)?;
    let vendor = objects::vendor(profile, credential).map_err(unusable)?;
    if cx.settings.storage_trial == StorageTrial::Skipped {
        return Ok(());
    }
    objects::validate_access(own.as_ref(), &profile.base_location())
        .await
        .map_err(|error| invalid(error.to_string()))?;
    let Some(vendor) = vendor else { return Ok(()) };
    objects::validate_vended(own.as_ref(), vendor.as_ref(), profile)
        .await
        .map_err(|error| invalid(untrusted(&error)))
}

fn untrusted(error: &VendedAccessError) -> String {
    format!(
        "{error}; give a profile and credential with which it works, or switch vended credentials off (`sts-enabled` or \
         `sas-enabled` of the storage profile)"
    )
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

/// Deletes a credential that nothing refers to. What fails here is swept later.
pub(super) async fn forget_credential(cx: &Catalog, secret: Option<SecretId>) {
    let Some(secret) = secret else { return };
    if let Err(error) = SecretStore::drop(cx.secrets.as_ref(), secret).await {
        tracing::warn!(%error, secret.id = %secret, "an unused storage credential could not be deleted");
    }
}

pub(super) fn refused(error: StoreError, name: &Name) -> CatalogError {
    match error {
        StoreError::AlreadyExists(_) => {
            let message = format!("a warehouse with the name `{name}` is in the project already");
            CatalogError::new(ErrorKind::AlreadyExists, message)
        }
        other => other.into(),
    }
}
