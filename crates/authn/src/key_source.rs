//! Fetches a provider's keys: its discovery document and the JWK set that the document links to.
//!
//! At most one fetch is under way at a time, however many requests need the keys; requests that cannot go on without them
//! wait for it. The fetch is a task of its own, so that it goes on for the others when the client that caused it
//! disconnects.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use outbound::HttpClient;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use crate::fetch;
use crate::jwk::Jwks;

/// How often a provider is asked for its keys, and how long they count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The least pause between two fetches while keys are known: forged signatures and invented key ids, which cause a
    /// fetch, must not make the catalog flood the provider.
    pub(crate) again: Duration,
    /// The least pause after a failed fetch while no keys are known.
    pub(crate) failed: Duration,
    /// Keys older than this are fetched again; meanwhile they still count.
    pub(crate) fresh: Duration,
    /// Keys older than this do not count: their provider may have withdrawn them while it could not be reached.
    pub(crate) longest: Duration,
}

impl Pace {
    pub(crate) const USUAL: Self = Self {
        again: Duration::from_secs(10),
        failed: Duration::from_secs(1),
        fresh: Duration::from_mins(10),
        longest: Duration::from_hours(24),
    };
}

/// What a provider publishes about itself.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) issuer: String,
    pub(crate) token_endpoint: Option<String>,
    pub(crate) keys: Jwks,
    fetched: Instant,
}

/// The fields of a discovery document that are used (OpenID Connect Discovery section 3).
#[derive(Debug, Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    token_endpoint: Option<String>,
}

type Fetched = Result<Arc<Published>, String>;
type Fetch = Shared<BoxFuture<'static, Fetched>>;

/// The published keys of one provider, fetched when they are needed and kept in memory.
#[derive(Debug)]
pub(crate) struct KeySource {
    /// The provider's address, without a `/` at its end.
    uri: String,
    client: HttpClient,
    pace: Pace,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Arc<Published>>,
    running: Option<Fetch>,
    /// When the last fetch ended, and its error if it failed.
    last: Option<(Instant, Option<String>)>,
}

impl KeySource {
    pub(crate) fn new(uri: &str, client: HttpClient, pace: Pace) -> Self {
        Self {
            uri: uri.trim_end_matches('/').to_owned(),
            client,
            pace,
            state: Mutex::default(),
        }
    }

    /// What was fetched before, unless it is too old to count; does not wait. If it is older than [`Pace::fresh`], a new
    /// fetch starts in the background.
    pub(crate) fn known(self: &Arc<Self>) -> Option<Arc<Published>> {
        let mut state = self.state();
        let known = state.known.clone()?;
        let age = known.fetched.elapsed();
        if age > self.pace.fresh {
            self.start(&mut state, self.pace.again);
        }
        (age <= self.pace.longest).then_some(known)
    }

    /// Whether the last fetch has failed. If so, another one starts in the background.
    pub(crate) fn last_fetch_failed(self: &Arc<Self>) -> bool {
        let mut state = self.state();
        let failed = matches!(state.last, Some((_, Some(_))));
        if failed {
            self.start(&mut state, self.pace.failed);
        }
        failed
    }

    /// What is known already, or else the result of a fetch.
    pub(crate) async fn connect(self: &Arc<Self>) -> Fetched {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let fetch = {
            let mut state = self.state();
            let fetch = self.start(&mut state, self.pace.failed);
            fetch.ok_or_else(|| state.last_outcome(self.pace.longest))
        };
        match fetch {
            Ok(fetch) => fetch.await,
            Err(outcome) => outcome,
        }
    }

    /// Something newer than `former`, whose keys did not verify a token: what is known by now if that is another one, or
    /// else the result of a fetch. `None` if the last fetch was too short a time ago, or if the fetch fails.
    pub(crate) async fn newer(self: &Arc<Self>, former: &Arc<Published>) -> Option<Arc<Published>> {
        let fetch = {
            let mut state = self.state();
            if let Some(known) = state.known.as_ref().filter(|now| !Arc::ptr_eq(now, former)) {
                return Some(Arc::clone(known));
            }
            self.start(&mut state, self.pace.again)?
        };
        fetch.await.ok()
    }

    /// The fetch that is under way, or else a new one; `None` if the last one ended less than `pause` ago.
    fn start(self: &Arc<Self>, state: &mut State, pause: Duration) -> Option<Fetch> {
        if let Some(running) = &state.running {
            return Some(running.clone());
        }
        let is_early = |(ended, _): &(Instant, _)| ended.elapsed() < pause;
        if state.last.as_ref().is_some_and(is_early) {
            return None;
        }
        let source = Arc::clone(self);
        let task = tokio::spawn(async move {
            let fetched = AssertUnwindSafe(source.fetch()).catch_unwind().await;
            // A panic must not leave `running` set: a later request then starts another fetch.
            let fetched = fetched.unwrap_or_else(|_| Err("the fetch has panicked".to_owned()));
            let fetched = fetched.map(Arc::new);
            let mut state = source.state();
            state.running = None;
            state.last = Some((Instant::now(), fetched.as_ref().err().cloned()));
            match &fetched {
                Ok(published) => state.known = Some(Arc::clone(published)),
                Err(error) => {
                    tracing::error!(
                        provider = source.uri,
                        error,
                        "the provider's keys cannot be fetched"
                    );
                }
            }
            fetched
        });
        let fetch = async { task.await.map_err(|error| error.to_string())? };
        let fetch = fetch.boxed().shared();
        state.running = Some(fetch.clone());
        Some(fetch)
    }

    async fn fetch(&self) -> Result<Published, String> {
        let address = format!("{}/.well-known/openid-configuration", self.uri);
        let document = fetch::document(&self.client, &address).await?;
        let discovery: Discovery = serde_json::from_slice(&document)
            .map_err(|error| format!("{address} is no discovery document: {error}"))?;
        let keys_at = &discovery.jwks_uri;
        let is_plain = |uri: &str| Url::parse(uri).is_ok_and(|uri| uri.scheme() == "http");
        if is_plain(keys_at) && !is_plain(&self.uri) {
            return Err(format!(
                "{address} names keys that come without TLS: {keys_at}"
            ));
        }
        let keys = fetch::document(&self.client, keys_at).await?;
        let keys = Jwks::parse(&keys).map_err(|error| format!("{keys_at}: {error}"))?;
        Ok(Published {
            issuer: discovery.issuer,
            token_endpoint: discovery.token_endpoint,
            keys,
            fetched: Instant::now(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The keys, which a fetch may have brought a moment ago, or the error of the last fetch.
    fn last_outcome(&self, longest: Duration) -> Fetched {
        let counts = |known: &&Arc<Published>| known.fetched.elapsed() <= longest;
        if let Some(known) = self.known.as_ref().filter(counts) {
            return Ok(Arc::clone(known));
        }
        let last = self.last.as_ref().and_then(|(_, failure)| failure.clone());
        Err(last.unwrap_or_else(|| "its keys are too old to count".to_owned()))
    }
}
