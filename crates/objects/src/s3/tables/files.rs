//! The files of the tables of a table bucket: on AWS each table has a bucket of its own.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::aws::AwsCredentialProvider;

use crate::connection::{Pool, Transport};
use crate::credential::S3Credential;
use crate::error::ObjectError;
use crate::guard::{Guarded, Patience};
use crate::io::{Objects, Page, PageRequest};
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::{S3Flavor, S3TablesProfile};
use crate::s3::{S3Store, identity};
use crate::secret::Secret;

/// Files of all tables of a table bucket, over one pool of connections.
pub(crate) struct TableFiles {
    profile: S3TablesProfile,
    identity: AwsCredentialProvider,
    pool: Pool,
}

impl TableFiles {
    pub(crate) fn open(
        profile: &S3TablesProfile,
        credential: &S3Credential,
    ) -> Result<Self, OpenError> {
        let files = profile.files_in(profile.bucket());
        Self::of(profile, identity::of_server(&files, credential)?)
    }

    /// Opens the files with credentials from the vendor of a table.
    pub(crate) fn open_vended(
        profile: &S3TablesProfile,
        config: &[(String, Secret<String>)],
    ) -> Result<Self, OpenError> {
        Self::of(profile, identity::of_vended(config)?)
    }

    fn of(profile: &S3TablesProfile, identity: AwsCredentialProvider) -> Result<Self, OpenError> {
        let transport = profile.endpoint().map_or(Transport::Tls, Transport::of);
        Ok(Self {
            profile: profile.clone(),
            identity,
            pool: Pool::new(transport).map_err(|e| OpenError::Failed(e.to_string()))?,
        })
    }

    /// The bucket that holds `at`. It opens no connections of its own, so it is not kept.
    fn bucket(&self, at: &Location) -> Result<Guarded<S3Store>, ObjectError> {
        let invalid = |reason: String| ObjectError::invalid(at, reason);
        let within = self.profile.check_location(at);
        within.map_err(|e| invalid(e.to_string()))?;
        let files = self.profile.files_in(at.bucket());
        let store = S3Store::over(&files, self.identity.clone(), self.pool.clone());
        let store = store.map_err(|e| invalid(e.to_string()))?;
        let base = Location::from_checked(Scheme::S3, at.bucket(), "");
        Ok(Guarded::new(store, base, Patience::NETWORK))
    }

    /// Whether files are deleted. AWS does not allow that, and itself removes files to which no metadata refers.
    fn deletes(&self) -> bool {
        self.profile.flavor() == S3Flavor::S3Compat
    }
}

impl fmt::Debug for TableFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableFiles({})", self.profile.table_bucket_arn())
    }
}

#[async_trait]
impl Objects for TableFiles {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        self.bucket(at)?.read(at, max_bytes).await
    }

    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        self.bucket(at)?.write_new(at, content).await
    }

    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        if !self.deletes() {
            return Ok(());
        }
        self.bucket(at)?.delete(at).await
    }

    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        match all.first().filter(|_| self.deletes()) {
            Some(first) => self.bucket(first)?.delete_batch(all).await,
            None => Ok(()),
        }
    }

    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.bucket(folder)?.list_prefix(folder, page).await
    }
}
