//! Information about the installation.

use model::{ProjectId, ServerId};

use crate::{Catalog, Result};

/// Public information about the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerView {
    /// Its id.
    pub id: ServerId,
    /// Whether the terms of use have been accepted.
    pub is_bootstrapped: bool,
    /// The project of requests that name none.
    pub default_project: Option<ProjectId>,
    /// The name of the authorizer.
    pub authorizer: &'static str,
}

/// Returns public information about the installation. Needs no permission.
pub async fn info(cx: &Catalog) -> Result<ServerView> {
    let row = cx.lookup().server_load().await?;
    Ok(ServerView {
        id: row.id,
        is_bootstrapped: row.bootstrapped_at.is_some(),
        default_project: cx.settings.default_project.clone(),
        authorizer: cx.authorizer_name(),
    })
}
