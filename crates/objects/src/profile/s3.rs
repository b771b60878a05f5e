//! A bucket of S3, or of a store that speaks its protocol.

mod amazon;
pub(super) mod checks;
mod tables;
mod with_credential;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    DeletionMode, ProfileError, StorageLayout, checked_key_prefix, read_fields, unchanged,
    unchanged_key_prefix, yes,
};
use crate::location::{Location, Scheme, bucket_problem};

use amazon::is_amazons;
pub(crate) use amazon::{Partition, is_amazons_s3};
pub use tables::S3TablesProfile;

/// Validity of vended credentials if the profile sets none.
const DEFAULT_TOKEN_SECONDS: u64 = 3600;

/// A bucket of S3 or of a compatible store; the fields of the management API's `S3Profile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct S3Profile {
    bucket: String,
    #[serde(default)]
    key_prefix: Option<String>,
    region: String,
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    flavor: S3Flavor,
    #[serde(default)]
    path_style_access: Option<bool>,
    #[serde(default)]
    allow_alternative_protocols: Option<bool>,
    #[serde(default)]
    assume_role_arn: Option<String>,
    sts_enabled: bool,
    #[serde(default)]
    sts_role_arn: Option<String>,
    #[serde(default)]
    sts_endpoint: Option<String>,
    #[serde(default = "default_token_seconds")]
    sts_token_validity_seconds: u64,
    #[serde(default)]
    sts_session_tags: BTreeMap<String, String>,
    #[serde(default = "yes")]
    remote_signing_enabled: bool,
    #[serde(default, alias = "s3-url-detection-mode")]
    remote_signing_url_style: SigningUrlStyle,
    #[serde(default = "yes")]
    push_s3_delete_disabled: bool,
    #[serde(default)]
    aws_kms_key_arn: Option<String>,
    /// Stored only to be shown again: requests that need a checksum always have MD5 as well as a newer one.
    #[serde(default)]
    legacy_md5_behavior: Option<bool>,
    #[serde(default)]
    storage_layout: Option<StorageLayout>,
}

/// Whether the store is Amazon S3 or a compatible one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum S3Flavor {
    /// Amazon S3.
    #[default]
    Aws,
    /// A compatible store, such as MinIO or Ceph.
    #[serde(alias = "minio")]
    S3Compat,
}

/// How remote signing finds the bucket in a URL that a client wants signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningUrlStyle {
    /// Path or host, if the store is known to support buckets in the host; otherwise the path.
    #[default]
    Auto,
    /// The first segment of the path.
    #[serde(alias = "path-style")]
    Path,
    /// The first label of the host.
    #[serde(alias = "virtual-host")]
    VirtualHost,
}

/// The globally unique address of `location` in the store at `endpoint`.
///
/// Bucket names are unique within a partition of AWS, whatever the region and the endpoint. Buckets of the same name
/// in two partitions count as one, which refuses too much rather than too little. In other stores, also those on
/// machines rented from AWS, bucket names are unique within one endpoint.
fn address_at(endpoint: Option<&str>, location: &Location) -> String {
    let location = location.normalized();
    let elsewhere = endpoint.filter(|endpoint| !is_amazons_s3(endpoint));
    match (elsewhere, location.split_once("://")) {
        (Some(endpoint), Some((_, path))) => format!("{}/{path}", endpoint.trim_end_matches('/')),
        _ => location.to_owned(),
    }
}

fn default_token_seconds() -> u64 {
    DEFAULT_TOKEN_SECONDS
}

impl S3Profile {
    pub(super) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let mut profile: Self = read_fields(json)?;
        profile.check()?;
        Ok(profile)
    }

    /// Checks every field and brings it to its normal form.
    fn check(&mut self) -> Result<(), ProfileError> {
        if let Some(rule) = bucket_problem(&self.bucket) {
            return Err(ProfileError::field("bucket", &self.bucket, rule));
        }
        checks::region(&self.region)?;
        self.key_prefix = checked_key_prefix(self.key_prefix.take())?;
        self.endpoint = checks::s3_endpoint(self.endpoint.take(), &self.bucket)?;
        self.sts_endpoint = checks::sts_endpoint(self.sts_endpoint.take())?;
        self.assume_role_arn = checks::arn("assume-role-arn", self.assume_role_arn.take())?;
        self.sts_role_arn = checks::arn("sts-role-arn", self.sts_role_arn.take())?;
        self.aws_kms_key_arn = checks::arn("aws-kms-key-arn", self.aws_kms_key_arn.take())?;
        checks::token_seconds(self.sts_token_validity_seconds)?;
        checks::session_tags(&self.sts_session_tags)?;
        if let Some(layout) = &self.storage_layout {
            layout.validate()?;
        }
        Ok(())
    }

    pub(crate) fn base_location(&self) -> Location {
        Location::from_checked(
            Scheme::S3,
            &self.bucket,
            self.key_prefix.as_deref().unwrap_or_default(),
        )
    }

    /// The accepted schemes, for messages, and whether `scheme` is one of them.
    pub(super) fn accepts(&self, scheme: Scheme) -> (&'static str, bool) {
        match (self.allow_alternative_protocols, scheme) {
            (Some(true), Scheme::S3a | Scheme::S3n) => ("`s3://`, `s3a://` and `s3n://`", true),
            (Some(true), other) => ("`s3://`, `s3a://` and `s3n://`", other == Scheme::S3),
            (_, other) => ("`s3://`", other == Scheme::S3),
        }
    }

    pub(super) fn update_with(&self, mut new: Self) -> Result<Self, ProfileError> {
        unchanged("bucket", &self.bucket, &new.bucket)?;
        unchanged_key_prefix(self.key_prefix.as_deref(), new.key_prefix.as_deref())?;
        if new.endpoint.is_none() {
            unchanged("region", &self.region, &new.region)?;
        }
        new.allow_alternative_protocols = new
            .allow_alternative_protocols
            .or(self.allow_alternative_protocols.filter(|allowed| *allowed));
        new.storage_layout = new.storage_layout.or_else(|| self.storage_layout.clone());
        Ok(new)
    }

    pub(super) fn client_config(&self) -> Vec<(String, String)> {
        let mut config = vec![
            ("s3.region".to_owned(), self.region.clone()),
            ("client.region".to_owned(), self.region.clone()),
            ("region".to_owned(), self.region.clone()),
        ];
        if let Some(endpoint) = &self.endpoint {
            config.push(("s3.endpoint".to_owned(), endpoint.clone()));
        }
        if self.is_path_style() {
            config.push(("s3.path-style-access".to_owned(), "true".to_owned()));
        }
        config.extend(self.encryption_config());
        config
    }

    pub(super) fn catalog_defaults(&self, deletion: DeletionMode) -> Vec<(String, String)> {
        let mut defaults = self.encryption_config();
        if self.push_s3_delete_disabled && deletion == DeletionMode::Soft {
            defaults.push(("s3.delete-enabled".to_owned(), "false".to_owned()));
        }
        defaults
    }

    /// Properties that make engines encrypt files with the bucket's key.
    fn encryption_config(&self) -> Vec<(String, String)> {
        let Some(key) = &self.aws_kms_key_arn else {
            return Vec::new();
        };
        vec![
            ("s3.sse.type".to_owned(), "kms".to_owned()),
            ("s3.sse.key".to_owned(), key.clone()),
        ]
    }

    pub(super) fn base_address(&self) -> String {
        address_at(self.endpoint.as_deref(), &self.base_location())
    }

    pub(super) fn layout(&self) -> &StorageLayout {
        self.storage_layout
            .as_ref()
            .unwrap_or(&StorageLayout::Default)
    }
}

