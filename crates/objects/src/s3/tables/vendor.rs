//! Vends access to one table of a table bucket.

use async_trait::async_trait;

use super::S3Tables;
use crate::profile::S3Flavor;
use crate::s3::policy::{self, PolicyProblem};
use crate::s3::session::Session;
use crate::s3::vendor::for_engine;
use crate::table_bucket::BucketTable;
use crate::token::TokenFailure;
use crate::vend::{Scope, VendError, Vended, Vendor};

/// Vends access to the files of one table.
#[derive(Debug)]
pub(super) struct TableVendor {
    tables: S3Tables,
    table: BucketTable,
}

impl TableVendor {
    pub(super) const fn new(tables: S3Tables, table: BucketTable) -> Self {
        Self { tables, table }
    }

    async fn session(&self, scope: &Scope) -> Result<Session, TokenFailure> {
        let bucket = &self.tables.0;
        let sts = bucket.sts.as_ref();
        let sts = sts.ok_or_else(|| TokenFailure::refused("`sts-enabled` is off"))?;
        let files = bucket.profile.files_in(scope.folder.bucket());
        let refused = |e: PolicyProblem| TokenFailure::refused(e.to_string());
        let policy = match bucket.profile.flavor() {
            // AWS's policies name tables by their IDs, not by their locations.
            S3Flavor::Aws => {
                let arn = self.arn(scope).await?;
                let key = bucket.profile.aws_kms_key_arn();
                policy::of_table(&arn, scope.permission, key)
            }
            S3Flavor::S3Compat => policy::of_aws(&files, scope),
        };
        let policy = policy.map_err(refused)?;
        sts.assume_role(&for_engine(&files, &policy)).await
    }

    /// The ARN of the table, if the table is still in the folder.
    async fn arn(&self, scope: &Scope) -> Result<String, TokenFailure> {
        let now = self.tables.state(&self.table).await?;
        if now.location == scope.folder {
            return Ok(now.arn);
        }
        let message = format!(
            "table `{}` of the table bucket is at `{}`",
            self.table, now.location
        );
        Err(TokenFailure::refused(message))
    }
}

#[async_trait]
impl Vendor for TableVendor {
    async fn vend(&self, scope: &Scope) -> Result<Vended, VendError> {
        let session = self.session(scope).await;
        let session = session.map_err(|failure| failure.into_vend_error(&scope.folder))?;
        Ok(session.into_vended(scope))
    }
}
