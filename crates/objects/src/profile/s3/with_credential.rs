//! What a profile and its credential require of each other.

use super::{ProfileError, S3Flavor, S3Profile};
use crate::credential::S3Credential;
use crate::profile::{AwsIdentity, AwsIdentityRules, DirectUse, ExternalIds, Policy};
use crate::secret::Secret;

impl S3Profile {
    pub(in crate::profile) fn adjusted_for(self, credential: &S3Credential) -> Self {
        let whole = match credential {
            S3Credential::AccessKey { .. } | S3Credential::AwsSystemIdentity { .. } => return self,
            S3Credential::CloudflareR2 { .. } => Self {
                assume_role_arn: None,
                sts_role_arn: None,
                ..self
            },
            S3Credential::AliyunOss { .. } => self,
        };
        Self {
            flavor: S3Flavor::S3Compat,
            sts_enabled: true,
            ..whole
        }
    }

    pub(in crate::profile) fn check_credential(
        &self,
        credential: &S3Credential,
        policy: Policy,
    ) -> Result<(), ProfileError> {
        match credential {
            S3Credential::AccessKey { .. } => self.check_aws_role(),
            S3Credential::AwsSystemIdentity { external_id } => {
                let AwsIdentity::Allowed(rules) = policy.aws_identity else {
                    return Err(ProfileError::field(
                        "credential-type",
                        "aws-system-identity",
                        "must not be the server's own identity here: give an `access-key`, or set \
                         LAKEKEEPER__ENABLE_AWS_SYSTEM_CREDENTIALS=true",
                    ));
                };
                self.check_system_identity(external_id.as_ref(), rules)?;
                self.check_aws_role()
            }
            S3Credential::CloudflareR2 { .. } => {
                self.require_endpoint("with a credential of the type `cloudflare-r2` it is required, such as `https://<account-id>.r2.cloudflarestorage.com`")
            }
            S3Credential::AliyunOss { .. } => self.check_oss(),
        }
    }

    fn check_aws_role(&self) -> Result<(), ProfileError> {
        if self.sts_enabled && self.flavor == S3Flavor::Aws && self.sts_role_arn().is_none() {
            return Err(ProfileError::Missing {
                field: "sts-role-arn",
                rule: "with `sts-enabled` and the flavor `aws`, `sts-role-arn` or `assume-role-arn` is required",
            });
        }
        Ok(())
    }

    fn check_system_identity(
        &self,
        external_id: Option<&Secret<String>>,
        rules: AwsIdentityRules,
    ) -> Result<(), ProfileError> {
        if self.assume_role_arn.is_none() && rules.direct == DirectUse::Refused {
            return Err(ProfileError::Missing {
                field: "assume-role-arn",
                rule: "the server's own identity accesses a bucket only through a role, unless \
                       LAKEKEEPER__S3_ENABLE_DIRECT_SYSTEM_CREDENTIALS=true",
            });
        }
        let takes_role = self.assume_role_arn.is_some() || self.sts_role_arn.is_some();
        if takes_role && external_id.is_none() && rules.external_ids == ExternalIds::Required {
            return Err(ProfileError::Missing {
                field: "external-id",
                rule: "the server's own identity takes a role only with the external id that the role's \
                       trust policy asks for, unless LAKEKEEPER__S3_REQUIRE_EXTERNAL_ID_FOR_SYSTEM_CREDENTIALS=false",
            });
        }
        Ok(())
    }

    fn check_oss(&self) -> Result<(), ProfileError> {
        self.require_endpoint("with a credential of the type `aliyun-oss` it is required, such as `https://s3.oss-cn-hangzhou.aliyuncs.com`")?;
        if self.is_path_style() {
            return Err(ProfileError::field(
                "path-style-access",
                "true",
                "must be false with a credential of the type `aliyun-oss`: OSS knows only virtual hosts",
            ));
        }
        if self.sts_role_arn().is_none() {
            return Err(ProfileError::Missing {
                field: "sts-role-arn",
                rule: "with a credential of the type `aliyun-oss`, the RAM role to take for engines is required",
            });
        }
        Ok(())
    }

