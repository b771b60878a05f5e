//! Bootstraps the installation: its first administrator and default project.

use authz::{Action, ServerAction};
use model::{Privilege, Securable};
use store::{Effects, ProjectRow, StoreError};

use super::ServerTarget;
use crate::user::{Existing, NewUser};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, user};

/// The privilege of the caller who bootstraps the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Administrator of the server, who sees no data without further grants.
    ByAdmin,
    /// Operator, who may do everything: for a program that operates the installation.
    ByOperator,
}

/// Accepts the terms of use and creates the default project. Works once. A caller with an identity is registered as
/// the user that `said` describes, and gets the first grants.
pub async fn bootstrap(
    cx: &Catalog,
    request: &Request,
    said: NewUser,
    operation: Operation,
) -> Result<()> {
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
        user::provision(cx, &caller, said, Existing::Updated).await?;
    }
    let now = cx.now();
    let default_project = cx.settings.default_project.clone().map(|id| ProjectRow {
        id,
        name: "Default Project".to_owned(),
        created_at: now,
    });
    let first = match operation {
        Operation::ByAdmin => Privilege::Admin,
        Operation::ByOperator => Privilege::Operator,
    };
    let mut grants = request.creators_grant(Securable::Server, first);
    if let Some(project) = &default_project {
        let on = Securable::Project(project.id.clone());
        grants.extend(request.creators_grant(on, Privilege::ProjectAdmin));
    }
    let effects = Effects {
        grants,
        ..Effects::none()
    };
    let done = cx
        .store(&server)
        .server_bootstrap(now, default_project, effects)
        .await;
    done.map_err(|error| match error {
        StoreError::AlreadyExists(_) => CatalogError::new(
            ErrorKind::AlreadyBootstrapped,
            "the catalog has been bootstrapped already; should nobody have administrator rights, its operator can open it again with \
             `lakekeeper reopen-bootstrap --yes`",
        ),
        other => other.into(),
    })
}
