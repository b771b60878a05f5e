//! The catalog's token: got when it is needed, renewed before it ends, got anew when Vault accepts it no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::client::{Answer, Call, Client};
use crate::login::{self, Due, Token};
use crate::single_flight::SingleFlight;
use crate::{Login, Result, VaultError};

/// A token that is refused so soon after it was given is not the reason of the refusal.
const NEW: Duration = Duration::from_secs(1);
/// What could not be prolonged is tried again after this, at most.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// The background looks at a token that ends this often at least.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

/// Connections to Vault as somebody.
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

    /// Asks with the token; once more with another one if Vault does not accept it any more.
    pub(crate) async fn ask(&self, call: &Call<'_>) -> Result<Answer> {
        let token = self.token().await?;
        let answer = self.client.ask(call, Some(&token.text)).await?;
        // Vault says 403 of tokens that it does not know (any more), and of what a policy does not allow.
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

    /// A token that counts. Whoever waits for a login takes what came of it.
    pub(crate) async fn token(&self) -> Result<Arc<Token>> {
        match self.current() {
            Some(token) if token.due() != Due::Over => Ok(token),
            _ => self.new_token().await,
        }
    }

    /// Another token than one that was refused.
    async fn instead_of(&self, refused: &Token) -> Result<Arc<Token>> {
        match self.current() {
            Some(newer) if newer.text != refused.text => Ok(newer),
            _ => self.new_token().await,
        }
    }

    /// Keeps the token alive, until it is told to stop.
    pub(crate) async fn tend(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let round = async {
                if let Err(error) = self.prolong().await {
                    tracing::warn!(%error, "the token for Vault could not be renewed; it will be tried again");
                }
                tokio::time::sleep(self.calm()).await;
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = round => {}
            }
        }
    }

    /// Renews the token or logs in anew, if it is time for that.
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

    /// Logs in; once for all who ask for it at the same time.
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

    /// How long until it is worth looking at the token again.
    fn calm(&self) -> Duration {
        match self.current().map(|token| (token.due(), token.calm())) {
            Some((Due::Nothing, Some(calm))) => calm.clamp(SHORTEST_PAUSE, LOOK_AGAIN),
            Some((Due::Nothing, None)) => LOOK_AGAIN,
            _ => TRY_AGAIN,
        }
    }

    const fn is_given_a_token(&self) -> bool {
        matches!(self.login, Login::Token(_))
    }
}
