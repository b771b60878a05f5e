//! Users: those who have sent a request or were registered by others.

mod create;
mod drop;
mod list;
mod load;
mod roles;
mod search;
mod update;

pub use create::{Created, Existing, NewUser, UserCreate, create};
pub(crate) use create::{provision, register_if_new};
pub use drop::drop;
pub use list::list;
pub use load::{load, of_caller};
pub use roles::roles;
pub use search::search;
pub use update::{UserUpdate, update};

use authz::{Action, Authorized, Protected, Resource, UserAction};
use model::{Bounds, UserId};
use store::StoreError;

use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// A user as the target of a request.
#[derive(Debug, Clone)]
struct UserTarget(UserId);

impl Protected for UserTarget {
    fn resource(&self) -> Resource {
        Resource::User(self.0.clone())
    }
}

async fn require(
    cx: &Catalog,
    request: &Request,
    id: &UserId,
    action: UserAction,
) -> Result<Authorized<UserTarget>> {
    let target = UserTarget(id.clone());
    cx.require(request, Action::User(action), target).await
}

/// Checks a name or e-mail address: 1 to [`Bounds::USER_TEXT_BYTES`] bytes, and no control characters.
fn check_text(what: &str, text: &str) -> Result<()> {
    let max = Bounds::USER_TEXT_BYTES;
    if !(1..=max).contains(&text.len()) || text.chars().any(char::is_control) {
        return Err(CatalogError::bad_request(format!(
            "the user's {what} must have 1 to {max} bytes and no control character; this one has {} bytes",
            text.len()
        )));
    }
    Ok(())
}

fn refused(error: StoreError) -> CatalogError {
    match error {
        StoreError::NotFound(entity) => {
            CatalogError::new(ErrorKind::NoSuchUser, format!("{entity} does not exist"))
        }
        other => other.into(),
    }
}
