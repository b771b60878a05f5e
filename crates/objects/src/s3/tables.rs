//! The API of S3 Tables, as AWS and SeaweedFS have it.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_S3_Tables.html>. SeaweedFS has neither
//! `UpdateTableMetadataLocation` nor AWS's `RenameTable`: it has `UpdateTable` and a `RenameTable` of its own, both
//! named in the header `X-Amz-Target`.

mod files;
#[cfg(test)]
mod tests;
mod vendor;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sigv4::{canonical_query, encode_segment};
use super::sts::Sts;
use super::{identity, request};
use crate::connection::Transport;
use crate::credential::S3Credential;
use crate::error::StoreFailure;
use crate::location::Location;
use crate::open::OpenError;
use crate::profile::{Partition, S3Flavor, S3TablesProfile};
use crate::table_bucket::{
    BucketTable, BucketTableState, TableBucket, TableBucketError, VersionToken,
};
use crate::token::{Answer, TokenFailure, TokenService};
use crate::vend::Vendor;

pub(crate) use files::TableFiles;
use vendor::TableVendor;

/// Name of the service in signatures.
const SERVICE: &str = "s3tables";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const MAX_NAME_BYTES: usize = 255;

/// One table bucket.
#[derive(Clone)]
pub(crate) struct S3Tables(Arc<Bucket>);

struct Bucket {
    profile: S3TablesProfile,
    service: TokenService,
    /// URL of the service, without a slash at its end.
    url: String,
    identity: AwsCredentialProvider,
    /// Issues sessions for engines; `None` if the profile does not vend access.
    sts: Option<Sts>,
}

/// A request before it is signed.
struct Call {
    method: Method,
    /// Path and query.
    path: String,
    /// The operation, if it is one of SeaweedFS's own.
    target: Option<&'static str>,
    body: Option<Value>,
}

impl Call {
    fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            target: None,
            body: None,
        }
    }

    fn with(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }

    fn of_target(target: &'static str, body: Value) -> Self {
        Self {
            method: Method::POST,
            path: "/".to_owned(),
            target: Some(target),
            body: Some(body),
        }
    }
}

/// The answer to `GetTable`. SeaweedFS sends no `warehouseLocation`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    #[serde(rename = "tableARN")]
    arn: String,
    version_token: String,
    warehouse_location: Option<String>,
    metadata_location: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: Option<String>,
    message: Option<String>,
}

impl S3Tables {
    pub(crate) fn open(
        profile: &S3TablesProfile,
        credential: &S3Credential,
    ) -> Result<Self, OpenError> {
        let failed = |e: reqwest::Error| OpenError::Failed(format!("the table bucket: {e}"));
        let files = profile.files_in(profile.bucket());
        let url = address(profile);
        let sts = profile.is_sts_enabled();
        let sts = sts.then(|| Sts::open(&files, credential));
        Ok(Self(Arc::new(Bucket {
            profile: profile.clone(),
            service: TokenService::new(Transport::of(&url)).map_err(failed)?,
            url,
            identity: identity::of_server(&files, credential)?,
            sts: sts.transpose()?,
        })))
    }

    /// The path of a resource in the bucket.
    fn path(&self, kind: &str, below: &[&str]) -> String {
        let mut path = format!(
            "/{kind}/{}",
            encode_segment(self.0.profile.table_bucket_arn())
        );
        for segment in below {
            path.push('/');
            path.push_str(&encode_segment(segment));
        }
        path
    }

    fn table_path(&self, table: &BucketTable, then: &[&str]) -> String {
        let names = [table.namespace.as_str(), table.name.as_str()];
        self.path("tables", &[&names, then].concat())
    }

