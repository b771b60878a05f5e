//! Users that the catalog has heard of.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{Page, PageRequest, Timestamp, UserId, UserType, fold};

use crate::Result;

/// A user. Identity providers know who exists; this is what is shown of whom the catalog has met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Who it is.
    pub id: UserId,
    /// What to call them.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Whether it is a person or a program.
    pub user_type: UserType,
    /// What has written the row.
    pub source: UserSource,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last changed, if it was.
    pub updated_at: Option<Timestamp>,
}

/// What has written what is known of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserSource {
    /// The user was created by the management API.
    CreateEndpoint,
    /// The user has asked for the configuration of an engine for the first time.
    ConfigCall,
    /// The user was changed by the management API.
    UpdateEndpoint,
}

impl UserSource {
    /// As the management API and the databases spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateEndpoint => "create-endpoint",
            Self::ConfigCall => "config-call-creation",
            Self::UpdateEndpoint => "update-endpoint",
        }
    }

    /// What a database has kept.
    pub fn from_stored(text: &str) -> Option<Self> {
        let all = [Self::CreateEndpoint, Self::ConfigCall, Self::UpdateEndpoint];
        all.into_iter().find(|one| one.as_str() == text)
    }
}

/// What a search is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSearch {
    /// Whose id or e-mail address is this comes first.
    pub exact: String,
    /// Trigrams of what was asked for; whose terms have [`UserSearch::SHARE`] of them is found, in the order of how many.
    pub trigrams: Vec<String>,
    /// How many users to answer at most.
    pub limit: u32,
}

impl UserSearch {
    /// So many tenths of the trigrams must be shared.
    pub const SHARE: u32 = 3;

    /// A search for what somebody has typed: the beginning of a name, a name with a mistake, an id, an e-mail address.
    pub fn of(text: &str, limit: u32) -> Self {
        let mut terms = BTreeSet::new();
        trigrams(&fold(local_part(text)), &mut terms);
        Self {
            exact: exact(text),
            trigrams: terms.into_iter().collect(),
            limit,
        }
    }
}

impl UserRow {
    /// What a search finds the user by: the trigrams of name and e-mail address (but for its domain, which many share), and
    /// address and id as a whole.
    pub fn terms(&self) -> Vec<String> {
        let mut terms = BTreeSet::from([exact(self.id.as_str())]);
        trigrams(&fold(local_part(&self.name)), &mut terms);
        if let Some(email) = &self.email {
            terms.insert(exact(email));
            trigrams(&fold(local_part(email)), &mut terms);
        }
        terms.into_iter().collect()
    }

    /// The name as lists are filtered by.
    pub fn name_key(&self) -> String {
        fold(&self.name)
    }
}

/// A term that no trigram is.
pub(crate) fn exact(text: &str) -> String {
    format!("={}", fold(text.trim()))
}

fn local_part(text: &str) -> &str {
    text.split_once('@').map_or(text, |(local, _)| local)
}

/// The triples of letters of each word, which begins with two blanks and ends with one.
pub(crate) fn trigrams(text: &str, into: &mut BTreeSet<String>) {
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let padded: Vec<char> = "  ".chars().chain(word.chars()).chain([' ']).collect();
        into.extend(
            padded
                .windows(3)
                .map(|three| three.iter().collect::<String>()),
        );
    }
}

/// Users.
#[async_trait]
pub trait Users {
    /// Keeps a user. `AlreadyExists(User)` if the id is known.
    async fn user_create(&self, user: UserRow) -> Result<()>;

    /// The user. `NotFound` if there is none.
    async fn user_load(&self, id: &UserId) -> Result<UserRow>;

    /// Users by id; those whose folded name contains `name` only.
    async fn user_list(&self, name: &str, page: PageRequest) -> Result<Page<UserRow>>;

    /// The users that a search finds, the best first, those that are as good by folded name and id.
    async fn user_search(&self, search: UserSearch) -> Result<Vec<UserRow>>;

    /// Replaces all of a user but its id and when it was created, and answers what is now. `NotFound` if there is none.
    async fn user_update(&self, user: UserRow) -> Result<UserRow>;

    /// Forgets the user with all that was given to it, the roles that it is in among it; whoever has made something has been given it without ever
    /// having been met. `NotFound` if there is nothing of it.
    async fn user_drop(&self, id: &UserId) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart_with_their_ends() {
        let search = UserSearch::of("Ad lo@example.com", 5);
        assert_eq!(search.trigrams, ["  a", "  l", " ad", " lo", "ad ", "lo "]);
        assert_eq!(search.exact, "=ad lo@example.com");
        assert!(UserSearch::of("@ -", 5).trigrams.is_empty());
    }
}
