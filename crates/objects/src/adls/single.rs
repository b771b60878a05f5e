//! Deletion of single files: `object_store` has only deletion in batches, which not every service supports and which
//! hides why a file was refused.

use std::error::Error as _;

use object_store::ClientOptions;
use object_store::azure::{AzureAuthorizer, MicrosoftAzure};
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpRequestBody};
use object_store::path::Path;
use reqwest::Method;
use url::Url;

use super::classify;
use crate::connection::Pool;
use crate::error::{ObjectError, StoreFailure};
use crate::location::Location;
use crate::open::OpenError;
use crate::profile::Lake;

/// Sends requests for single files.
pub(super) struct Singly {
    http: HttpClient,
    account: String,
    /// URL of the filesystem.
    url: Url,
}

impl Singly {
    pub(super) fn new(lake: &Lake, pool: &Pool) -> Result<Self, OpenError> {
        let url = format!("{}/{}", lake.blob_endpoint(), lake.filesystem);
        Ok(Self {
            http: pool
                .connect(&ClientOptions::default())
                .map_err(|e| OpenError::Failed(e.to_string()))?,
            account: lake.account.clone(),
            url: Url::parse(&url).map_err(|e| OpenError::Failed(e.to_string()))?,
        })
    }

    /// Deletes the file, or the empty folder, at `path`. A file that does not exist and a folder that is not empty
    /// are no errors. `at` is for messages.
    pub(super) async fn delete(
        &self,
        store: &MicrosoftAzure,
        path: &Path,
        at: &Location,
    ) -> Result<(), ObjectError> {
        let request = self.request(store, path, at).await?;
        let response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(e) => return Err(ObjectError::unavailable(at, causes(&e))),
        };
        let status = response.status().as_u16();
        let code = response
            .headers()
            .get("x-ms-error-code")
            .and_then(|code| code.to_str().ok())
            .map(str::to_owned);
        outcome(status, code, at)
    }

    async fn request(
        &self,
        store: &MicrosoftAzure,
        path: &Path,
        at: &Location,
    ) -> Result<HttpRequest, ObjectError> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.as_ref().split('/'));
        }
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = Method::DELETE;
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| ObjectError::invalid(at, "it has no URL"))?;
        let credential = store
            .credentials()
            .get_credential()
            .await
            .map_err(|e| classify::error(at, &e))?;
        AzureAuthorizer::new(&credential, &self.account)
            .try_authorize(&mut request)
            .map_err(|e| classify::error(at, &e))?;
        Ok(request)
    }
}

/// The outcome of a deletion by its answer.
fn outcome(status: u16, code: Option<String>, at: &Location) -> Result<(), ObjectError> {
    let name = code.as_deref().unwrap_or_default();
    match (status, name) {
        (200..300, _) | (409, "DirectoryIsNotEmpty") => return Ok(()),
        (404, name) if name != "ContainerNotFound" => return Ok(()),
        _ => {}
    }
    let location = at.clone();
    let source = Box::new(StoreFailure {
        status: Some(status),
        code,
        message: "the store refused the deletion".to_owned(),
    });
    Err(match status {
        401 | 403 => ObjectError::PermissionDenied { location, source },
        408 | 429 | 500.. => ObjectError::Unavailable { location, source },
        _ => ObjectError::Invalid { location, source },
    })
}

fn causes(error: &HttpError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        cause = current.source();
        if cause.is_none() {
            text = format!("{text}: {current}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood_by_status_and_code() {
        let at = Location::parse("abfss://lake@account1.dfs.core.windows.net/x").unwrap();
        let outcome = |status, code: &str| outcome(status, Some(code.to_owned()), &at);
        assert!(outcome(202, "").is_ok());
        assert!(outcome(404, "BlobNotFound").is_ok());
        assert!(outcome(409, "DirectoryIsNotEmpty").is_ok());
        let error = outcome(404, "ContainerNotFound").unwrap_err();
        assert!(matches!(error, ObjectError::Invalid { .. }), "{error:?}");
        let error = outcome(403, "AuthorizationFailure").unwrap_err();
        assert!(
            matches!(error, ObjectError::PermissionDenied { .. }),
            "{error:?}"
        );
        assert_eq!(
            error.report(),
            format!(
                "access to `{at}` was denied: the store refused the deletion (403 AuthorizationFailure)"
            )
        );
        let error = outcome(503, "ServerBusy").unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        let error = outcome(412, "LeaseIdMissing").unwrap_err();
        assert!(matches!(error, ObjectError::Invalid { .. }), "{error:?}");
    }
}