    fn signed(&self, key: &AwsCredential, call: &Call) -> Result<Request, TokenFailure> {
        let refused = |e: url::ParseError| TokenFailure::refused(e.to_string());
        let url = Url::parse(&format!("{}{}", self.0.url, call.path)).map_err(refused)?;
        let mut request = Request::new(call.method.clone(), url);
        if let Some(body) = &call.body {
            *request.body_mut() = Some(body.to_string().into());
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        if let Some(target) = call.target {
            let target = HeaderValue::from_static(target);
            request.headers_mut().insert(TARGET, target);
        }
        request::sign(&mut request, key, SERVICE, self.0.profile.region())?;
        Ok(request)
    }

    /// Repeats the call until it is answered, or attempts or time run out: only for calls that may be repeated.
    async fn ask(&self, call: Call) -> Result<Vec<u8>, TokenFailure> {
        let key = request::key(&self.0.identity).await?;
        self.0.service.ask(|| self.signed(&key, &call), read).await
    }

    async fn state(&self, table: &BucketTable) -> Result<BucketTableState, TokenFailure> {
        let query = canonical_query([
            ("tableBucketARN", self.0.profile.table_bucket_arn()),
            ("namespace", &table.namespace),
            ("name", &table.name),
        ]);
        let answer = self
            .ask(Call::new(Method::GET, format!("/get-table?{query}")))
            .await?;
        let unreadable =
            |e: String| TokenFailure::unavailable(format!("its answer to `GetTable`: {e}"));
        let found: Table =
            serde_json::from_slice(&answer).map_err(|e| unreadable(e.to_string()))?;
        let metadata_location = found.metadata_location.filter(|at| !at.is_empty());
        let location = match (&found.warehouse_location, &metadata_location) {
            (Some(location), _) => location.clone(),
            // A renamed table stays where it was created.
            (None, Some(file)) => {
                let folder = file.rsplit_once("/metadata/");
                folder
                    .map_or(file.as_str(), |(folder, _)| folder)
                    .to_owned()
            }
            (None, None) => {
                let BucketTable { namespace, name } = table;
                format!("s3://{}/{namespace}/{name}", self.0.profile.bucket())
            }
        };
        let location = Location::parse(&location).map_err(|e| unreadable(e.to_string()))?;
        let within = self.0.profile.check_location(&location);
        within.map_err(|e| unreadable(e.to_string()))?;
        Ok(BucketTableState {
            location,
            metadata_location,
            token: VersionToken(found.version_token),
            arn: found.arn,
        })
    }

    fn publication(&self, table: &BucketTable, token: &VersionToken, file: &str) -> Call {
        let VersionToken(token) = token;
        match self.0.profile.flavor() {
            S3Flavor::Aws => Call::new(Method::PUT, self.table_path(table, &["metadata-location"]))
                .with(json!({ "versionToken": token, "metadataLocation": file })),
            S3Flavor::S3Compat => Call::of_target(
                "S3Tables.UpdateTable",
                json!({
                    "tableBucketARN": self.0.profile.table_bucket_arn(),
                    "namespace": [table.namespace], "name": table.name,
                    "versionToken": token, "metadataLocation": file,
                }),
            ),
        }
    }

    fn renaming(&self, from: &BucketTable, to: &BucketTable) -> Call {
        match self.0.profile.flavor() {
            S3Flavor::Aws => Call::new(Method::PUT, self.table_path(from, &["rename"]))
                .with(json!({ "newNamespaceName": to.namespace, "newName": to.name })),
            S3Flavor::S3Compat => Call::of_target(
                "S3Tables.RenameTable",
                json!({
                    "tableBucketARN": self.0.profile.table_bucket_arn(),
                    "sourceNamespace": [from.namespace], "sourceName": from.name,
                    "destNamespace": [to.namespace], "destName": to.name,
                }),
            ),
        }
    }
}

impl fmt::Debug for S3Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Tables({})", self.0.profile.table_bucket_arn())
    }
}

/// URL of the service: the configured one, or AWS's in the bucket's region.
fn address(profile: &S3TablesProfile) -> String {
    let region = profile.region();
    match profile.endpoint() {
        Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
        None => format!("https://s3tables.{region}.{}", Partition::of(region).domain),
    }
}

fn read(answer: &Answer) -> Result<Vec<u8>, StoreFailure> {
    if answer.is_success() {
        return Ok(answer.body.clone());
    }
    let found = serde_json::from_slice::<Refusal>(&answer.body).ok();
    let (kind, message) = found.map_or((None, None), |found| (found.kind, found.message));
    Err(answer.failure(kind, message.as_deref()))
}

/// Whether a failed request may have been carried out nevertheless. A 503 may come from a proxy in front of the
/// service, and then does not say what the service did; a 429 is a refusal.
fn may_be_done(failure: &TokenFailure) -> bool {
    match failure {
        TokenFailure::Unavailable(_) => true,
        TokenFailure::Throttled { failure, .. } => failure.status.is_some_and(|s| s >= 500),
        TokenFailure::Refused(_) => false,
    }
}

impl From<TokenFailure> for TableBucketError {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Throttled {
                retry_after,
                failure,
            } => Self::Unavailable {
                retry_after,
                source: failure,
            },
            TokenFailure::Unavailable(source) => Self::Unavailable {
                retry_after: None,
                source,
            },
            TokenFailure::Refused(failure) => match failure.status {
                Some(404) => Self::Missing(failure),
                Some(409) => Self::Conflict(failure),
                _ => Self::Refused(failure),
            },
        }
    }
}

