//! A bucket of S3, or of a store that speaks its protocol.

mod aliyun;
mod identity;
mod policy;
mod r2;
mod request;
mod role;
mod session;
pub(crate) mod sign;
mod sigv4;
mod sts;
mod tables;
#[cfg(test)]
mod tests;
mod vendor;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredentialProvider};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig};

use crate::classify;
use crate::connection::{Pool, Transport};
use crate::credential::S3Credential;
use crate::error::ObjectError;
use crate::io::{Objects, Page, PageRequest};
use crate::listing::{self, ResumePoint};
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::{Partition, S3Profile};
use crate::remote::{self, BulkDeletion};
use crate::secret::Secret;

pub(crate) use tables::{S3Tables, TableFiles};
pub(crate) use vendor::S3Vendor;

/// One bucket, over one pool of connections.
pub(crate) struct S3Store {
    bucket: String,
    store: AmazonS3,
    /// Uses the same connections, but deletes with one request per object.
    singly: AmazonS3,
    /// Bulk deletion, until the store refuses it.
    bulk: BulkDeletion,
}

impl S3Store {
    pub(crate) fn open(profile: &S3Profile, credential: &S3Credential) -> Result<Self, OpenError> {
        Self::of(profile, identity::of_server(profile, credential)?)
    }

    /// Opens the bucket with credentials from [`S3Vendor`].
    pub(crate) fn open_vended(
        profile: &S3Profile,
        config: &[(String, Secret<String>)],
    ) -> Result<Self, OpenError> {
        Self::of(profile, identity::of_vended(config)?)
    }

    fn of(profile: &S3Profile, identity: AwsCredentialProvider) -> Result<Self, OpenError> {
        let pool = Pool::new(transport(profile)).map_err(|e| OpenError::Failed(e.to_string()))?;
        Self::over(profile, identity, pool)
    }

    /// Opens the bucket over connections that are shared with others.
    fn over(
        profile: &S3Profile,
        identity: AwsCredentialProvider,
        pool: Pool,
    ) -> Result<Self, OpenError> {
        let failed = |e: object_store::Error| OpenError::Failed(classify::text(&e));
        let builder = builder(profile)
            .with_credentials(identity)
            .with_http_connector(pool);
        Ok(Self {
            bucket: profile.bucket().to_owned(),
            store: builder.clone().build().map_err(failed)?,
            singly: builder
                .with_disable_bulk_delete(true)
                .build()
                .map_err(failed)?,
            bulk: BulkDeletion::new(|_| false, classify::is_of_one_key, classify::error),
        })
    }

    fn path(&self, at: &Location) -> Result<Path, ObjectError> {
        if at.scheme().canonical() != Scheme::S3 || at.bucket() != self.bucket {
            return Err(ObjectError::invalid(
                at,
                format!("it is not in the bucket `{}`", self.bucket),
            ));
        }
        remote::path(at)
    }

    /// For stores that do not support `If-None-Match`: checks first, so that only a race could overwrite an object.
    async fn write_unconditionally(
        &self,
        at: &Location,
        path: &Path,
        content: Bytes,
    ) -> Result<(), ObjectError> {
        match self.store.head(path).await {
            Ok(_) => {
                return Err(ObjectError::already_exists(
                    at,
                    "an object of this name is there",
                ));
            }
            Err(object_store::Error::NotFound { .. }) => {}
            Err(e) => return Err(classify::error(at, &e)),
        }
        self.store
            .put(path, PutPayload::from(content))
            .await
            .map(|_| ())
            .map_err(|e| classify::error(at, &e))
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Store({})", self.bucket)
    }
}

fn transport(profile: &S3Profile) -> Transport {
    profile.endpoint().map_or(Transport::Tls, Transport::of)
}

fn builder(profile: &S3Profile) -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(profile.bucket())
        .with_region(profile.region())
        .with_allow_http(profile.is_plain_http())
        .with_virtual_hosted_style_request(!is_in_path(profile))
        // The guard around every store retries already; retrying here too would multiply the attempts.
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        });
    if let Some(endpoint) = profile.endpoint() {
        builder = builder.with_endpoint(endpoint_for_bucket(profile, endpoint));
    } else if profile.partition().domain != Partition::FIRST.domain {
        // `object_store` uses one domain for all regions.
        let domain = profile.partition().domain;
        let endpoint = format!("https://s3.{}.{domain}", profile.region());
        builder = builder.with_endpoint(endpoint_for_bucket(profile, &endpoint));
    }
    if let Some(key) = profile.aws_kms_key_arn() {
        builder = builder.with_sse_kms_encryption(key);
    }
    builder
}

/// Whether requests name the bucket in the path.
///
/// Certificates cover only one label before the endpoint, so with TLS a bucket with dots cannot be in the host.
fn is_in_path(profile: &S3Profile) -> bool {
    profile.is_path_style() || (profile.bucket().contains('.') && !profile.is_plain_http())
}

/// The endpoint as `object_store` expects it: in virtual-host style with the bucket in the host.
fn endpoint_for_bucket(profile: &S3Profile, endpoint: &str) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    match endpoint.split_once("://") {
        Some((scheme, host)) if !is_in_path(profile) => {
            format!("{scheme}://{}.{host}", profile.bucket())
        }
        _ => endpoint.to_owned(),
    }
}

#[async_trait]
impl Objects for S3Store {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        let found = self
            .store
            .get(&self.path(at)?)
            .await
            .map_err(|e| classify::error(at, &e))?;
        remote::content(found, at, max_bytes, classify::error).await
    }

    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        let path = self.path(at)?;
        let options = PutOptions::from(PutMode::Create);
        match self
            .store
            .put_opts(&path, PutPayload::from(content.clone()), options)
            .await
        {
            Ok(_) => Ok(()),
            Err(e) if classify::is_not_implemented(&e) => {
                self.write_unconditionally(at, &path, content).await
            }
            Err(e) => Err(classify::error(at, &e)),
        }
    }

    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        match self.singly.delete(&self.path(at)?).await {
            Ok(()) => Ok(()),
            Err(e) => match classify::error(at, &e) {
                ObjectError::NotFound { .. } => Ok(()),
                error => Err(error),
            },
        }
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
        listing::page(
            &self.store,
            folder,
            page,
            ResumePoint::AnyKey,
            classify::error,
        )
        .await
    }
}
