//! Users that the catalog knows.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{Page, PageRequest, Timestamp, UserId, UserType, fold};

use crate::Result;

/// A user. The identity provider decides who exists; this row is what the catalog shows of a user it has met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The user's id.
    pub id: UserId,
    /// The name to show.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Whether it is a person or a program.
    pub user_type: UserType,
    /// What wrote the row last.
    pub source: UserSource,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last changed, if it was.
    pub updated_at: Option<Timestamp>,
}

/// What wrote a user's row last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserSource {
    /// The user was created by the management API.
    CreateEndpoint,
    /// The user has requested the configuration of the catalog API for the first time.
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

    /// Parses what [`UserSource::as_str`] returned.
    pub fn from_stored(text: &str) -> Option<Self> {
        let all = [Self::CreateEndpoint, Self::ConfigCall, Self::UpdateEndpoint];
        all.into_iter().find(|one| one.as_str() == text)
    }
}

/// A search for users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSearch {
    /// Users with this id or e-mail address come first.
    pub exact: String,
    /// Trigrams of the wanted text. A user with at least [`UserSearch::SHARE`] tenths of them is found; most
    /// shared first.
    pub trigrams: Vec<String>,
    /// Most users to return.
    pub limit: u32,
}

impl UserSearch {
    /// How many tenths of the trigrams a user must share.
    pub const SHARE: u32 = 3;

    /// A search for a text that a user has typed: the beginning of a name, a misspelt name, an id or an e-mail
    /// address.
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
    /// The terms by which a search finds the user: the trigrams of the name and of the e-mail address (without its
    /// domain, which many users share), and the address and the id as a whole.
    pub fn terms(&self) -> Vec<String> {
        let mut terms = BTreeSet::from([exact(self.id.as_str())]);
        trigrams(&fold(local_part(&self.name)), &mut terms);
        if let Some(email) = &self.email {
            terms.insert(exact(email));
            trigrams(&fold(local_part(email)), &mut terms);
        }
        terms.into_iter().collect()
    }

    /// The folded name, by which lists are filtered.
    pub fn name_key(&self) -> String {
        fold(&self.name)
    }
}

/// A term for an exact match. It differs from every trigram because of its `=`.
pub(crate) fn exact(text: &str) -> String {
    format!("={}", fold(text.trim()))
}

fn local_part(text: &str) -> &str {
    text.split_once('@').map_or(text, |(local, _)| local)
}

/// Adds the trigrams of each word, padded with two blanks before it and one after it.
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
    /// Creates a user. `AlreadyExists(User)` if the id is known.
    async fn user_create(&self, user: UserRow) -> Result<()>;

    /// Loads a user. `NotFound` if there is none.
    async fn user_load(&self, id: &UserId) -> Result<UserRow>;

    /// The users whose folded name contains `name`, sorted by id.
    async fn user_list(&self, name: &str, page: PageRequest) -> Result<Page<UserRow>>;

    /// The users that a search finds, the best first; equally good ones by folded name and id.
    async fn user_search(&self, search: UserSearch) -> Result<Vec<UserRow>>;

    /// Replaces everything except the id and the creation time, and returns the stored row. `NotFound` if there is
    /// none.
    async fn user_update(&self, user: UserRow) -> Result<UserRow>;

    /// Removes the user with its grants and its memberships in roles. A user without a row may have these: the
    /// creator of a thing gets a grant even if the catalog has no row for them. `NotFound` if there is no row,
    /// grant or membership.
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
