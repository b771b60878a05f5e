//! A bucket of Google Cloud Storage.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    GcpIdentity, ProfileError, StorageLayout, checked_key_prefix, read_fields, unchanged,
    unchanged_key_prefix, yes,
};
use crate::credential::GcsCredential;
use crate::location::{Location, Scheme, gcs_bucket_problem};

/// A bucket of Google Cloud Storage, with hierarchical namespace or without; the fields of the management API's
/// `GcsProfile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GcsProfile {
    bucket: String,
    #[serde(default)]
    key_prefix: Option<String>,
    #[serde(default = "yes")]
    sts_enabled: bool,
    #[serde(default)]
    storage_layout: Option<StorageLayout>,
}

impl GcsProfile {
    pub(super) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let mut profile: Self = read_fields(json)?;
        profile.check()?;
        Ok(profile)
    }

    /// Checks every field and brings it to its normal form.
    fn check(&mut self) -> Result<(), ProfileError> {
        if let Some(rule) = gcs_bucket_problem(&self.bucket) {
            return Err(ProfileError::field("bucket", &self.bucket, rule));
        }
        self.key_prefix = checked_key_prefix(self.key_prefix.take())?;
        if let Some(prefix) = &self.key_prefix
            && format!("{prefix}/").starts_with(".well-known/acme-challenge/")
        {
            let rule =
                "must not begin with `.well-known/acme-challenge/`, which Google keeps for itself";
            return Err(ProfileError::field("key-prefix", prefix, rule));
        }
        match &self.storage_layout {
            Some(layout) => layout.validate(),
            None => Ok(()),
        }
    }

    pub(crate) fn base_location(&self) -> Location {
        Location::from_checked(
            Scheme::Gs,
            &self.bucket,
            self.key_prefix.as_deref().unwrap_or_default(),
        )
    }

    pub(super) fn update_with(&self, mut new: Self) -> Result<Self, ProfileError> {
        unchanged("bucket", &self.bucket, &new.bucket)?;
        unchanged_key_prefix(self.key_prefix.as_deref(), new.key_prefix.as_deref())?;
        new.storage_layout = new.storage_layout.or_else(|| self.storage_layout.clone());
        Ok(new)
    }

    pub(super) fn layout(&self) -> &StorageLayout {
        self.storage_layout
            .as_ref()
            .unwrap_or(&StorageLayout::Default)
    }

    /// Name of the bucket; unique within all of Google Cloud.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The folder in the bucket, without slashes at its ends.
    pub fn key_prefix(&self) -> Option<&str> {
        self.key_prefix.as_deref()
    }

    /// Whether downscoped tokens may be vended.
    pub fn is_sts_enabled(&self) -> bool {
        self.sts_enabled
    }
}

