//! A table bucket of S3 Tables, or of a store that speaks its protocol.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{S3Flavor, S3Profile, SigningUrlStyle, checks, is_amazons};
use crate::credential::S3Credential;
use crate::location::{Location, LocationError, LocationProblem, Scheme, bucket_problem};
use crate::profile::{Policy, ProfileError, read_fields, unchanged};

/// Suffix of the buckets that AWS creates for tables.
const TABLES_OF_AWS: &str = "--table-s3";

/// A table bucket. All fields but `table-bucket-arn` have the same meaning as in an [`S3Profile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct S3TablesProfile {
    table_bucket_arn: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    flavor: S3Flavor,
    #[serde(default)]
    sts_enabled: bool,
    #[serde(default)]
    assume_role_arn: Option<String>,
    #[serde(default)]
    sts_role_arn: Option<String>,
    #[serde(default)]
    sts_endpoint: Option<String>,
    #[serde(default = "super::default_token_seconds")]
    sts_token_validity_seconds: u64,
    #[serde(default)]
    sts_session_tags: BTreeMap<String, String>,
    #[serde(default)]
    aws_kms_key_arn: Option<String>,
}

/// The parts of a table bucket's ARN.
struct Arn<'a> {
    region: &'a str,
    bucket: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let [scheme, partition, service, region, account, resource] =
            std::array::from_fn(|_| parts.next().unwrap_or_default());
        let bucket = resource.strip_prefix("bucket/")?;
        let is_arn = scheme == "arn" && partition.starts_with("aws") && service == "s3tables";
        (is_arn && !account.is_empty() && bucket_problem(bucket).is_none())
            .then_some(Self { region, bucket })
    }
}

