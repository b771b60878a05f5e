//! A warehouse ready for use: its storage profile is parsed, its storage clients are opened on demand.

use std::sync::Arc;

use std::sync::atomic::{AtomicI64, Ordering};

use authz::{InWarehouse, Protected, Resource};
use model::{Name, NameKey, ProjectId, Version, WarehouseId};
use objects::{Objects, S3Signer, StorageCredential, StorageProfile, TableBucket, Vendor};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use secrets::SecretError;
use store::{WarehouseRow, WarehouseStamp};
use tokio::sync::OnceCell;

use super::WarehouseSettings;
use super::storage::Storage;
use crate::again::Attempts;
use crate::lookup::Lookup;
use crate::{Catalog, CatalogError, ErrorKind, Result};

/// A warehouse at one version.
#[derive(Debug)]
pub(crate) struct Warehouse {
    pub(crate) row: WarehouseRow,
    pub(crate) profile: StorageProfile,
    pub(crate) settings: WarehouseSettings,
    /// The newest version of its grants that the database has returned.
    grants: AtomicI64,
    objects: OnceCell<Arc<dyn Objects>>,
    signer: OnceCell<S3Signer>,
    vendor: OnceCell<Option<Arc<dyn Vendor>>>,
    table_bucket: OnceCell<Option<Arc<dyn TableBucket>>>,
}

impl Protected for Warehouse {
    fn resource(&self) -> Resource {
        Resource::Warehouse(self.as_resource())
    }
}

impl Warehouse {
    pub(crate) fn of(row: WarehouseRow) -> Result<Self> {
        let json = serde_json::from_str(&row.storage_profile).map_err(CatalogError::internal)?;
        let profile = StorageProfile::from_json(&json).map_err(CatalogError::internal)?;
        let settings = serde_json::from_str(&row.settings).map_err(CatalogError::internal)?;
        Ok(Self {
            grants: AtomicI64::new(row.grants.as_i64()),
            row,
            profile,
            settings,
            objects: OnceCell::new(),
            signer: OnceCell::new(),
            vendor: OnceCell::new(),
            table_bucket: OnceCell::new(),
        })
    }

    /// The warehouse as the authorizer's resource. Cached rights in it must not be older than the version of its
    /// grants in here.
    pub(crate) fn as_resource(&self) -> InWarehouse {
        InWarehouse {
            id: self.row.id,
            project: self.row.project.clone(),
            grants: Version::from_i64(self.grants.load(Ordering::Acquire)),
        }
    }

    /// Raises the version of the grants to one that the database has returned.
    fn raise_grants_version(&self, grants: Version) {
        self.grants.fetch_max(grants.as_i64(), Ordering::AcqRel);
    }

    pub(crate) const fn id(&self) -> WarehouseId {
        self.row.id
    }

    /// The warehouse's storage; opened once per version of the warehouse.
    pub(crate) async fn objects(&self, cx: &Catalog) -> Result<&Arc<dyn Objects>> {
        self.objects.get_or_try_init(|| self.open(cx)).await
    }

    /// The signer of requests to the warehouse's bucket; opened once per version of the warehouse.
    pub(crate) async fn signer(&self, cx: &Catalog) -> Result<&S3Signer> {
        self.signer.get_or_try_init(|| self.open_signer(cx)).await
    }

    /// The vendor of temporary credentials for the storage, if its profile has one; opened once per version of the
    /// warehouse.
    pub(crate) async fn vendor(&self, cx: &Catalog) -> Result<Option<&Arc<dyn Vendor>>> {
        let open = || Box::pin(self.open_vendor(cx));
        Ok(self.vendor.get_or_try_init(open).await?.as_ref())
    }

    /// The client of the table bucket, if the storage is one; opened once per version of the warehouse.
    pub(crate) async fn table_bucket(&self, cx: &Catalog) -> Result<Option<&Arc<dyn TableBucket>>> {
        if !self.profile.is_table_bucket() {
            return Ok(None);
        }
        let open = || Box::pin(self.open_table_bucket(cx));
        Ok(self.table_bucket.get_or_try_init(open).await?.as_ref())
    }

    async fn open(&self, cx: &Catalog) -> Result<Arc<dyn Objects>> {
        let Storage {
            profile,
            credential,
        } = self.usable_storage(cx).await?;
        objects::open(&profile, credential.as_ref()).map_err(|error| match profile {
            // A failure of the server's own disk is not an error in the warehouse's configuration.
            StorageProfile::Local(_) => {
                CatalogError::new(ErrorKind::Unavailable, error.to_string())
            }
            _ => unusable(error.to_string()),
        })
    }

    async fn open_signer(&self, cx: &Catalog) -> Result<S3Signer> {
        let storage = self.usable_storage(cx).await?;
        match (&storage.profile, &storage.credential) {
            (StorageProfile::S3(profile), Some(StorageCredential::S3(credential))) => {
                S3Signer::open(profile, credential).map_err(|error| unusable(error.to_string()))
            }
            (profile, _) => Err(unusable(format!(
                "requests to storage of type `{}` with this credential cannot be signed",
                profile.kind()
            ))),
        }
    }

    async fn open_vendor(&self, cx: &Catalog) -> Result<Option<Arc<dyn Vendor>>> {
        let storage = self.usable_storage(cx).await?;
        objects::vendor(&storage.profile, storage.credential.as_ref())
            .map_err(|error| unusable(error.to_string()))
    }

