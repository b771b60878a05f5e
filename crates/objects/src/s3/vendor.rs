//! Vends access to one folder of a bucket.

#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;

use super::aliyun::Aliyun;
use super::policy;
use super::r2::R2;
use super::session::Session;
use super::sts::{AssumeRole, Sts};
use crate::credential::S3Credential;
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::{S3Flavor, S3Profile};
use crate::token::TokenFailure;
use crate::vend::{Scope, VendError, Vended, Vendor};

/// Name of the engines' sessions in the account's audit log.
pub(super) const SESSION_NAME: &str = "lakekeeper-sts";

/// The request for an engine's session, which the policy limits to a part of the role's rights.
pub(super) fn for_engine<'a>(profile: &'a S3Profile, policy: &'a str) -> AssumeRole<'a> {
    AssumeRole {
        role_arn: profile.sts_role_arn(),
        session_name: SESSION_NAME,
        duration: Duration::from_secs(profile.sts_token_validity_seconds()),
        policy: Some(policy),
        tags: Some(profile.sts_session_tags()),
    }
}

/// Vends access to one warehouse's bucket.
#[derive(Debug)]
pub(crate) struct S3Vendor {
    profile: S3Profile,
    base: Location,
    tokens: Tokens,
}

/// The service that issues temporary keys.
#[derive(Debug)]
enum Tokens {
    Sts(Sts),
    R2(R2),
    Aliyun(Aliyun),
}

impl S3Vendor {
    /// `None` if the profile does not vend access.
    pub(crate) fn open(
        profile: &S3Profile,
        credential: &S3Credential,
    ) -> Result<Option<Self>, OpenError> {
        let tokens = match credential {
            S3Credential::CloudflareR2 {
                account_id,
                key,
                token,
            } => Tokens::R2(R2::open(account_id, key, token)?),
            S3Credential::AliyunOss { key, external_id } => {
                Tokens::Aliyun(Aliyun::open(profile, key, external_id.as_ref())?)
            }
            S3Credential::AccessKey { .. } | S3Credential::AwsSystemIdentity { .. } => {
                if !profile.is_sts_enabled() {
                    return Ok(None);
                }
                if profile.flavor() == S3Flavor::Aws && profile.sts_role_arn().is_none() {
                    let message = "with `sts-enabled` and the flavor `aws`, `sts-role-arn` or `assume-role-arn` is required";
                    return Err(OpenError::Failed(message.to_owned()));
                }
                Tokens::Sts(Sts::open(profile, credential)?)
            }
        };
        Ok(Some(Self::of(profile, tokens)))
    }

    fn of(profile: &S3Profile, tokens: Tokens) -> Self {
        Self {
            base: profile.base_location(),
            profile: profile.clone(),
            tokens,
        }
    }

    fn confine(&self, folder: &Location) -> Result<(), TokenFailure> {
        if folder.scheme().canonical() == Scheme::S3 && folder.is_within(&self.base) {
            return Ok(());
        }
        let message = format!("it is outside of the warehouse's base `{}`", self.base);
        Err(TokenFailure::refused(message))
    }

    async fn session(&self, scope: &Scope) -> Result<Session, TokenFailure> {
        self.confine(&scope.folder)?;
        let refused = |e: policy::PolicyProblem| TokenFailure::refused(e.to_string());
        let duration = Duration::from_secs(self.profile.sts_token_validity_seconds());
        let bucket = self.profile.bucket();
        match &self.tokens {
            Tokens::Sts(sts) => {
                let policy = policy::of_aws(&self.profile, scope).map_err(refused)?;
                sts.assume_role(&for_engine(&self.profile, &policy)).await
            }
            Tokens::R2(r2) => r2.session(bucket, scope, duration).await,
            Tokens::Aliyun(aliyun) => {
                let policy = policy::of_aliyun(&self.profile, scope).map_err(refused)?;
                aliyun.assume_role(&policy, duration).await
            }
        }
    }
}

#[async_trait]
impl Vendor for S3Vendor {
    async fn vend(&self, scope: &Scope) -> Result<Vended, VendError> {
        let session = self.session(scope).await;
        let session = session.map_err(|failure| failure.into_vend_error(&scope.folder))?;
        Ok(session.into_vended(scope))
    }
}
