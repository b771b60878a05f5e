//! Logs at the start what is left to do before the catalog can be used.

use crate::{Error, Lakekeeper};

/// Logs that the catalog has to be bootstrapped, if it has to be.
pub(crate) async fn log(lakekeeper: &Lakekeeper) -> Result<(), Error> {
    let server = catalog::server::info(lakekeeper.catalog()).await?;
    if !server.is_bootstrapped {
        tracing::info!("the catalog is not bootstrapped: call POST /management/v1/bootstrap");
    }
    Ok(())
}
