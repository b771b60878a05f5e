//! Creates the configured identity providers.

use std::sync::Arc;
use std::time::Duration;

use authn::kubernetes::Kubernetes;
use authn::{Authenticator, OidcProvider, ProviderUnavailable, Providers};
use model::Clock;

use crate::Error;
use crate::config::{Authentication, Connect};

/// How often to try to connect to a provider that is required at start, and the pause between two tries.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// The configured identity providers; `None` if there are none. Those that are required at start are connected here.
pub(crate) async fn providers(
    config: &Authentication,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn Authenticator>>, Error> {
    if !config.is_configured() {
        return Ok(None);
    }
    let mut oidc = Vec::new();
    for one in &config.oidc {
        let provider = OidcProvider::new(one.provider.clone())?;
        if one.connect == Connect::AtStart {
            connect(&provider).await?;
        }
        oidc.push(provider);
    }
    let kubernetes = match &config.kubernetes {
        Some(cluster) => Some(Kubernetes::new(cluster.clone()).await?),
        None => None,
    };
    let providers = Providers::new(oidc, kubernetes, Arc::clone(clock));
    Ok(Some(Arc::new(providers)))
}

async fn connect(provider: &OidcProvider) -> Result<(), ProviderUnavailable> {
    for _ in 1..TRIES {
        match provider.connect().await {
            Ok(()) => return Ok(()),
            Err(error) => tracing::warn!(provider = provider.id(), %error, "trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    provider.connect().await
}
