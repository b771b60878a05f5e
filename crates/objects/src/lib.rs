//! Storage profiles, locations and file I/O on local files, memory, S3, GCS and Azure.
//!
//! - [`Location`]: where an object or a folder is, safe to compare.
//! - [`StorageProfile`] and [`StorageCredential`]: a warehouse's storage, as the management API writes it.
//! - [`Objects`]: the trait through which the catalog does its file I/O; [`open`] makes a store from a profile.
//! - [`TableBucket`]: storage that keeps tables itself; [`table_bucket`] makes it from a profile.
//! - [`Vendor`]: hands out access to one folder of a store; [`vendor`] makes it from a profile.
//! - [`S3Request`]: a request checked against one folder, which [`S3Signer`] or [`SessionSigner`] signs for an engine.
//! - [`try_storage`], [`try_table_bucket`]: try whether a profile and its credential work, vended access included.

mod access;
mod adls;
mod classify;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod credential;
mod error;
mod gcs;
mod given;
mod guard;
mod io;
mod listing;
mod local;
mod location;
mod memory;
mod metadata_server;
mod open;
mod profile;
mod prune;
mod remote;
mod renewed;
mod s3;
mod secret;
mod table_bucket;
mod token;
mod vend;

pub use access::{
    AccessCheck, AccessError, AccessOutcome, AccessStep, TrialError, try_storage, try_table_bucket,
    validate_access,
};
pub use credential::{
    AccessKey, AzureCredential, GcsCredential, GcsKey, S3Credential, StorageCredential,
};
pub use error::{ObjectError, StoreFailure};
pub use io::{Deleted, MAX_PAGE, Objects, Page, PageRequest, PageToken, delete_prefix};
pub use location::{
    Location, LocationError, LocationProblem, MAX_FILE_NAME_BYTES, MAX_KEY_BYTES, Scheme,
};
pub use open::{OpenError, memory, open, open_vended, table_bucket, vendor};
pub use profile::{
    AdlsProfile, AwsIdentity, AwsIdentityRules, AzureIdentity, BulkDeletes, DeletionMode,
    DirectUse, EndpointMode, ExternalIds, GcpIdentity, GcsProfile, LayoutName, LocalProfile,
    LocalStorage, OneLakeProfile, Policy, ProfileError, S3Flavor, S3Profile, S3TablesProfile,
    SigningUrlStyle, StorageLayout, StorageProfile, TopLevelFolder,
};
pub use s3::sign::{S3Request, S3Signer, SessionSigner, SignError, SignRequest, SignedRequest};
pub use secret::Secret;
pub use table_bucket::{
    BucketTable, BucketTableState, TableBucket, TableBucketError, VersionToken, bucket_namespace,
};
pub use vend::{Permission, Scope, VendError, Vended, Vendor};
