//! A filesystem of Azure Data Lake Storage Gen2, with hierarchical namespace or without.
//!
//! Files are read and written through the Blob service, which all accounts have and which sees the same files.

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
use futures::StreamExt;
use futures::stream;
use object_store::azure::MicrosoftAzure;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{
    Attribute, GetOptions, GetResult, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};

use crate::credential::AzureCredential;
use crate::error::ObjectError;
use crate::io::{Objects, Page, PageRequest};
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::Lake;
use crate::remote::{self, BulkDeletion};
use crate::vend::Vended;

pub(crate) use connect::own_authority_host;
use single::Singly;
pub(crate) use vendor::AdlsVendor;

/// Folders that are removed at a time.
const PARALLEL_FOLDERS: usize = 16;

/// One filesystem, over one pool of connections.
pub(crate) struct AdlsStore {
    /// The `filesystem@account.host` of its locations.
    authority: String,
    store: MicrosoftAzure,
    singly: Singly,
    /// Set once the store has refused a bulk deletion that it could do one by one.
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

    /// With a signature that was vended.
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

    /// The folders below `folder`, at any depth, and itself; parents before their children.
    async fn folders(&self, folder: &Location) -> Result<Vec<Path>, ObjectError> {
        let mut found = vec![self.path(folder)?];
        let mut next = 0;
        while let Some(parent) = found.get(next).cloned() {
            next += 1;
            let prefix = match parent.as_ref() {
                "" => String::new(),
                key => format!("{key}/"),
            };
            let mut page_token = None;
            loop {
                let options = PaginatedListOptions {
                    delimiter: Some("/".into()),
                    page_token,
                    ..PaginatedListOptions::default()
                };
                let page = self
                    .store
                    .list_paginated(
                        Some(&prefix).filter(|p| !p.is_empty()).map(String::as_str),
                        options,
                    )
                    .await
                    .map_err(|e| classify::error(folder, &e))?;
                found.extend(page.result.common_prefixes);
                page_token = page.page_token;
                if page_token.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Removes what is a folder at `path`, and empty. `within` is for messages.
    async fn remove_folder(&self, path: Path, within: &Location) -> Result<(), ObjectError> {
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match self.store.get_opts(&path, head).await {
            Ok(found) if is_folder(&found) => self.singly.delete(&self.store, &path, within).await,
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(classify::error(within, &e)),
        }
    }
}

fn bulk() -> BulkDeletion {
    let is_gone = |e: &object_store::Error| matches!(e, object_store::Error::NotFound { .. });
    BulkDeletion::new(is_gone, is_of_one_key, classify::error)
}

/// Whether a bulk deletion failed for one of its files only.
fn is_of_one_key(error: &object_store::Error) -> bool {
    error.to_string().contains("delete request failed for key")
}

/// A hierarchical namespace shows a folder as an empty file with a mark.
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
        remote::page(&self.store, folder, page, classify::error).await
    }

    /// A hierarchical namespace keeps empty folders. The deepest ones go first, and one that is not empty stays.
    async fn prune_folders(&self, folder: &Location) -> Result<(), ObjectError> {
        let mut folders = self.folders(folder).await?;
        folders.retain(|path| !path.as_ref().is_empty());
        let depth = |path: &Path| path.as_ref().matches('/').count();
        folders.sort_unstable_by_key(|path| std::cmp::Reverse(depth(path)));
        for level in folders.chunk_by(|a, b| depth(a) == depth(b)) {
            let mut removals = stream::iter(
                level
                    .iter()
                    .cloned()
                    .map(|path| self.remove_folder(path, folder)),
            )
            .buffer_unordered(PARALLEL_FOLDERS);
            while let Some(outcome) = removals.next().await {
                outcome?;
            }
        }
        Ok(())
    }
}
