//! The token of this process, which Kubernetes replaces in its file.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{BearerToken, ProviderUnavailable, jwt};

/// Kubernetes replaces a token when a fifth of its life is left, of ten minutes at least.
const READ_AGAIN: Duration = Duration::from_mins(1);

/// Who has made the tokens in secrets, in each cluster: the issuer of others is another one.
const OF_SECRETS: &str = "kubernetes/serviceaccount";

/// A token and who has made it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) token: BearerToken,
    /// As the token says; `None` if it does not tell.
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

    /// The token as it was a minute ago at most.
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
