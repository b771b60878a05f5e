//! The identities with which the server and engines access a bucket.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientConfigKey, ClientOptions, RetryConfig, StaticCredentialProvider};

use super::role::AssumedRole;
use super::sts::{Sts, of_region};
use crate::classify;
use crate::connection::{Pool, Transport};
use crate::credential::{AccessKey, S3Credential};
use crate::open::OpenError;
use crate::profile::{Partition, S3Profile};
use crate::secret::Secret;

/// The identity with which the server accesses the bucket and signs for engines: the credential's own, or a role that
/// it assumes.
pub(super) fn of_server(
    profile: &S3Profile,
    credential: &S3Credential,
) -> Result<AwsCredentialProvider, OpenError> {
    match (profile.assume_role_arn(), credential) {
        // Alibaba's roles are for engines only, and R2 has no roles.
        (_, S3Credential::AliyunOss { .. } | S3Credential::CloudflareR2 { .. }) | (None, _) => {
            of_credential(profile, credential)
        }
        (Some(role), _) => {
            let sts = Sts::open(profile, credential)?;
            Ok(Arc::new(AssumedRole::new(sts, role)))
        }
    }
}

/// The identity of an engine that was given `config`.
pub(super) fn of_vended(
    config: &[(String, Secret<String>)],
) -> Result<AwsCredentialProvider, OpenError> {
    let key = key_of_vended(config)?;
    Ok(Arc::new(StaticCredentialProvider::new(key)))
}

/// The key in the `config` that was vended to an engine.
pub(super) fn key_of_vended(
    config: &[(String, Secret<String>)],
) -> Result<AwsCredential, OpenError> {
    let get = |name: &str| {
        let found = config.iter().find(|(given, _)| given == name);
        found
            .map(|(_, value)| value.expose().clone())
            .ok_or_else(|| OpenError::Failed(format!("`{name}` was not vended")))
    };
    Ok(AwsCredential {
        key_id: get("s3.access-key-id")?,
        secret_key: get("s3.secret-access-key")?,
        token: Some(get("s3.session-token")?),
    })
}

/// The credential's own identity, before it assumes a role.
pub(super) fn of_credential(
    profile: &S3Profile,
    credential: &S3Credential,
) -> Result<AwsCredentialProvider, OpenError> {
    match credential {
        S3Credential::AccessKey { key, .. }
        | S3Credential::CloudflareR2 { key, .. }
        | S3Credential::AliyunOss { key, .. } => Ok(of_key(key)),
        S3Credential::AwsSystemIdentity { .. } => of_system(profile),
    }
}

fn of_key(key: &AccessKey) -> AwsCredentialProvider {
    Arc::new(StaticCredentialProvider::new(AwsCredential {
        key_id: key.id.clone(),
        secret_key: key.secret.expose().clone(),
        token: None,
    }))
}

/// The identity that AWS gives this process: variables, a web identity, a container or an instance, whichever exists
/// first.
///
/// No request is sent before the first use; keys are renewed before they expire.
fn of_system(profile: &S3Profile) -> Result<AwsCredentialProvider, OpenError> {
    // Only a built store gives access to its provider; this store is used for nothing else.
    let store = chain(AmazonS3Builder::from_env(), profile)
        .build()
        .map_err(|e| OpenError::Failed(classify::text(&e)))?;
    Ok(Arc::clone(store.credentials()))
}

fn chain(environment: AmazonS3Builder, profile: &S3Profile) -> AmazonS3Builder {
    let at = AmazonS3ConfigKey::StsEndpoint;
    // `object_store` uses one domain for all regions. A setting in the environment has precedence.
    let is_elsewhere = profile.partition().domain != Partition::FIRST.domain;
    let builder = if is_elsewhere && environment.get_config_value(&at).is_none() {
        environment.with_config(at, of_region(profile).trim_end_matches('/'))
    } else {
        environment
    };
    builder
        .with_bucket_name(profile.bucket())
        .with_region(profile.region())
        .with_retry(RetryConfig {
            max_retries: 2,
            retry_timeout: Duration::from_secs(10),
            ..RetryConfig::default()
        })
        .with_http_connector(MetadataServices)
}

/// Connects as each provider in the chain requires: over HTTP to containers and instances, over HTTPS to STS.
#[derive(Debug)]
struct MetadataServices;

impl HttpConnector for MetadataServices {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let transport = match allows_http.as_deref() {
            Some("true") => Transport::Plain,
            _ => Transport::Tls,
        };
        Pool::new(transport)
            .map_err(|e| object_store::Error::Generic {
                store: "S3",
                source: Box::new(e),
            })?
            .connect(options)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::StorageProfile;

    #[test]
    fn a_web_identity_is_shown_to_the_sts_of_the_regions_partition() {
        let key = AmazonS3ConfigKey::StsEndpoint;
        let of = |region: &str, environment: AmazonS3Builder| {
            let json =
                json!({"type": "s3", "bucket": "b-1", "region": region, "sts-enabled": false});
            match StorageProfile::from_json(&json).unwrap() {
                StorageProfile::S3(profile) => chain(environment, &profile).get_config_value(&key),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(of("eu-west-1", AmazonS3Builder::new()), None);
        assert_eq!(
            of("cn-north-1", AmazonS3Builder::new()).as_deref(),
            Some("https://sts.cn-north-1.amazonaws.com.cn")
        );
        assert_eq!(
            of("eusc-de-east-1", AmazonS3Builder::new()).as_deref(),
            Some("https://sts.eusc-de-east-1.amazonaws.eu")
        );
        let private = AmazonS3Builder::new().with_config(key, "https://sts.internal");
        assert_eq!(
            of("cn-north-1", private).as_deref(),
            Some("https://sts.internal")
        );
    }
}
