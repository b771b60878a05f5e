//! Searches users by name, e-mail address or id.

use authz::{Action, ServerAction};
use store::{UserRow, UserSearch};

use crate::server::ServerTarget;
use crate::{Catalog, Request, Result};

/// Characters of the search text that are used; the rest is ignored.
const LONGEST_CHARS: usize = 64;
const MOST_USERS: u32 = 10;

/// Users whose name, e-mail address or id is similar to the text, best match first; ten at most.
pub async fn search(cx: &Catalog, request: &Request, text: &str) -> Result<Vec<UserRow>> {
    let action = Action::Server(ServerAction::SearchUsers);
    let server = cx.require(request, action, ServerTarget).await?;
    let text: String = text.chars().take(LONGEST_CHARS).collect();
    let search = UserSearch::of(&text, MOST_USERS);
    Ok(cx.store(&server).user_search(search).await?)
}