    async fn open_table_bucket(&self, cx: &Catalog) -> Result<Option<Arc<dyn TableBucket>>> {
        let storage = self.usable_storage(cx).await?;
        objects::table_bucket(&storage.profile, storage.credential.as_ref())
            .map_err(|error| unusable(error.to_string()))
    }

    /// The storage profile and credential, whether or not the server's policy allows them.
    ///
    /// A credential is deleted as soon as the warehouse has got another one. A request that has loaded the warehouse
    /// before that continues with its present storage.
    pub(super) async fn storage(&self, cx: &Catalog) -> Result<Storage> {
        let mut attempts = Attempts::default();
        let (mut profile, mut secret) = (self.profile.clone(), self.row.storage_secret);
        while let Some(kept) = secret {
            match cx.secrets.load(kept).await {
                Ok(json) => {
                    let credential = Some(parse_credential(json.expose())?);
                    return Ok(Storage {
                        profile,
                        credential,
                    });
                }
                Err(gone @ SecretError::NotFound(_)) => {
                    let now = Self::of(cx.lookup().warehouse_load(self.id()).await?)?;
                    if now.row.storage_secret == secret {
                        return Err(gone.into());
                    }
                    (profile, secret) = (now.profile, now.row.storage_secret);
                }
                Err(error) => return Err(error.into()),
            }
            let what = || format!("the storage of warehouse `{}`", self.id());
            attempts.lost(what).await?;
        }
        Ok(Storage {
            profile,
            credential: None,
        })
    }

    async fn usable_storage(&self, cx: &Catalog) -> Result<Storage> {
        let storage = self.storage(cx).await?;
        // Storage that the server's policy no longer allows is refused for existing warehouses, too.
        let (profile, policy) = (&storage.profile, &cx.settings.storage_policy);
        profile
            .validate(policy)
            .and_then(|()| profile.validate_credential(storage.credential.as_ref(), policy))
            .map_err(|error| unusable(error.to_string()))?;
        Ok(storage)
    }
}

fn unusable(message: String) -> CatalogError {
    CatalogError::new(ErrorKind::InvalidStorage, message)
}

fn parse_credential(json: &str) -> Result<StorageCredential> {
    // No source: the parser's message could quote the secret.
    let unreadable = || CatalogError::internal("the stored storage credential cannot be read");
    let json = serde_json::from_str(json).map_err(|_| unreadable())?;
    StorageCredential::from_json(&json).map_err(|_| unreadable())
}

/// Cache of warehouses by id; an entry is used only while its version is current.
#[derive(Debug)]
pub(crate) struct WarehouseCache {
    by_id: Cache<WarehouseId, Arc<Warehouse>>,
    /// The warehouse that last had each name, and its version. Only a hint: the lookup that uses it checks it in the
    /// database.
    by_name: Cache<(ProjectId, NameKey), (WarehouseId, Version)>,
}

/// Borrowed key of a hint, so that a lookup does not copy the name.
#[derive(Hash)]
struct Named<'a>(&'a ProjectId, &'a NameKey);

impl Equivalent<(ProjectId, NameKey)> for Named<'_> {
    fn equivalent(&self, key: &(ProjectId, NameKey)) -> bool {
        *self.0 == key.0 && *self.1 == key.1
    }
}

/// Most warehouses that are cached; their storage clients are what takes memory.
const KEPT: usize = 10_000;

impl Default for WarehouseCache {
    fn default() -> Self {
        Self {
            by_id: Cache::new(KEPT),
            by_name: Cache::new(KEPT),
        }
    }
}

impl WarehouseCache {
    /// The warehouse at the stamp's version or newer, knowing the stamp's version of the grants or a newer one.
    pub(crate) async fn at(
        &self,
        lookup: Lookup<'_>,
        id: WarehouseId,
        stamp: WarehouseStamp,
    ) -> Result<Arc<Warehouse>> {
        if let Some(known) = self.by_id.get(&id)
            && known.row.version >= stamp.version
        {
            known.raise_grants_version(stamp.grants);
            return Ok(known);
        }
        self.put(lookup.warehouse_load(id).await?)
    }

    /// Caches the row, unless this version is cached already.
    pub(crate) fn put(&self, row: WarehouseRow) -> Result<Arc<Warehouse>> {
        if let Some(known) = self.by_id.get(&row.id)
            && known.row.version == row.version
        {
            known.raise_grants_version(row.grants);
            return Ok(known);
        }
        let id = row.id;
        let loaded = Arc::new(Warehouse::of(row)?);
        self.by_id.insert(id, Arc::clone(&loaded));
        Ok(loaded)
    }

    /// The warehouse that had the name at the last lookup, and its version then.
    pub(crate) fn named(&self, project: &ProjectId, name: &Name) -> Option<(WarehouseId, Version)> {
        self.by_name.get(&Named(project, name.key()))
    }

    /// Stores the hint that the warehouse has the name.
    pub(crate) fn remember(&self, project: ProjectId, name: &Name, warehouse: &Warehouse) {
        let found = (warehouse.id(), warehouse.row.version);
        self.by_name.insert((project, name.key().clone()), found);
    }
}