/// Counts an error as success if it shows that the request was carried out before.
fn ok_if_already_done(
    outcome: Result<Vec<u8>, TokenFailure>,
    is_done: fn(&TableBucketError) -> bool,
) -> Result<(), TableBucketError> {
    match outcome.map_err(TableBucketError::from) {
        Err(error) if !is_done(&error) => Err(error),
        _ => Ok(()),
    }
}

#[async_trait]
impl TableBucket for S3Tables {
    fn check_name(&self, name: &str) -> Result<(), TableBucketError> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let rule = match self.0.profile.flavor() {
            _ if name.len() > MAX_NAME_BYTES => "must have at most 255 characters",
            _ if !name.starts_with(is_plain) => "must begin with a lower case letter or a digit",
            S3Flavor::Aws if !name.chars().all(|c| is_plain(c) || c == '_') => {
                "may only have lower case letters, digits and `_`"
            }
            S3Flavor::S3Compat if !name.chars().all(|c| is_plain(c) || matches!(c, '_' | '-')) => {
                "may only have lower case letters, digits, `_` and `-`"
            }
            _ => return Ok(()),
        };
        let name = crate::location::shortened(name);
        Err(TableBucketError::Name { name, rule })
    }

    async fn create_namespace(&self, name: &str) -> Result<(), TableBucketError> {
        let call = Call::new(Method::PUT, self.path("namespaces", &[]));
        let outcome = self.ask(call.with(json!({ "namespace": [name] }))).await;
        ok_if_already_done(outcome, |e| matches!(e, TableBucketError::Conflict(_)))
    }

    async fn drop_namespace(&self, name: &str) -> Result<(), TableBucketError> {
        let call = Call::new(Method::DELETE, self.path("namespaces", &[name]));
        let outcome = self.ask(call).await;
        ok_if_already_done(outcome, |e| matches!(e, TableBucketError::Missing(_)))
    }

    async fn create_table(
        &self,
        table: &BucketTable,
    ) -> Result<BucketTableState, TableBucketError> {
        let call = Call::new(Method::PUT, self.path("tables", &[&table.namespace]));
        let call = call.with(json!({ "name": table.name, "format": "ICEBERG" }));
        let outcome = self.ask(call).await;
        ok_if_already_done(outcome, |e| matches!(e, TableBucketError::Conflict(_)))?;
        self.table(table).await
    }

    async fn table(&self, table: &BucketTable) -> Result<BucketTableState, TableBucketError> {
        Ok(self.state(table).await?)
    }

    async fn publish(
        &self,
        table: &BucketTable,
        token: &VersionToken,
        metadata_location: &str,
    ) -> Result<(), TableBucketError> {
        let key = request::key(&self.0.identity).await?;
        let request = self.signed(&key, &self.publication(table, token, metadata_location))?;
        // Only one attempt: if its answer is lost, a second one would be refused because the first one succeeded.
        match self.0.service.attempt(request, read).await {
            Ok(_) => Ok(()),
            Err(failure) if may_be_done(&failure) => match self.state(table).await {
                Ok(now) if now.metadata_location.as_deref() == Some(metadata_location) => Ok(()),
                _ => Err(TableBucketError::OutcomeUnknown(failure.into_failure())),
            },
            Err(refused) => Err(refused.into()),
        }
    }

    async fn rename_table(
        &self,
        from: &BucketTable,
        to: &BucketTable,
    ) -> Result<(), TableBucketError> {
        self.ask(self.renaming(from, to)).await?;
        Ok(())
    }

    async fn drop_table(
        &self,
        table: &BucketTable,
        token: Option<&VersionToken>,
    ) -> Result<(), TableBucketError> {
        let mut path = self.table_path(table, &[]);
        if let Some(VersionToken(token)) = token {
            path = format!(
                "{path}?{}",
                canonical_query([("versionToken", token.as_str())])
            );
        }
        let outcome = self.ask(Call::new(Method::DELETE, path)).await;
        ok_if_already_done(outcome, |e| matches!(e, TableBucketError::Missing(_)))
    }

    fn vendor(&self, table: &BucketTable) -> Option<Arc<dyn Vendor>> {
        self.0.sts.as_ref()?;
        Some(Arc::new(TableVendor::new(self.clone(), table.clone())))
    }
}
