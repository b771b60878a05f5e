//! Makes the installation usable.

use authz::{Action, ServerAction};
use store::{Effects, ProjectRow, StoreError};

use super::ServerTarget;
use crate::user::{Existing, NewUser};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, user};

/// Accepts the terms of use and creates the default project. Works once. The caller, if it is somebody, is known from then
/// on as it says.
pub async fn bootstrap(cx: &Catalog, request: &Request, said: NewUser) -> Result<()> {
    let server = cx
        .require(
            request,
            Action::Server(ServerAction::Bootstrap),
            ServerTarget,
        )
        .await?;
    if cx.lookup().server_load().await?.bootstrapped_at.is_none()
        && let Some(caller) = cx.of_self(request)
    {
        user::provision(cx, &caller, (said, Existing::Updated)).await?;
    }
    let now = cx.now();
    let default_project = cx.settings.default_project.clone().map(|id| ProjectRow {
        id,
        name: "Default Project".to_owned(),
        created_at: now,
    });
    let done = cx
        .store(&server)
        .server_bootstrap(now, default_project, Effects::none())
        .await;
    done.map_err(|error| match error {
        StoreError::AlreadyExists(_) => CatalogError::new(
            ErrorKind::AlreadyBootstrapped,
            "the catalog has been bootstrapped already",
        ),
        other => other.into(),
    })
}