    fn require_endpoint(&self, rule: &'static str) -> Result<(), ProfileError> {
        match self.endpoint {
            Some(_) => Ok(()),
            None => Err(ProfileError::Missing {
                field: "endpoint",
                rule,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{StorageCredential, StorageProfile};

    const ROLE: &str = "arn:aws:iam::1:role/r";

    fn profile(fields: &Value) -> StorageProfile {
        let mut json =
            json!({"type": "s3", "bucket": "bucket", "region": "r", "sts-enabled": true});
        for (name, value) in fields.as_object().unwrap() {
            json[name] = value.clone();
        }
        StorageProfile::from_json(&json).unwrap()
    }

    fn credential(kind: &str, external_id: Option<&str>) -> StorageCredential {
        let json = json!({
            "type": "s3", "credential-type": kind, "access-key-id": "a", "secret-access-key": "b",
            "account-id": "acc", "token": "t", "external-id": external_id,
        });
        StorageCredential::from_json(&json).unwrap()
    }

    fn refusal(fields: &Value, credential: &StorageCredential, policy: Policy) -> String {
        profile(fields)
            .adjusted_for(Some(credential))
            .validate_credential(Some(credential), &policy)
            .map_or_else(|e| e.to_string(), |()| "allowed".to_owned())
    }

    fn allowing(direct: DirectUse, external_ids: ExternalIds) -> Policy {
        Policy {
            aws_identity: AwsIdentity::Allowed(AwsIdentityRules {
                direct,
                external_ids,
            }),
            ..Policy::default()
        }
    }

    #[test]
    fn the_servers_identity_is_used_as_the_configuration_says() {
        let strict = allowing(DirectUse::Refused, ExternalIds::Required);
        let lax = allowing(DirectUse::Allowed, ExternalIds::Optional);
        let with_role = json!({"assume-role-arn": ROLE});
        let bare = json!({"sts-enabled": false});
        let vending_only = json!({"sts-role-arn": ROLE});
        let table = [
            (
                &with_role,
                Some("x"),
                Policy::default(),
                "ENABLE_AWS_SYSTEM_CREDENTIALS",
            ),
            (&with_role, Some("x"), strict, "allowed"),
            (&with_role, None, strict, "`external-id` is missing"),
            (&with_role, None, lax, "allowed"),
            (&bare, Some("x"), strict, "`assume-role-arn` is missing"),
            (&bare, None, lax, "allowed"),
            (
                &vending_only,
                Some("x"),
                strict,
                "S3_ENABLE_DIRECT_SYSTEM_CREDENTIALS",
            ),
            (
                &vending_only,
                None,
                allowing(DirectUse::Allowed, ExternalIds::Required),
                "S3_REQUIRE_EXTERNAL_ID_FOR_SYSTEM_CREDENTIALS",
            ),
        ];
        for (fields, external_id, policy, expected) in table {
            let said = refusal(
                fields,
                &credential("aws-system-identity", external_id),
                policy,
            );
            assert!(said.contains(expected), "{fields} {policy:?}: {said}");
        }
    }

    #[test]
    fn vending_on_aws_needs_a_role() {
        for kind in ["access-key", "aws-system-identity"] {
            let lax = allowing(DirectUse::Allowed, ExternalIds::Optional);
            let said = refusal(&json!({}), &credential(kind, None), lax);
            assert!(said.starts_with("`sts-role-arn` is missing"), "{said}");
            let compatible = json!({"flavor": "s3-compat", "endpoint": "http://minio"});
            assert_eq!(
                refusal(&compatible, &credential(kind, None), lax),
                "allowed"
            );
        }
    }

    #[test]
    fn r2_and_oss_fix_what_they_leave_no_choice_in() {
        let fields = json!({"endpoint": "https://x.example.com", "sts-enabled": false, "assume-role-arn": ROLE});
        let sure = |kind| {
            let credential = credential(kind, None);
            assert_eq!(refusal(&fields, &credential, Policy::default()), "allowed");
            match profile(&fields).adjusted_for(Some(&credential)) {
                StorageProfile::S3(s3) => s3,
                other => panic!("{other:?}"),
            }
        };
        let (r2, oss) = (sure("cloudflare-r2"), sure("aliyun-oss"));
        assert!(r2.is_sts_enabled() && oss.is_sts_enabled());
        assert_eq!(
            (r2.flavor(), oss.flavor()),
            (S3Flavor::S3Compat, S3Flavor::S3Compat)
        );
        assert_eq!(
            (r2.assume_role_arn(), oss.sts_role_arn()),
            (None, Some(ROLE))
        );
    }

    #[test]
    fn r2_and_oss_name_what_is_missing() {
        let endpoint = "https://x.example.com";
        let table = [
            ("cloudflare-r2", json!({}), "`endpoint` is missing"),
            ("aliyun-oss", json!({}), "`endpoint` is missing"),
            (
                "aliyun-oss",
                json!({"endpoint": endpoint}),
                "`sts-role-arn` is missing",
            ),
            (
                "aliyun-oss",
                json!({"endpoint": endpoint, "path-style-access": true, "sts-role-arn": ROLE}),
                "`path-style-access` is `true`",
            ),
        ];
        for (kind, fields, expected) in table {
            let said = refusal(&fields, &credential(kind, None), Policy::default());
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
