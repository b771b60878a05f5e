//! OpenFGA as the authorizer: preparing its store, reconciling it with the database, connecting to it.

use std::sync::Arc;

use authz::Authorizer;
use authz_openfga::{Drift, OpenFgaConfig, Report};
use store::Store;

use crate::config::Config;
use crate::{Error, app, backend};

/// Creates or updates OpenFGA's store and model, if OpenFGA is the configured authorizer. The database must have been
/// migrated.
pub async fn migrate(config: &Config) -> Result<(), Error> {
    let Some(openfga) = config.authorization.engine.openfga() else {
        return Ok(());
    };
    app::install_tls();
    let store = open(config).await?;
    openfga.migrate(store.as_ref()).await?;
    tracing::info!(store = openfga.store, "OpenFGA is up to date");
    Ok(())
}

/// Compares OpenFGA with the database, and repairs differences as `drift` says.
pub async fn reconcile(config: &Config, drift: Drift) -> Result<Report, Error> {
    let openfga = config.authorization.engine.openfga();
    let openfga = openfga.ok_or(Error::NotConfigured("OpenFGA (LAKEKEEPER__AUTHZ_BACKEND)"))?;
    app::install_tls();
    let store = open(config).await?;
    Ok(openfga.reconcile(store.as_ref(), drift).await?)
}

/// The authorizer that asks OpenFGA.
pub(crate) async fn connect(
    config: &OpenFgaConfig,
    store: &Arc<dyn Store>,
) -> Result<Arc<dyn Authorizer>, Error> {
    Ok(Arc::new(config.connect(Arc::clone(store)).await?))
}

/// Stops recording changes for OpenFGA, because another authorizer is configured now.
pub(crate) async fn stop_mirroring(store: &dyn Store) -> Result<(), Error> {
    if store.mirror_is_on().await? {
        store.mirror_switch_off().await?;
        tracing::warn!(
            "another engine decides than OpenFGA: before OpenFGA does so again, run `lakekeeper migrate`"
        );
    }
    Ok(())
}

async fn open(config: &Config) -> Result<Arc<dyn Store>, Error> {
    backend::open(config.required_database()?).await
}
