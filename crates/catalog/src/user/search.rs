//! Finds users by what somebody has typed.

use authz::{Action, ServerAction};
use store::{UserRow, UserSearch};

use crate::server::ServerTarget;
use crate::{Catalog, Request, Result};

/// The rest of a longer text is not looked at.
const LONGEST_CHARS: usize = 64;
const MOST_USERS: u32 = 10;

/// Users whose name, e-mail address or id is like the text, the best first; ten at most.
pub async fn search(cx: &Catalog, request: &Request, text: &str) -> Result<Vec<UserRow>> {
    let action = Action::Server(ServerAction::SearchUsers);
    let server = cx.require(request, action, ServerTarget).await?;
    let text: String = text.chars().take(LONGEST_CHARS).collect();
    let search = UserSearch::of(&text, MOST_USERS);
    Ok(cx.store(&server).user_search(search).await?)
}
