//! Logs at the start which steps are missing before the catalog can be used.

use model::{PageRequest, Privilege, Securable};

use crate::{Error, Lakekeeper};

/// Logs that the catalog has to be bootstrapped, or bootstrapped again because it has no administrator.
pub(crate) async fn log(lakekeeper: &Lakekeeper) -> Result<(), Error> {
    let server = catalog::server::info(lakekeeper.catalog()).await?;
    if !server.is_bootstrapped {
        tracing::info!("the catalog is not bootstrapped: call POST /management/v1/bootstrap");
    } else if lakekeeper.needs_grants
        && lakekeeper.authenticator.is_some()
        && !has_administrator(lakekeeper).await?
    {
        tracing::warn!(
            "nobody has administrator rights: run `lakekeeper reopen-bootstrap --yes`; whoever calls POST /management/v1/bootstrap first \
             after that becomes the administrator"
        );
    }
    Ok(())
}

/// Whether the configuration or a grant makes anybody administrator. A server has few grants, so one page holds them.
async fn has_administrator(lakekeeper: &Lakekeeper) -> Result<bool, Error> {
    if !lakekeeper.config.authorization.instance_admins.is_empty() {
        return Ok(true);
    }
    let grants = lakekeeper
        .store
        .grants_on(&Securable::Server, None, PageRequest::FIRST)
        .await?;
    let mut given = grants.items.iter().map(|row| row.grant.privilege);
    Ok(given.any(|privilege| matches!(privilege, Privilege::Admin | Privilege::Operator)))
}
