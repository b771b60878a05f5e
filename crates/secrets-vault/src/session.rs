//! The catalog's token for Vault: obtained when it is needed, renewed before it expires, and replaced when Vault does
//! not accept it any more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::client::{Answer, Call, Client};
use crate::login::{self, Due, Token};
use crate::single_flight::SingleFlight;
use crate::{Login, Result, VaultError};

/// If a token this young gets a 403, the policy is the reason, not the token.
const NEW: Duration = Duration::from_secs(1);
/// How long the background waits after a failed renewal.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// Longest pause of the background between two checks of the token.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

/// A client of Vault that is logged in.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    login: Login,
    current: Mutex<Option<Arc<Token>>>,
    logins: SingleFlight<Result<Arc<Token>>>,
}

impl Session {
    pub(crate) const fn new(client: Client, login: Login) -> Self {
        Self {
            client,
            login,
            current: Mutex::new(None),
            logins: SingleFlight::new(),
        }
    }

    /// Sends the request with the token. If Vault does not accept the token any more, sends the request once more
    /// with a new one.
    pub(crate) async fn ask(&self, call: &Call<'_>) -> Result<Answer> {
        let token = self.token().await?;
        let answer = self.client.ask(call, Some(&token.text)).await?;
        // Vault answers 403 both for unknown or expired tokens and for requests that the policy forbids.
        if answer.status != 403 || token.given.elapsed() < NEW {
            return Ok(answer);
        }
        let other = match self.instead_of(&token).await {
            Ok(other) => other,
            Err(VaultError::LoginRefused { .. }) if self.is_given_a_token() => {
                return Err(VaultError::TokenEnded);
            }
            Err(error) => return Err(error),
        };
        self.client.ask(call, Some(&other.text)).await
    }

    /// A valid token. Everybody who waits for the same login gets its result.
    pub(crate) async fn token(&self) -> Result<Arc<Token>> {
        match self.current() {
            Some(token) if token.due() != Due::Over => Ok(token),
            _ => self.new_token().await,
        }
    }

    /// A token other than the one that was refused.
    async fn instead_of(&self, refused: &Token) -> Result<Arc<Token>> {
        match self.current() {
            Some(newer) if newer.text != refused.text => Ok(newer),
            _ => self.new_token().await,
        }
    }

    /// Keeps the token valid until it is told to stop.
    pub(crate) async fn tend(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let round = async {
                if let Err(error) = self.prolong().await {
                    tracing::warn!(%error, "the token for Vault could not be renewed; it will be tried again");
                }
                tokio::time::sleep(self.until_next_check()).await;
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = round => {}
            }
        }
    }

    /// Renews the token or logs in again, if it is time to.
    async fn prolong(&self) -> Result<()> {
        let Some(token) = self.current() else {
            return self.new_token().await.map(drop);
        };
        match token.due() {
            Due::Nothing => return Ok(()),
            Due::Renewal => {
                if let Some(renewed) = login::renew(&self.client, &token).await? {
                    self.keep(renewed);
                    return Ok(());
                }
            }
            Due::Login | Due::Over => {}
        }
        self.new_token().await.map(drop)
    }

    /// Logs in, once for all callers that need it at the same time.
    async fn new_token(&self) -> Result<Arc<Token>> {
        self.logins.get(Duration::ZERO, self.log_in()).await
    }

    async fn log_in(&self) -> Result<Arc<Token>> {
        let token = login::log_in(&self.client, &self.login).await?;
        tracing::debug!(method = self.login.name(), "logged in to Vault");
        Ok(self.keep(token))
    }

    fn keep(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::clone(&token));
        token
    }

    fn current(&self) -> Option<Arc<Token>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// How long to wait until the next check of the token.
    fn until_next_check(&self) -> Duration {
        match self
            .current()
            .map(|token| (token.due(), token.until_next_check()))
        {
            Some((Due::Nothing, Some(left))) => left.clamp(SHORTEST_PAUSE, LOOK_AGAIN),
            Some((Due::Nothing, None)) => LOOK_AGAIN,
            _ => TRY_AGAIN,
        }
    }

    const fn is_given_a_token(&self) -> bool {
        matches!(self.login, Login::Token(_))
    }
}
