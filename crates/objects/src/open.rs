//! Opens stores, table buckets and vendors from a profile and its credential.

use std::sync::Arc;

use crate::adls::{AdlsStore, AdlsVendor};
use crate::credential::{AzureCredential, StorageCredential};
use crate::gcs::{GcsStore, GcsVendor};
use crate::guard::{Guarded, Patience};
use crate::io::Objects;
use crate::local::LocalStore;
use crate::location::Location;
use crate::memory::MemoryStore;
use crate::profile::{Lake, StorageProfile};
use crate::s3::{S3Store, S3Tables, S3Vendor, TableFiles};
use crate::table_bucket::TableBucket;
use crate::vend::{Vended, Vendor};

/// Why a profile and a credential do not make a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The profile needs a credential.
    #[error(
        "storage of type `{0}` needs a credential: give a `storage-credential` (to replace only the credential, a \
         `new-storage-credential`)"
    )]
    CredentialMissing(&'static str),
    /// The credential is for another type of storage, or the storage takes no credential.
    #[error("storage of type `{profile}` takes no credential of type `{credential}`")]
    CredentialRefused {
        /// Type of the profile.
        profile: &'static str,
        /// Type of the credential.
        credential: &'static str,
    },
    /// The profile asks for something that this build cannot do.
    #[error("{0} is not supported by this build yet")]
    Unsupported(&'static str),
    /// The folder, or the HTTP client, cannot be used.
    #[error("cannot open the storage: {0}")]
    Failed(String),
}

/// Opens the storage of a warehouse: one client with its own connections, to be kept and shared.
///
/// Checks a local root, but sends no request to a remote store: [`crate::try_storage`] does.
pub fn open(
    profile: &StorageProfile,
    credential: Option<&StorageCredential>,
) -> Result<Arc<dyn Objects>, OpenError> {
    let base = profile.base_location();
    match (profile, credential) {
        (StorageProfile::Local(local), None) => Ok(here(LocalStore::open(local)?, base)),
        (StorageProfile::Memory, None) => Ok(here(MemoryStore::default(), base)),
        (StorageProfile::S3(s3), Some(StorageCredential::S3(credential))) => {
            Ok(remote(S3Store::open(s3, credential)?, base))
        }
        (StorageProfile::S3Tables(tables), Some(StorageCredential::S3(credential))) => {
            Ok(Arc::new(TableFiles::open(tables, credential)?))
        }
        (StorageProfile::Gcs(gcs), Some(StorageCredential::Gcs(credential))) => {
            Ok(remote(GcsStore::open(gcs, credential)?, base))
        }
        (StorageProfile::Adls(adls), Some(StorageCredential::Azure(credential))) => {
            open_lake(&adls.lake(), credential)
        }
        (StorageProfile::OneLake(onelake), Some(StorageCredential::Azure(credential))) => {
            open_lake(&onelake.lake(), credential)
        }
        (
            StorageProfile::S3(_)
            | StorageProfile::S3Tables(_)
            | StorageProfile::Gcs(_)
            | StorageProfile::Adls(_)
            | StorageProfile::OneLake(_),
            None,
        ) => Err(OpenError::CredentialMissing(profile.kind())),
        (_, Some(credential)) => Err(OpenError::CredentialRefused {
            profile: profile.kind(),
            credential: credential.kind(),
        }),
    }
}

fn open_lake(lake: &Lake, credential: &AzureCredential) -> Result<Arc<dyn Objects>, OpenError> {
    let store = AdlsStore::open(lake, credential)?;
    Ok(remote(store, lake.base_location()))
}

/// Guards a store across a network: confinement to `base`, time limits and retries.
fn remote(store: impl Objects + 'static, base: Location) -> Arc<dyn Objects> {
    Arc::new(Guarded::new(store, base, Patience::NETWORK))
}

/// Guards a store on this machine: confinement to `base` and time limits.
fn here(store: impl Objects + 'static, base: Location) -> Arc<dyn Objects> {
    Arc::new(Guarded::new(store, base, Patience::LOCAL))
}

/// The table bucket of a storage that keeps tables itself; `None` for other storage. Sends no request yet.
pub fn table_bucket(
    profile: &StorageProfile,
    credential: Option<&StorageCredential>,
) -> Result<Option<Arc<dyn TableBucket>>, OpenError> {
    match (profile, credential) {
        (StorageProfile::S3Tables(tables), Some(StorageCredential::S3(credential))) => {
            Ok(Some(Arc::new(S3Tables::open(tables, credential)?)))
        }
        _ => Ok(None),
    }
}

/// The vendor of access to parts of a warehouse's storage; `None` if the profile does not vend access. A table bucket
/// has a vendor for each table, [`TableBucket::vendor`].
///
/// Sends no request to a token service yet: [`Vendor::vend`] does.
pub fn vendor(
    profile: &StorageProfile,
    credential: Option<&StorageCredential>,
) -> Result<Option<Arc<dyn Vendor>>, OpenError> {
    match (profile, credential) {
        (StorageProfile::S3(s3), Some(StorageCredential::S3(credential))) => {
            let vendor = S3Vendor::open(s3, credential)?;
            Ok(vendor.map(|vendor| Arc::new(vendor) as Arc<dyn Vendor>))
        }
        (StorageProfile::Gcs(gcs), Some(StorageCredential::Gcs(credential))) => {
            let vendor = GcsVendor::open(gcs, credential)?;
            Ok(vendor.map(|vendor| Arc::new(vendor) as Arc<dyn Vendor>))
        }
        (
            StorageProfile::S3(_)
            | StorageProfile::S3Tables(_)
            | StorageProfile::Gcs(_)
            | StorageProfile::Adls(_)
            | StorageProfile::OneLake(_),
            None,
        ) => Err(OpenError::CredentialMissing(profile.kind())),
        (StorageProfile::Adls(adls), Some(StorageCredential::Azure(credential))) => {
            if !adls.is_sas_enabled() {
                return Ok(None);
            }
            Ok(Some(Arc::new(AdlsVendor::open(adls.lake(), credential)?)))
        }
        (StorageProfile::OneLake(onelake), Some(StorageCredential::Azure(credential))) => {
            if !onelake.is_sas_enabled() {
                return Ok(None);
            }
            Ok(Some(Arc::new(AdlsVendor::open(
                onelake.lake(),
                credential,
            )?)))
        }
        (StorageProfile::Local(_) | StorageProfile::Memory, None)
        | (StorageProfile::S3Tables(_), Some(StorageCredential::S3(_))) => Ok(None),
        (_, Some(credential)) => Err(OpenError::CredentialRefused {
            profile: profile.kind(),
            credential: credential.kind(),
        }),
    }
}

/// Opens the storage with access that was vended, as an engine does.
pub fn open_vended(
    profile: &StorageProfile,
    vended: &Vended,
) -> Result<Arc<dyn Objects>, OpenError> {
    match profile {
        StorageProfile::S3(s3) => {
            let store = S3Store::open_vended(s3, &vended.config)?;
            Ok(remote(store, profile.base_location()))
        }
        StorageProfile::Gcs(gcs) => {
            let store = GcsStore::open_vended(gcs, vended)?;
            Ok(remote(store, profile.base_location()))
        }
        StorageProfile::S3Tables(tables) => {
            Ok(Arc::new(TableFiles::open_vended(tables, &vended.config)?))
        }
        StorageProfile::Local(_) | StorageProfile::Memory => Err(OpenError::Unsupported(
            "vended access to storage of types `local` and `memory`",
        )),
        StorageProfile::Adls(adls) => open_vended_lake(&adls.lake(), vended),
        StorageProfile::OneLake(onelake) => open_vended_lake(&onelake.lake(), vended),
    }
}

fn open_vended_lake(lake: &Lake, vended: &Vended) -> Result<Arc<dyn Objects>, OpenError> {
    let store = AdlsStore::open_vended(lake, vended)?;
    Ok(remote(store, lake.base_location()))
}

/// An empty store in memory, for tests: what `open` makes of [`StorageProfile::Memory`].
pub fn memory() -> Arc<dyn Objects> {
    here(
        MemoryStore::default(),
        StorageProfile::Memory.base_location(),
    )
}
