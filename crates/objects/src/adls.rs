//! A filesystem of Azure Data Lake Storage Gen2, with hierarchical namespace or without.
//!
//! Files are read and written through the Blob service, which all accounts have and which shows the same files.

mod classify;
mod connect;
mod key;
mod sas;
mod single;
#[cfg(test)]
mod tests;
mod vendor;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::azure::MicrosoftAzure;
use object_store::path::Path;
use object_store::{
    Attribute, GetOptions, GetResult, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};

use crate::credential::AzureCredential;
use crate::error::ObjectError;
use crate::io::{Objects, Page, PageRequest};
use crate::listing::{self, ResumePoint};
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::Lake;
use crate::remote::{self, BulkDeletion};
use crate::vend::Vended;

pub(crate) use connect::own_authority_host;
use single::Singly;
pub(crate) use vendor::AdlsVendor;

/// One filesystem, over one pool of connections.
pub(crate) struct AdlsStore {
    /// The `filesystem@account.host` of the locations in the filesystem.
    authority: String,
    store: MicrosoftAzure,
    singly: Singly,
    /// Bulk deletion, until the service refuses it.
    bulk: BulkDeletion,
}

impl AdlsStore {
    pub(crate) fn open(lake: &Lake, credential: &AzureCredential) -> Result<Self, OpenError> {
        let pool = connect::pool(lake, credential)?;
        Ok(Self {
            authority: lake.base_location().bucket().to_owned(),
            singly: Singly::new(lake, &pool)?,
            store: connect::store(lake, credential, pool)?,
            bulk: bulk(),
        })
    }

    /// Opens the filesystem with a vended signature.
    pub(crate) fn open_vended(lake: &Lake, vended: &Vended) -> Result<Self, OpenError> {
        let token = vended
            .config
            .iter()
            .find_map(|(key, value)| (key == vendor::TOKEN).then_some(value))
            .ok_or_else(|| OpenError::Failed("no signature was vended".to_owned()))?;
        let pool = connect::plain_pool(lake)?;
        Ok(Self {
            authority: lake.base_location().bucket().to_owned(),
            singly: Singly::new(lake, &pool)?,
            store: connect::vended(lake, token, pool)?,
            bulk: bulk(),
        })
    }

    fn path(&self, at: &Location) -> Result<Path, ObjectError> {
        if at.scheme().canonical() != Scheme::Abfss || at.bucket() != self.authority {
            return Err(ObjectError::invalid(
                at,
                format!("it is not in the filesystem `{}`", self.authority),
            ));
        }
        remote::path(at)
    }
}

fn bulk() -> BulkDeletion {
    let is_gone = |e: &object_store::Error| matches!(e, object_store::Error::NotFound { .. });
    BulkDeletion::new(is_gone, is_of_one_key, classify::error)
}

/// Whether a bulk deletion failed for only one of its files.
fn is_of_one_key(error: &object_store::Error) -> bool {
    error.to_string().contains("delete request failed for key")
}

/// A hierarchical namespace shows a folder as an empty file with this metadata.
fn is_folder(found: &GetResult) -> bool {
    found
        .attributes
        .get(&Attribute::Metadata("hdi_isfolder".into()))
        .is_some_and(|mark| mark.as_ref().eq_ignore_ascii_case("true"))
}

impl fmt::Debug for AdlsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdlsStore({})", self.authority)
    }
}

#[async_trait]
impl Objects for AdlsStore {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        let found = self
            .store
            .get(&self.path(at)?)
            .await
            .map_err(|e| classify::error(at, &e))?;
        if is_folder(&found) {
            return Err(ObjectError::not_found(at, "it is a folder"));
        }
        remote::content(found, at, max_bytes, classify::error).await
    }

    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        let options = PutOptions::from(PutMode::Create);
        self.store
            .put_opts(&self.path(at)?, PutPayload::from(content), options)
            .await
            .map(|_| ())
            .map_err(|e| classify::error(at, &e))
    }

    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.singly.delete(&self.store, &self.path(at)?, at).await
    }

    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        let paths = all
            .iter()
            .map(|at| self.path(at))
            .collect::<Result<Vec<_>, _>>()?;
        self.bulk.delete(self, &self.store, all, paths).await
    }

    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.path(folder)?;
        // `object_store` requests a version of the service that does not know `startFrom`.
        let resume_point = ResumePoint::PagesOnly;
        let page = listing::page(&self.store, folder, page, resume_point, classify::error).await?;
        // A hierarchical namespace has folders instead of markers.
        Ok(Page {
            markers: Vec::new(),
            ..page
        })
    }

    async fn list_folders(
        &self,
        folder: &Location,
        page: PageRequest,
    ) -> Result<Page, ObjectError> {
        self.path(folder)?;
        listing::folders(&self.store, folder, page, classify::error).await
    }

    /// Only a hierarchical namespace has folders. It refuses to delete one that is not empty.
    async fn remove_folder(&self, folder: &Location) -> Result<(), ObjectError> {
        let path = self.path(folder)?;
        if path.as_ref().is_empty() {
            return Ok(());
        }
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match self.store.get_opts(&path, head).await {
            Ok(found) if is_folder(&found) => self.singly.delete(&self.store, &path, folder).await,
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(classify::error(folder, &e)),
        }
    }
}
