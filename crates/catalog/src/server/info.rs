//! What the installation is.

use model::{ProjectId, ServerId};

use crate::{Catalog, Result};

/// What the installation tells about itself, to anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerView {
    /// Its id.
    pub id: ServerId,
    /// Whether the terms of use have been accepted.
    pub is_bootstrapped: bool,
    /// The project of requests that name none.
    pub default_project: Option<ProjectId>,
    /// Who decides what is allowed.
    pub authorizer: &'static str,
}

/// What the installation tells about itself. Needs no permission.
pub async fn info(cx: &Catalog) -> Result<ServerView> {
    let row = cx.lookup().server_load().await?;
    Ok(ServerView {
        id: row.id,
        is_bootstrapped: row.bootstrapped_at.is_some(),
        default_project: cx.settings.default_project.clone(),
        authorizer: cx.authorizer_name(),
    })
}