impl S3TablesProfile {
    pub(in crate::profile) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let mut profile: Self = read_fields(json)?;
        profile.check()?;
        Ok(profile)
    }

    /// Checks every field and brings it to its normal form.
    fn check(&mut self) -> Result<(), ProfileError> {
        const ARN: &str = "table-bucket-arn";
        let given = checks::arn(ARN, Some(std::mem::take(&mut self.table_bucket_arn)))?;
        self.table_bucket_arn = given.unwrap_or_default();
        let Some(arn) = Arn::parse(&self.table_bucket_arn) else {
            let rule = "must be the ARN of a table bucket, such as \
                        `arn:aws:s3tables:us-east-1:111122223333:bucket/analytics`";
            return Err(ProfileError::field(ARN, &self.table_bucket_arn, rule));
        };
        if self.region.is_empty() {
            arn.region.clone_into(&mut self.region);
        }
        checks::region(&self.region)?;
        if self.region != arn.region {
            let rule = format!("must be that of the table bucket, `{}`", arn.region);
            return Err(ProfileError::field("region", &self.region, rule));
        }
        self.endpoint = checks::s3_endpoint(self.endpoint.take(), arn.bucket)?;
        if let Some(endpoint) = &self.endpoint
            && is_amazons(endpoint)
        {
            let rule = "must be left out for Amazon's own S3 Tables: tables and files have \
                        addresses of their own there";
            return Err(ProfileError::field("endpoint", endpoint, rule));
        }
        if self.endpoint.is_none() && self.flavor == S3Flavor::S3Compat {
            return Err(ProfileError::Missing {
                field: "endpoint",
                rule: "with the flavor `s3-compat` it is required",
            });
        }
        self.sts_endpoint = checks::sts_endpoint(self.sts_endpoint.take())?;
        self.assume_role_arn = checks::arn("assume-role-arn", self.assume_role_arn.take())?;
        self.sts_role_arn = checks::arn("sts-role-arn", self.sts_role_arn.take())?;
        self.aws_kms_key_arn = checks::arn("aws-kms-key-arn", self.aws_kms_key_arn.take())?;
        checks::token_seconds(self.sts_token_validity_seconds)?;
        checks::session_tags(&self.sts_session_tags)
    }

    pub(in crate::profile) fn check_credential(
        &self,
        credential: &S3Credential,
        policy: Policy,
    ) -> Result<(), ProfileError> {
        match credential {
            S3Credential::AccessKey { .. } | S3Credential::AwsSystemIdentity { .. } => {
                let bucket = self.files_in(self.bucket());
                bucket.check_credential(credential, policy)
            }
            S3Credential::CloudflareR2 { .. } | S3Credential::AliyunOss { .. } => {
                let rule = "must be `access-key` or `aws-system-identity`: there are no table buckets elsewhere";
                let given = credential.credential_type();
                Err(ProfileError::field("credential-type", given, rule))
            }
        }
    }

    pub(in crate::profile) fn update_with(&self, new: Self) -> Result<Self, ProfileError> {
        let (from, to) = (&self.table_bucket_arn, &new.table_bucket_arn);
        unchanged("table-bucket-arn", from, to)?;
        let flavor = |profile: &Self| match profile.flavor {
            S3Flavor::Aws => "aws",
            S3Flavor::S3Compat => "s3-compat",
        };
        unchanged("flavor", flavor(self), flavor(&new))?;
        Ok(new)
    }

    /// The location of the bucket's tables. AWS gives each table a bucket of its own: there, the location is only a
    /// unique name.
    pub(crate) fn base_location(&self) -> Location {
        match (self.flavor, self.table_bucket_arn.rsplit_once('/')) {
            (S3Flavor::Aws, Some((account, bucket))) => {
                Location::from_checked(Scheme::S3, account, bucket)
            }
            _ => Location::from_checked(Scheme::S3, self.bucket(), ""),
        }
    }

    pub(in crate::profile) fn base_address(&self) -> String {
        let elsewhere = self.flavor == S3Flavor::S3Compat;
        let endpoint = self.endpoint.as_deref().filter(|_| elsewhere);
        super::address_at(endpoint, &self.base_location())
    }

    /// Refuses a location that cannot be in a table of this bucket.
    pub(crate) fn check_location(&self, location: &Location) -> Result<(), LocationError> {
        let is_of_table = location.scheme() == Scheme::S3
            && match self.flavor {
                S3Flavor::Aws => location.bucket().ends_with(TABLES_OF_AWS),
                S3Flavor::S3Compat => {
                    location.bucket() == self.bucket() && location.key().contains('/')
                }
            };
        if is_of_table {
            return Ok(());
        }
        let base = self.table_bucket_arn.clone();
        let problem = LocationProblem::Outside { base };
        Err(LocationError::new(location.as_str(), problem))
    }

    pub(in crate::profile) fn client_config(&self) -> Vec<(String, String)> {
        self.files_in(self.bucket()).client_config()
    }

    /// The profile of a bucket for the files of a table, which are in `bucket`.
    pub(crate) fn files_in(&self, bucket: &str) -> S3Profile {
        S3Profile {
            bucket: bucket.to_owned(),
            key_prefix: None,
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            flavor: self.flavor,
            path_style_access: self.endpoint.as_ref().map(|_| true),
            allow_alternative_protocols: None,
            assume_role_arn: self.assume_role_arn.clone(),
            sts_enabled: self.sts_enabled,
            sts_role_arn: self.sts_role_arn.clone(),
            sts_endpoint: self.sts_endpoint.clone(),
            sts_token_validity_seconds: self.sts_token_validity_seconds,
            sts_session_tags: self.sts_session_tags.clone(),
            remote_signing_enabled: false,
            remote_signing_url_style: SigningUrlStyle::Auto,
            push_s3_delete_disabled: true,
            // Table buckets set their own encryption.
            aws_kms_key_arn: None,
            legacy_md5_behavior: None,
            storage_layout: None,
        }
    }
}

