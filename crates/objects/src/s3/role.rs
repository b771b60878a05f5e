//! Keys of a role, for the server's own access to a bucket.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;

use super::sts::{AssumeRole, Sts};
use crate::renewed::{Fresh, Renewed};
use crate::token::TokenFailure;

const SESSION_NAME: &str = "lakekeeper";
/// Longest session that every role allows unless it is configured otherwise.
const SESSION_DURATION: Duration = Duration::from_hours(1);
/// New keys are requested this long before the old ones expire.
const REFRESH_BEFORE: Duration = Duration::from_mins(5);
/// Assumes a role and keeps its keys fresh; concurrent callers share one request to the token service.
pub(super) struct AssumedRole {
    sts: Sts,
    role_arn: String,
    keys: Renewed<AwsCredential>,
}

impl AssumedRole {
    pub(super) fn new(sts: Sts, role_arn: &str) -> Self {
        Self {
            sts,
            role_arn: role_arn.to_owned(),
            keys: Renewed::new("the keys of a role"),
        }
    }

    async fn take(&self) -> Result<Fresh<AwsCredential>, TokenFailure> {
        let asked = AssumeRole {
            role_arn: Some(&self.role_arn),
            session_name: SESSION_NAME,
            duration: SESSION_DURATION,
            ..AssumeRole::default()
        };
        let session = self.sts.assume_role(&asked).await?;
        let (keys, expires_at) = (session.to_credential(), session.expires_at);
        Ok(Fresh::new(keys, expires_at, |life| {
            life.saturating_sub(REFRESH_BEFORE)
        }))
    }
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssumedRole({})", self.role_arn)
    }
}

#[async_trait]
impl CredentialProvider for AssumedRole {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let keys = self.keys.get(async || self.take().await).await;
        keys.map_err(|failure| object_store::Error::Generic {
            store: "S3",
            source: Box::new(failure),
        })
    }
}