// === Fields after checking ===
impl S3Profile {
    /// Name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The folder in the bucket, without slashes at its ends.
    pub fn key_prefix(&self) -> Option<&str> {
        self.key_prefix.as_deref()
    }

    /// Region for signatures, and for the host name if there is no endpoint.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// URL of the store, with a trailing slash; `None` for AWS, where the region gives it.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Whether the store is Amazon S3 or a compatible one.
    pub fn flavor(&self) -> S3Flavor {
        self.flavor
    }

    /// Whether the bucket is in the path instead of the host name. A bucket cannot be a subdomain of an IP address.
    pub fn is_path_style(&self) -> bool {
        self.path_style_access == Some(true) || self.endpoint().is_some_and(checks::has_ip_host)
    }

    /// Role that the server assumes to access the bucket.
    pub fn assume_role_arn(&self) -> Option<&str> {
        self.assume_role_arn.as_deref()
    }

    /// Whether credentials may be vended through STS.
    pub fn is_sts_enabled(&self) -> bool {
        self.sts_enabled
    }

    /// Role for vended credentials: `sts-role-arn`, or else `assume-role-arn`.
    pub fn sts_role_arn(&self) -> Option<&str> {
        self.sts_role_arn
            .as_deref()
            .or(self.assume_role_arn.as_deref())
    }

    /// Whether requests reach Amazon's own S3. With the flavor `aws`, the endpoint may still be another store.
    pub(crate) fn is_amazons(&self) -> bool {
        self.flavor == S3Flavor::Aws && self.endpoint().is_none_or(is_amazons_s3)
    }

    /// URL of STS: `sts-endpoint`, or else `endpoint` unless it is Amazon's S3, which does not serve STS; `None` for
    /// AWS, where the region gives it.
    pub fn sts_endpoint(&self) -> Option<&str> {
        let other_endpoint = self.endpoint().filter(|at| !is_amazons_s3(at));
        self.sts_endpoint.as_deref().or(other_endpoint)
    }

    /// The partition of AWS that has the region.
    pub(crate) fn partition(&self) -> Partition {
        Partition::of(&self.region)
    }

    /// The value of `sts-endpoint`, without the fallback to `endpoint`.
    pub(crate) fn own_sts_endpoint(&self) -> Option<&str> {
        self.sts_endpoint.as_deref()
    }

    /// Validity of vended credentials, in seconds.
    pub fn sts_token_validity_seconds(&self) -> u64 {
        self.sts_token_validity_seconds
    }

    /// Tags of the sessions behind vended credentials.
    pub fn sts_session_tags(&self) -> &BTreeMap<String, String> {
        &self.sts_session_tags
    }

    /// Whether the server may sign requests of clients.
    pub fn is_remote_signing_enabled(&self) -> bool {
        self.remote_signing_enabled
    }

    /// Whether requests of clients are signed with sessions that reach only one table's folder, instead of the
    /// warehouse's own credential: if the profile enables such sessions, and the store may obey headers that a client
    /// adds to a signed request. Amazon's S3 does not.
    pub fn signs_by_sessions(&self) -> bool {
        self.sts_enabled && !self.is_amazons()
    }

    /// How remote signing finds the bucket in a URL.
    pub fn remote_signing_url_style(&self) -> SigningUrlStyle {
        self.remote_signing_url_style
    }

    /// KMS key that encrypts the bucket.
    pub fn aws_kms_key_arn(&self) -> Option<&str> {
        self.aws_kms_key_arn.as_deref()
    }

    /// Whether the endpoint is used without TLS.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.endpoint
            .as_deref()
            .and_then(|e| Url::parse(e).ok())
            .is_some_and(|url| url.scheme() == "http")
    }
}
