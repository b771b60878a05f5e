//! The catalog's own token, which authorizes its calls to the cluster. Kubernetes replaces it in its file from time to time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{BearerToken, ProviderUnavailable, jwt};

/// How long the token is used before its file is read again. That is often enough: Kubernetes replaces a token when a fifth
/// of its lifetime is left, and a lifetime is at least ten minutes.
const READ_AGAIN: Duration = Duration::from_mins(1);

/// The issuer of tokens in secrets, in every cluster. The tokens that pods get have another issuer, which such a token does
/// not tell.
const OF_SECRETS: &str = "kubernetes/serviceaccount";

/// A token that was read, and its issuer.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) token: BearerToken,
    /// The issuer that the token names; `None` if it names none, or is a token out of a secret.
    pub(super) issuer: Option<String>,
    at: Instant,
}

#[derive(Debug)]
pub(super) struct OwnToken {
    path: PathBuf,
    last: Mutex<Option<Arc<Read>>>,
}

impl OwnToken {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            last: Mutex::new(None),
        }
    }

    /// The token, read from its file a minute ago at most.
    pub(super) async fn read(&self) -> Result<Arc<Read>, ProviderUnavailable> {
        let last = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(last) = last.filter(|last| last.at.elapsed() < READ_AGAIN) {
            return Ok(last);
        }
        let unusable = |why: String| {
            let path = self.path.display();
            ProviderUnavailable(format!(
                "the token of the catalog itself in `{path}`: {why}"
            ))
        };
        let text = tokio::fs::read_to_string(&self.path).await;
        let text = text.map_err(|error| unusable(error.to_string()))?;
        let token = BearerToken::parse(text.trim());
        let token = token.map_err(|error| unusable(error.to_string()))?;
        let issuer = jwt::issuer_unverified(token.expose());
        let read = Arc::new(Read {
            issuer: issuer.filter(|issuer| issuer != OF_SECRETS),
            token,
            at: Instant::now(),
        });
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&read));
        Ok(read)
    }
}
