//! Lists users.

use authz::{Action, ServerAction};
use model::{Page, fold};
use store::UserRow;

use crate::server::ServerTarget;
use crate::{Catalog, ListQuery, Request, Result, tabular};

/// The users whose name contains `name`, ignoring case, ordered by id.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    name: &str,
    query: ListQuery,
) -> Result<Page<UserRow>> {
    let action = Action::Server(ServerAction::ListUsers);
    let server = cx.require(request, action, ServerTarget).await?;
    let (store, name) = (cx.store(&server), fold(name));
    tabular::collect(query, async |page| Ok(store.user_list(&name, page).await?)).await
}
