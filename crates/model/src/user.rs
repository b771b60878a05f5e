//! Users, as an identity provider knows them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Bounds, Excerpt, RoleIdent};

/// The id of a user: `oidc~3f2a…`, the provider's name and what the provider calls its user.
///
/// The provider is part of the id, so that the same subject at two providers is two users.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(Arc<str>);

/// A text that cannot be a user id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "user id {0:?} must be `<identity provider>~<subject>`, as in `oidc~1234`: the provider out of a-z, 0-9 and `-`, the \
     subject without control characters, at most {max} bytes in all",
    max = Bounds::USER_ID_BYTES
)]
pub struct InvalidUserId(String);

impl UserId {
    /// Separates provider and subject.
    pub const SEPARATOR: char = '~';

    /// The user whom `provider` calls `subject`.
    pub fn new(provider: &str, subject: &str) -> Result<Self, InvalidUserId> {
        format!("{provider}{}{subject}", Self::SEPARATOR).parse()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identity provider that knows the user: `oidc`, `kubernetes` or a configured name.
    pub fn provider(&self) -> &str {
        self.halves().0
    }

    /// What the provider calls the user.
    pub fn subject(&self) -> &str {
        self.halves().1
    }

    fn halves(&self) -> (&str, &str) {
        self.0.split_once(Self::SEPARATOR).unwrap_or_default()
    }
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = |(provider, subject): (&str, &str)| {
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !provider.is_empty()
                && provider.chars().all(is_word)
                && !subject.is_empty()
                && !subject.chars().any(char::is_control)
        };
        let fits = text.len() <= Bounds::USER_ID_BYTES;
        if fits && text.split_once(Self::SEPARATOR).is_some_and(is_valid) {
            return Ok(Self(text.into()));
        }
        Err(InvalidUserId(Excerpt(text).to_string()))
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Whether a user is a person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserType {
    /// A person.
    Human,
    /// A program: an engine, a job, a service.
    Application,
}

impl UserType {
    /// As the management API and the databases spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Application => "application",
        }
    }

    /// Reads what [`Self::as_str`] returned.
    pub fn from_stored(text: &str) -> Option<Self> {
        let all = [Self::Human, Self::Application];
        all.into_iter().find(|one| one.as_str() == text)
    }
}

/// What is known about the sender of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's id.
    pub user: UserId,
    /// The user's name, if the token has it.
    pub name: Option<String>,
    /// The user's e-mail address, if the token has it.
    pub email: Option<String>,
    /// Whether the user is a person or a program, if the token says so.
    pub user_type: Option<UserType>,
    /// The roles that the token names; `None` if roles are not taken from tokens.
    pub roles: Option<Vec<String>>,
    /// Roles that admission gave the user, for this request only.
    pub admission_roles: Vec<RoleIdent>,
    /// The audiences of the token.
    pub audiences: Vec<String>,
}

/// Hashes only the user's id: it tells callers apart well enough, and an identity is hashed for each decision.
impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.user.hash(state);
    }
}

impl Identity {
    /// About how many bytes of memory its texts take, for caches that keep it.
    pub fn text_bytes(&self) -> usize {
        let Self {
            user,
            name,
            email,
            user_type: _,
            roles,
            admission_roles,
            audiences,
        } = self;
        let texts = [name, email].map(|text| text.as_ref().map_or(0, String::len));
        let several = roles.iter().flatten().chain(audiences);
        let several = several.map(|text| text.len() + size_of::<String>());
        let admitted = admission_roles.len() * size_of::<RoleIdent>();
        user.as_str().len() + texts.iter().sum::<usize>() + several.sum::<usize>() + admitted
    }

    /// An identity of which only the user's id is known.
    pub const fn of(user: UserId) -> Self {
        Self {
            user,
            name: None,
            email: None,
            user_type: None,
            roles: None,
            admission_roles: Vec::new(),
            audiences: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_a_provider_and_a_subject() {
        let id: UserId = "oidc~a~b".parse().unwrap();
        assert_eq!((id.provider(), id.subject()), ("oidc", "a~b"));
        let account = "system:serviceaccount:lake:spark";
        let id = UserId::new("kubernetes", account).unwrap();
        assert_eq!(id.to_string(), format!("kubernetes~{account}"));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        let long = format!("oidc~{}", "x".repeat(Bounds::USER_ID_BYTES));
        for wrong in [
            "",
            "oidc",
            "~a",
            "oidc~",
            "OIDC~a",
            "a b~c",
            "oidc~a\nb",
            &long,
        ] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong}");
        }
        let longest = format!("oidc~{}", "x".repeat(Bounds::USER_ID_BYTES - 5));
        assert!(longest.parse::<UserId>().is_ok());
    }
}