pub(super) fn check_credential(
    credential: &GcsCredential,
    identity: GcpIdentity,
) -> Result<(), ProfileError> {
    match (credential, identity) {
        (GcsCredential::SystemIdentity, GcpIdentity::Refused) => Err(ProfileError::field(
            "credential-type",
            "gcp-system-identity",
            "must not be the server's own identity here: give a `service-account-key`, or set \
             LAKEKEEPER__ENABLE_GCP_SYSTEM_CREDENTIALS=true",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{DeletionMode, Policy, StorageProfile, tests::overlap};
    use super::*;
    use crate::credential::StorageCredential;

    fn profile(changes: &Value) -> Value {
        let mut profile = json!({"type": "gcs", "bucket": "my-bucket"});
        for (field, value) in changes.as_object().unwrap() {
            profile[field] = value.clone();
        }
        profile
    }

    fn read(changes: &Value) -> StorageProfile {
        StorageProfile::from_json(&profile(changes)).unwrap()
    }

    #[test]
    fn a_minimal_profile_gets_the_documented_defaults() {
        let profile = read(&json!({}));
        assert_eq!(
            serde_json::to_value(&profile).unwrap(),
            json!({
                "type": "gcs", "bucket": "my-bucket", "key-prefix": null, "sts-enabled": true,
                "storage-layout": null,
            })
        );
        assert_eq!(profile.kind(), "gcs");
        assert_eq!(profile.base_location().as_str(), "gs://my-bucket");
        assert_eq!(profile.layout(), &StorageLayout::Default);
        assert!(profile.client_config().is_empty());
        assert!(profile.catalog_defaults(DeletionMode::Soft).is_empty());
    }

    #[test]
    fn every_field_survives_a_round_trip() {
        let json = profile(&json!({
            "key-prefix": "a/b c", "sts-enabled": false,
            "storage-layout": {"type": "tabular-only", "tabular": "{uuid}"},
        }));
        let profile = StorageProfile::from_json(&json).unwrap();
        assert_eq!(serde_json::to_value(&profile).unwrap(), json);
        assert_eq!(profile.base_location().as_str(), "gs://my-bucket/a/b c");
    }

    #[test]
    fn a_refused_field_is_named_with_its_value_and_rule() {
        let long = "x".repeat(64);
        let table = [
            (json!({"bucket": null}), "malformed storage profile"),
            (
                json!({"bucket": "ab"}),
                "`bucket` is `ab`: it must have 3 to 63",
            ),
            (json!({"bucket": long}), "must have 3 to 63"),
            (json!({"bucket": format!("a.{long}")}), "at most 63"),
            (
                json!({"bucket": "My-bucket"}),
                "may only have lower case letters",
            ),
            (json!({"bucket": "a/../b"}), "may only have"),
            (json!({"bucket": "-abc"}), "must begin and end with"),
            (json!({"bucket": "a..b"}), "two dots in a row"),
            (json!({"bucket": "10.0.0.1"}), "IP address"),
            (json!({"bucket": "goog-x"}), "must not begin with `goog`"),
            (json!({"bucket": "my-google"}), "contain `google`"),
            (json!({"key-prefix": "a/../b"}), "`..` segment"),
            (json!({"key-prefix": "x".repeat(897)}), "at most 896 bytes"),
            (
                json!({"key-prefix": "/.well-known/acme-challenge/"}),
                "`key-prefix` is `.well-known/acme-challenge`: it must not begin with",
            ),
            (json!({"sts-enabled": "yes"}), "malformed storage profile"),
            (
                json!({"storage-layout": {"type": "tabular-only", "tabular": "x"}}),
                "must contain `{uuid}`",
            ),
        ];
        for (changes, expected) in table {
            let message = StorageProfile::from_json(&profile(&changes))
                .expect_err(&changes.to_string())
                .to_string();
            assert!(message.contains(expected), "{changes}: {message}");
        }
        for good in ["a_b-c.d", "123", &format!("{}.{}", &long[1..], &long[1..])] {
            read(&json!({"bucket": good}));
        }
    }

    #[test]
    fn an_update_changes_everything_but_the_place() {
        let layout = json!({"type": "tabular-only", "tabular": "{uuid}"});
        let old = read(&json!({"key-prefix": "wh", "storage-layout": layout}));
        let new = read(&json!({"key-prefix": "/wh/", "sts-enabled": false}));
        assert_eq!(
            serde_json::to_value(old.update_with(new).unwrap()).unwrap(),
            profile(&json!({"key-prefix": "wh", "sts-enabled": false, "storage-layout": layout}))
        );
        for (changes, field) in [
            (
                json!({"bucket": "other-bucket", "key-prefix": "wh"}),
                "`bucket` cannot",
            ),
            (json!({}), "`key-prefix` cannot"),
        ] {
            let error = old.update_with(read(&changes)).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        let local = StorageProfile::Memory;
        let error = old.update_with(local).unwrap_err().to_string();
        assert!(error.contains("`type` cannot be changed"), "{error}");
    }

    #[test]
    fn the_servers_own_identity_must_be_switched_on() {
        let credential = json!({"type": "gcs", "credential-type": "gcp-system-identity"});
        let credential = StorageCredential::from_json(&credential).unwrap();
        let check = |policy| read(&json!({})).validate_credential(Some(&credential), &policy);
        let error = check(Policy::default()).unwrap_err().to_string();
        assert!(
            error.contains("LAKEKEEPER__ENABLE_GCP_SYSTEM_CREDENTIALS=true"),
            "{error}"
        );
        check(Policy {
            gcp_identity: GcpIdentity::Allowed,
            ..Policy::default()
        })
        .unwrap();
    }

    #[test]
    fn warehouses_overlap_within_one_bucket_only() {
        let at =
            |bucket: &str, prefix: &str| read(&json!({"bucket": bucket, "key-prefix": prefix}));
        for (a, b, expected) in [
            (at("bucket-a", "x"), at("bucket-a", "x/y"), true),
            (at("bucket-a", ""), at("bucket-a", "x"), true),
            (at("bucket-a", "x"), at("bucket-a", "x2"), false),
            (at("bucket-a", "x"), at("bucket-b", "x"), false),
        ] {
            assert_eq!(overlap(&a, &b), expected, "{a:?} {b:?}");
            assert_eq!(overlap(&b, &a), expected, "{b:?} {a:?}");
        }
    }

    #[test]
    fn locations_must_be_gs_and_below_the_base() {
        let profile = read(&json!({"key-prefix": "wh"}));
        profile.parse_location("gs://my-bucket/wh/t").unwrap();
        for (bad, expected) in [
            ("s3://my-bucket/wh/t", "accepts `gs://`"),
            ("gs://my-bucket/wh2/t", "must be below `gs://my-bucket/wh`"),
            ("gs://other/wh/t", "must be below"),
            ("gcs://my-bucket/wh/t", "must begin with"),
        ] {
            let error = profile.parse_location(bad).unwrap_err().to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        }
    }
}
