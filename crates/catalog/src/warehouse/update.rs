//! Changes a warehouse.

use authz::{Action, WarehouseAction};
use model::{EventKind, Name, WarehouseId};
use objects::StorageCredential;
use serde_json::json;
use store::{Effects, Protection, StoreError, WarehouseRow, WarehouseStatus};

use super::create::{forget_credential, keep_credential, refused};
use super::load::find;
use super::storage::{Storage, require_working};
use super::{
    CredentialKind, DeleteProfile, FormatVersions, ManagedBy, Warehouse, WarehouseSettings,
    WarehouseView,
};
use crate::again::Attempts;
use crate::{Catalog, CatalogError, Request, Result, events};

/// A change of a warehouse.
#[derive(Debug)]
pub enum WarehouseChange {
    /// A new name.
    Rename(Name),
    /// Activates or deactivates it.
    SetStatus(WarehouseStatus),
    /// Whether it is protected against deletion.
    Protect(Protection),
    /// A new storage profile with its credential, or none.
    Storage(Box<Storage>),
    /// A new credential for the present profile, or none.
    Credential(Option<StorageCredential>),
    /// How tables and views are dropped.
    DeleteProfile(DeleteProfile),
    /// Which format versions its tables may have.
    FormatVersions(FormatVersions),
    /// Who manages it.
    ManagedBy(ManagedBy),
}

impl WarehouseChange {
    const fn action(&self) -> WarehouseAction {
        match self {
            Self::Rename(_) => WarehouseAction::Rename,
            Self::SetStatus(WarehouseStatus::Active) => WarehouseAction::Activate,
            Self::SetStatus(WarehouseStatus::Inactive) => WarehouseAction::Deactivate,
            Self::Protect(_) | Self::ManagedBy(_) => WarehouseAction::SetProtection,
            Self::Storage(_) | Self::Credential(_) => WarehouseAction::UpdateStorage,
            Self::DeleteProfile(_) => WarehouseAction::ModifySoftDeletion,
            Self::FormatVersions(_) => WarehouseAction::SetFormatVersionPolicy,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Rename(_) => "rename",
            Self::SetStatus(_) => "status",
            Self::Protect(_) => "protection",
            Self::Storage(_) => "storage",
            Self::Credential(_) => "storage-credential",
            Self::DeleteProfile(_) => "delete-profile",
            Self::FormatVersions(_) => "format-version-policy",
            Self::ManagedBy(_) => "managed-by",
        }
    }
}

/// Makes the change and returns the warehouse after it.
pub async fn update(
    cx: &Catalog,
    request: &Request,
    id: WarehouseId,
    change: WarehouseChange,
) -> Result<WarehouseView> {
    let mut attempts = Attempts::default();
    loop {
        let action = Action::Warehouse(change.action());
        let target = cx.require(request, action, find(cx, id).await?).await?;
        let before = &target.0;
        match &change {
            WarehouseChange::ManagedBy(_) => cx.check_manager(request)?,
            _ => cx.check_unlocked(request, settings(before)?.managed_by)?,
        }
        let after = changed(cx, before.clone(), &change).await?;
        let now = cx.now();
        let body = json!({ "changed": change.name(), "name": after.name.as_str() });
        let event =
            events::in_warehouse(EventKind::UpdateWarehouse, id, &id, request.at(now), &body)?;
        let effects = Effects::telling([event]);
        let row = WarehouseRow {
            updated_at: Some(now),
            ..after
        };
        let is_new_secret = row.storage_secret != before.storage_secret;
        match cx
            .store(&target)
            .warehouse_update(row.clone(), effects)
            .await
        {
            Ok(()) => {
                if is_new_secret {
                    forget_credential(cx, before.storage_secret).await;
                }
                return WarehouseRow {
                    version: row.version.next(),
                    ..row
                }
                .try_into();
            }
            Err(error) => {
                if is_new_secret && error.changed_nothing() {
                    forget_credential(cx, row.storage_secret).await;
                }
                if !matches!(error, StoreError::Stale { .. }) {
                    return Err(refused(error, &row.name));
                }
            }
        }
        attempts.lost(|| format!("warehouse `{id}`")).await?;
    }
}

async fn changed(
    cx: &Catalog,
    mut row: WarehouseRow,
    change: &WarehouseChange,
) -> Result<WarehouseRow> {
    let Warehouse {
        profile,
        mut settings,
        ..
    } = Warehouse::of(row.clone())?;
    match change {
        WarehouseChange::Rename(name) => row.name = name.clone(),
        WarehouseChange::SetStatus(status) => row.status = *status,
        WarehouseChange::Protect(protection) => row.protection = *protection,
        WarehouseChange::Storage(new) => {
            let new = Storage::clone(new);
            let profile = profile.update_with(new.profile)?;
            return with_storage(cx, row, Storage { profile, ..new }).await;
        }
        WarehouseChange::Credential(credential) => {
            let credential = credential.clone();
            let storage = Storage {
                profile,
                credential,
            };
            return with_storage(cx, row, storage).await;
        }
        WarehouseChange::DeleteProfile(wanted) => {
            settings.delete_profile = wanted.check(&profile)?;
        }
        WarehouseChange::FormatVersions(versions) => {
            settings.format_versions = versions.clone().check()?;
        }
        WarehouseChange::ManagedBy(manager) => settings.managed_by = *manager,
    }
    row.settings =
        serde_json::to_string::<WarehouseSettings>(&settings).map_err(CatalogError::internal)?;
    Ok(row)
}

async fn with_storage(
    cx: &Catalog,
    mut row: WarehouseRow,
    storage: Storage,
) -> Result<WarehouseRow> {
    let Storage {
        profile,
        credential,
    } = require_working(cx, storage).await?;
    let credential = credential.as_ref();
    let settings = WarehouseSettings {
        credential: credential.map(CredentialKind::of),
        ..settings(&row)?
    };
    row.settings = serde_json::to_string(&settings).map_err(CatalogError::internal)?;
    row.storage_profile = serde_json::to_string(&profile).map_err(CatalogError::internal)?;
    // Set again, because the endpoint may have changed.
    row.base_location = profile.base_address();
    row.storage_secret = keep_credential(cx, credential).await?;
    Ok(row)
}

/// The settings that a row holds.
pub(super) fn settings(row: &WarehouseRow) -> Result<WarehouseSettings> {
    serde_json::from_str(&row.settings).map_err(CatalogError::internal)
}
