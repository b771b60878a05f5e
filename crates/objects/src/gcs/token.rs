//! Access tokens of one identity: fetched by one request at a time, and kept.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::source::Source;
use crate::error::StoreFailure;
use crate::location::shortened;
use crate::renewed::{Fresh, Renewed};
use crate::secret::Secret;
pub(super) use crate::token::now;
use crate::token::{Answer, TokenFailure};

/// Longest life that a token is believed to have, whatever the answer says.
const MAX_LIFE: Duration = Duration::from_hours(12);

/// An OAuth 2.0 access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) value: Secret<String>,
    /// When Google begins to refuse the token.
    pub(super) expires_at: SystemTime,
    /// The project that the identity belongs to, if that is known.
    pub(super) project: Option<String>,
}

/// The current token of one identity, shared by all callers that need it.
///
/// It is renewed early ([`Source::used_for`]), because a token that is derived from it does not outlive it.
pub(super) struct Tokens {
    source: Source,
    present: Renewed<Token>,
}

impl Tokens {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            present: Renewed::new("an access token for Google"),
        }
    }

    /// A token that is still good. Callers that find the current token due for renewal wait for one shared request.
    pub(super) async fn get(&self) -> Result<Arc<Token>, TokenFailure> {
        let asked = async || {
            let token = self.source.fetch().await?;
            let expires_at = token.expires_at;
            Ok(Fresh::new(token, expires_at, |life| {
                self.source.used_for(life)
            }))
        };
        self.present.get(asked).await
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({:?})", self.source)
    }
}

/// Reads an answer of RFC 6749. `until` is the expiry if the answer has none.
///
/// A message that repeats `sent` is left out.
pub(super) fn read(
    answer: &Answer,
    sent: &str,
    until: Option<SystemTime>,
) -> Result<Token, StoreFailure> {
    if !answer.is_success() {
        return Err(refusal(answer, sent));
    }
    let unreadable = || answer.failure(None, Some("its answer is no token with an expiry"));
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
    let value = body.get("access_token").and_then(Value::as_str);
    let value =
        value.filter(|value| !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic()));
    let life = body.get("expires_in").and_then(Value::as_u64);
    let expires_at = match life.map(Duration::from_secs) {
        Some(life) => Some(now() + life.min(MAX_LIFE)),
        None => until,
    };
    Ok(Token {
        value: Secret::new(value.ok_or_else(unreadable)?.to_owned()),
        expires_at: expires_at.ok_or_else(unreadable)?,
        project: None,
    })
}

/// Code and message of RFC 6749 (`error`, `error_description`), or of Google's other services (`error.status`,
/// `error.message`).
pub(super) fn refusal(answer: &Answer, sent: &str) -> StoreFailure {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |pointers: [&str; 2]| {
        pointers
            .iter()
            .find_map(|pointer| body.pointer(pointer)?.as_str())
            .filter(|text| sent.is_empty() || !text.contains(sent))
    };
    let message = text(["/error_description", "/error/message"]);
    answer.failure(text(["/error", "/error/status"]).map(shortened), message)
}
