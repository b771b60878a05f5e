//! Creates the configured contract verifiers.

use std::sync::Arc;

use approval::{ContractVerification, FailurePolicy, HttpVerifier, HttpVerifierConfig};
use axum::http::{HeaderValue, header};
use model::Clock;
use outbound::read_roots;

use crate::Error;
use crate::config::{OnFailure, VerifierSettings};

/// The configured verifiers. Creating one does not contact its service, so the server starts even if a service is
/// down.
pub(crate) fn verifiers(
    all: &[VerifierSettings],
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn ContractVerification>>, Error> {
    let mut made: Vec<Arc<dyn ContractVerification>> = Vec::new();
    for settings in all {
        let unusable = |why: String| Error::Verifier(settings.name.clone(), why);
        made.push(Arc::new(by_http(settings, clock).map_err(unusable)?));
    }
    Ok(made)
}

fn by_http(settings: &VerifierSettings, clock: &Arc<dyn Clock>) -> Result<HttpVerifier, String> {
    let mut headers = settings.headers.0.clone();
    if let Some(token) = &settings.token {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let value = value.map_err(|_| "its token cannot be in a header".to_owned())?;
        headers.insert(header::AUTHORIZATION, value);
    }
    let roots = settings.root_certificates.as_deref().map(read_roots);
    let config = HttpVerifierConfig {
        name: settings.name.clone(),
        url: settings.url.0.clone(),
        headers,
        signature: settings.signature.clone(),
        roots: roots.transpose().map_err(|error| error.to_string())?,
        timeout: settings.timeout,
        on_failure: match settings.on_failure {
            OnFailure::Deny => FailurePolicy::Closed,
            OnFailure::Allow => FailurePolicy::Open,
        },
        max_concurrent: settings.max_concurrent as usize,
        max_request_bytes: usize::try_from(settings.max_request).unwrap_or(usize::MAX),
    };
    let verifier = HttpVerifier::new(config, Arc::clone(clock));
    verifier.map_err(|error| error.to_string())
}
