//! Passes the configuration to the HTTP API.

use std::sync::Arc;

use admission::AdmissionGate;
use authn::Authenticator;
use catalog::Catalog;
use http_api::{ApiService, App, HttpSettings, PurgeDefault};
use tokio_util::task::TaskTracker;

use crate::config::Config;

/// The service of the catalog API, the management API and `/health`.
pub(crate) fn service(
    config: &Config,
    catalog: &Arc<Catalog>,
    authenticator: Option<Arc<dyn Authenticator>>,
    gates: Vec<Arc<dyn AdmissionGate>>,
    changes: TaskTracker,
) -> ApiService {
    let app = App::new(Arc::clone(catalog), settings(config)).with_change_tracker(changes);
    http_api::service(&app.authenticated_by(authenticator).admitted_by(gates))
}

fn settings(config: &Config) -> HttpSettings {
    let (addresses, requests) = (&config.addresses, &config.requests);
    HttpSettings {
        base_uri: addresses.base_uri.clone(),
        trusts_forwarded_headers: addresses.use_x_forwarded_headers,
        max_body_bytes: usize::try_from(requests.max_body).unwrap_or(usize::MAX),
        max_request_time: requests.max_time,
        page_size_default: u64::from(requests.page_default),
        page_size_max: u64::from(requests.page_max),
        purge_default: if requests.purge_by_default {
            PurgeDefault::Purge
        } else {
            PurgeDefault::Keep
        },
        allow_origin: addresses.allow_origin.clone().unwrap_or_default(),
        serves_swagger_ui: addresses.serve_swagger_ui,
        answer_cache_bytes: config.resources.metadata_cache / 3,
        ..HttpSettings::default()
    }
}
