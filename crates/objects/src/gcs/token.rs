//! Access tokens of one identity: fetched by one request at a time, and kept.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::source::Source;
use crate::error::StoreFailure;
use crate::location::shortened;
use crate::secret::Secret;
pub(super) use crate::token::now;
use crate::token::{Answer, TokenFailure};

/// How long a failure is answered to those who ask next, instead of asking the service again.
const FAILURE_LASTS: Duration = Duration::from_secs(2);
/// A token that claims to live longer is not believed.
const MAX_LIFE: Duration = Duration::from_hours(12);

/// An OAuth 2.0 access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) value: Secret<String>,
    /// When it is refused.
    pub(super) expires_at: SystemTime,
    /// The project that the identity belongs to, if that is known.
    pub(super) project: Option<String>,
}

/// The present token of one identity, shared by all that need it.
///
/// It is renewed after half of its life, because no token that is made of it lives longer than itself.
pub(super) struct Tokens {
    source: Source,
    turn: Mutex<Turn>,
}

/// The newest request, finished or not, and the newest token of an earlier one.
#[derive(Default)]
struct Turn {
    request: Arc<OnceCell<Outcome>>,
    spare: Option<Arc<Token>>,
}

struct Outcome {
    result: Result<Arc<Token>, TokenFailure>,
    good_until: Instant,
}

impl Tokens {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            turn: Mutex::default(),
        }
    }

    /// A token that is still good. Whoever finds the present one old waits for the one request for a new one.
    pub(super) async fn get(&self) -> Result<Arc<Token>, TokenFailure> {
        let (request, spare) = self.turn();
        let outcome = request.get_or_init(|| self.fetch()).await;
        match (&outcome.result, spare) {
            (Ok(token), _) => Ok(Arc::clone(token)),
            // It was early to ask, so that a failing service is not noticed at once.
            (Err(failure), Some(token)) if token.expires_at > now() => {
                tracing::warn!(error = %failure, "an access token for Google could not be renewed yet");
                Ok(token)
            }
            (Err(failure), _) => Err(failure.clone()),
        }
    }

    fn turn(&self) -> (Arc<OnceCell<Outcome>>, Option<Arc<Token>>) {
        // What is in it is whole at any time, whoever panicked.
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = turn.request.get()
            && Instant::now() >= outcome.good_until
        {
            if let Ok(token) = &outcome.result {
                turn.spare = Some(Arc::clone(token));
            }
            turn.request = Arc::default();
        }
        (Arc::clone(&turn.request), turn.spare.clone())
    }

    async fn fetch(&self) -> Outcome {
        let result = self.source.fetch().await.map(Arc::new);
        let lasts = match &result {
            Ok(token) => token.expires_at.duration_since(now()).unwrap_or_default() / 2,
            Err(_) => FAILURE_LASTS,
        };
        Outcome {
            result,
            good_until: Instant::now() + lasts,
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({:?})", self.source)
    }
}

/// Reads the answer of RFC 6749. `until` is when the token ends where the answer does not say.
///
/// An answer that repeats `sent` is not shown.
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
