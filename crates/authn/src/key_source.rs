//! Where a provider's keys come from: its discovery document and the JWK set that this names.
//!
//! However many requests need them, one fetch is under way at a time, and those that cannot do without wait for it. It runs
//! as a task of its own, so that a client which goes away takes it from nobody.

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

/// How often a provider is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Between two fetches while there are keys: whoever invents names of keys or signatures must not make us a nuisance.
    pub(crate) again: Duration,
    /// After a fetch that failed, while there are none.
    pub(crate) failed: Duration,
    /// Keys older than this are fetched again, while they still count.
    pub(crate) fresh: Duration,
    /// Keys older than this do not count: a provider that is down that long may have withdrawn them.
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

/// What a provider says about itself.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) issuer: String,
    pub(crate) token_endpoint: Option<String>,
    pub(crate) keys: Jwks,
    fetched: Instant,
}

/// The part of a discovery document that counts here (OpenID Connect Discovery section 3).
#[derive(Debug, Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    token_endpoint: Option<String>,
}

type Fetched = Result<Arc<Published>, String>;
type Fetch = Shared<BoxFuture<'static, Fetched>>;

/// What one provider publishes, as far as it is known.
#[derive(Debug)]
pub(crate) struct KeySource {
    /// Without `/` at its end.
    uri: String,
    client: HttpClient,
    pace: Pace,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Arc<Published>>,
    running: Option<Fetch>,
    /// When the last fetch ended, and why if it failed.
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

    /// What is known, without waiting. If it is old, it is fetched again meanwhile.
    pub(crate) fn known(self: &Arc<Self>) -> Option<Arc<Published>> {
        let mut state = self.state();
        let known = state.known.clone()?;
        let age = known.fetched.elapsed();
        if age > self.pace.fresh {
            self.start(&mut state, self.pace.again);
        }
        (age <= self.pace.longest).then_some(known)
    }

    /// Whether it was asked for and could not be had. It is asked for again meanwhile.
    pub(crate) fn is_away(self: &Arc<Self>) -> bool {
        let mut state = self.state();
        let is_away = matches!(state.last, Some((_, Some(_))));
        if is_away {
            self.start(&mut state, self.pace.failed);
        }
        is_away
    }

    /// What is known, or what a fetch brings.
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

    /// What is known now that `former` did not do, if that may be something else.
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

    /// The fetch that is under way; a new one if the last one ended longer than `pause` ago.
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
            // Whoever comes later has it tried again.
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
    /// The keys, which a fetch may have brought a moment ago, or why there are none.
    fn last_outcome(&self, longest: Duration) -> Fetched {
        let counts = |known: &&Arc<Published>| known.fetched.elapsed() <= longest;
        if let Some(known) = self.known.as_ref().filter(counts) {
            return Ok(Arc::clone(known));
        }
        let last = self.last.as_ref().and_then(|(_, failure)| failure.clone());
        Err(last.unwrap_or_else(|| "its keys are too old to count".to_owned()))
    }
}
