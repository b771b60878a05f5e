//! The server's own requests to AWS services other than S3, and to services that speak their protocols.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::client::HttpRequest;
use reqwest::{Body, Request};
use tokio::time::timeout;

use crate::classify;
use crate::token::TokenFailure;

/// Limit for finding the identity: machines outside AWS have no metadata service, and some networks never answer.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(10);

/// The identity's current key.
pub(super) async fn key(
    identity: &AwsCredentialProvider,
) -> Result<Arc<AwsCredential>, TokenFailure> {
    let found = timeout(IDENTITY_TIMEOUT, identity.get_credential()).await;
    found
        .map_err(|_| TokenFailure::unavailable("the server's own identity was not found in time"))?
        .map_err(|e| TokenFailure::unavailable(classify::text(&e)))
}

/// Signs a request, whose body is in memory, for a service in a region.
pub(super) fn sign(
    request: &mut Request,
    key: &AwsCredential,
    service: &str,
    region: &str,
) -> Result<(), TokenFailure> {
    let failed = |e: String| TokenFailure::refused(format!("the request cannot be signed: {e}"));
    let body = request.body().and_then(Body::as_bytes).unwrap_or_default();
    let mut to_sign = HttpRequest::new(body.to_vec().into());
    request.method().clone_into(to_sign.method_mut());
    let uri = request.url().as_str().parse();
    *to_sign.uri_mut() = uri.map_err(|_| failed("its address".to_owned()))?;
    *to_sign.headers_mut() = std::mem::take(request.headers_mut());
    AwsAuthorizer::new(key, service, region)
        .try_authorize(&mut to_sign, None)
        .map_err(|e| failed(classify::text(&e)))?;
    *request.headers_mut() = std::mem::take(to_sign.headers_mut());
    Ok(())
}