// === Fields after checking ===
impl S3TablesProfile {
    /// The ARN of the table bucket.
    pub fn table_bucket_arn(&self) -> &str {
        &self.table_bucket_arn
    }

    /// The name of the table bucket.
    pub fn bucket(&self) -> &str {
        let arn = Arn::parse(&self.table_bucket_arn);
        arn.map_or("", |arn| arn.bucket)
    }

    /// The region of the table bucket.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// URL of the store, with a trailing slash; `None` for AWS, where the region gives it.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Whether the table bucket is Amazon's or in a compatible store.
    pub fn flavor(&self) -> S3Flavor {
        self.flavor
    }

    /// Whether credentials may be vended through STS.
    pub fn is_sts_enabled(&self) -> bool {
        self.sts_enabled
    }

    /// Key that encrypts the tables; engines are allowed to use it.
    pub fn aws_kms_key_arn(&self) -> Option<&str> {
        self.aws_kms_key_arn.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{LocationError, StorageProfile};

    const ARN: &str = "arn:aws:s3tables:us-east-1:111122223333:bucket/analytics";

    fn profile(fields: &serde_json::Value) -> Result<StorageProfile, String> {
        let mut json = json!({ "type": "s3-tables", "table-bucket-arn": ARN });
        json.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        StorageProfile::from_json(&json).map_err(|e| e.to_string())
    }

    #[test]
    fn an_arn_is_enough_and_says_the_region() {
        let read = profile(&json!({})).unwrap();
        let stored = serde_json::to_value(&read).unwrap();
        assert_eq!(stored["type"], "s3-tables");
        assert_eq!(stored["region"], "us-east-1");
        assert_eq!(StorageProfile::from_json(&stored).unwrap(), read);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_rule() {
        let table = [
            (
                json!({"table-bucket-arn": "arn:aws:s3:::analytics"}),
                "must be the ARN of a table bucket",
            ),
            (
                json!({"table-bucket-arn": "arn:aws:s3tables:us-east-1:1:bucket/a_b"}),
                "must be the ARN of a table bucket",
            ),
            (
                json!({"table-bucket-arn": ""}),
                "must be the ARN of a table bucket",
            ),
            (
                json!({"region": "eu-west-1"}),
                "must be that of the table bucket, `us-east-1`",
            ),
            (json!({"flavor": "s3-compat"}), "`endpoint` is missing"),
            (
                json!({"endpoint": "https://s3tables.us-east-1.amazonaws.com"}),
                "must be left out",
            ),
            (
                json!({"sts-token-validity-seconds": 10}),
                "must be between 900 and 43200",
            ),
        ];
        for (fields, expected) in table {
            let error = profile(&fields).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn only_what_can_be_in_a_table_is_within_the_bucket() {
        let aws = profile(&json!({})).unwrap();
        let other =
            profile(&json!({"flavor": "s3-compat", "endpoint": "http://weed:8333"})).unwrap();
        let within = |profile: &StorageProfile, at: &str| {
            let within: Result<_, LocationError> = profile.parse_location(at);
            within.is_ok()
        };
        assert!(within(&aws, "s3://63a8e430-6e0b--table-s3/metadata/1.json"));
        assert!(!within(&aws, "s3://analytics/ns/t"));
        assert!(within(&other, "s3://analytics/ns/t"));
        for at in [
            "s3://analytics/ns",
            "s3://analytics2/ns/t",
            "s3a://analytics/ns/t",
        ] {
            assert!(!within(&other, at), "{at}");
        }
    }

    #[test]
    fn a_table_bucket_is_one_warehouse_at_a_time() {
        let aws = profile(&json!({})).unwrap();
        let elsewhere = ARN.replace("1111", "9999");
        let elsewhere = profile(&json!({ "table-bucket-arn": elsewhere })).unwrap();
        assert_ne!(aws.base_address(), elsewhere.base_address());
        assert!(aws.update_with(elsewhere).is_err());
    }
}
