//! Creates the configured admission gates.

use std::sync::Arc;

use admission::{AdmissionGate, EnforceConfig, EnforceGate};
use outbound::read_roots;

use crate::Error;
use crate::config::AdmissionSettings;

/// The configured gates. Creating a gate does not contact its service.
pub(crate) fn gates(
    settings: Option<&AdmissionSettings>,
) -> Result<Vec<Arc<dyn AdmissionGate>>, Error> {
    let Some(settings) = settings else {
        return Ok(Vec::new());
    };
    let roots = settings.root_certificates.as_deref().map(read_roots);
    let gate = EnforceGate::new(EnforceConfig {
        endpoint: settings.endpoint.0.clone(),
        idp_id: settings.idp_id.clone(),
        checks: settings.checks.clone(),
        headers: settings.headers.0.clone(),
        relay: settings.relay,
        roots: roots
            .transpose()
            .map_err(|error| Error::Gate(error.to_string()))?,
        cache_life: settings.cache_life,
        cache_entries: settings.cache_entries,
        timeout: settings.timeout,
        connect_timeout: settings.connect_timeout,
        retry_after: settings.retry_after,
    });
    let gate = gate.map_err(|error| Error::Gate(error.to_string()))?;
    Ok(vec![Arc::new(gate)])
}
