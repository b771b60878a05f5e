//! The four ways to get a token, and how long a token is valid.

use std::time::Duration;

use secrets::Plaintext;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::client::{Answer, Call, Client};
use crate::{Login, Result, Source, VaultError};

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(5);

/// Longer leases are treated as this long, so that computing with them cannot overflow.
const LONGEST_LEASE: Duration = Duration::from_hours(365 * 24);

/// A token that Vault has accepted.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: Plaintext,
    /// When the catalog logged in. Renewals do not change it.
    pub(crate) given: Instant,
    /// When the token was issued or last renewed.
    since: Instant,
    /// `None` if the token does not expire.
    life: Option<Life>,
}

#[derive(Debug, Clone, Copy)]
struct Life {
    /// The lease at `since`.
    lease: Duration,
    /// The lease at the login.
    first_lease: Duration,
    is_renewable: bool,
}

/// What has to be done about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// The token is valid and can be renewed.
    Renewal,
    /// The token is valid, but a renewal would not extend it enough: log in again.
    Login,
    /// The token is about to expire or has expired.
    Over,
}

/// A lease as Vault reports it.
#[derive(Clone, Copy)]
struct Lease {
    /// 0 if the token does not expire.
    seconds: u64,
    is_renewable: bool,
}

#[derive(Deserialize)]
struct Given {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: Plain,
    /// In seconds; 0 if the token does not expire.
    lease_duration: u64,
    renewable: bool,
}

#[derive(Deserialize)]
struct Known {
    data: About,
}

#[derive(Deserialize)]
struct About {
    /// In seconds; 0 if the token does not expire.
    ttl: u64,
    #[serde(default)]
    renewable: bool,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct Plain(Plaintext);

impl From<String> for Plain {
    fn from(text: String) -> Self {
        Self(Plaintext::from(text))
    }
}

impl From<Auth> for Token {
    fn from(auth: Auth) -> Self {
        let lease = Lease {
            seconds: auth.lease_duration,
            is_renewable: auth.renewable,
        };
        Self::new(auth.client_token.0, lease)
    }
}

impl Token {
    fn new(text: Plaintext, told: Lease) -> Self {
        let lease = Duration::from_secs(told.seconds).min(LONGEST_LEASE);
        let now = Instant::now();
        Self {
            text,
            given: now,
            since: now,
            life: (told.seconds > 0).then_some(Life {
                lease,
                first_lease: lease,
                is_renewable: told.is_renewable,
            }),
        }
    }

    /// This token as the renewal of `former`.
    fn following(mut self, former: &Self) -> Self {
        self.given = former.given;
        if let (Some(life), Some(former)) = (&mut self.life, &former.life) {
            life.first_lease = former.first_lease;
        }
        self
    }

    pub(crate) fn due(&self) -> Due {
        let Some(life) = self.life else {
            return Due::Nothing;
        };
        let age = self.since.elapsed();
        let margin = MARGIN.min(life.lease / 10);
        // Near a token's longest life, each renewal extends it by less.
        let is_worth_it = life.is_renewable && life.lease * 2 >= life.first_lease;
        match age {
            _ if age + margin >= life.lease => Due::Over,
            _ if age * 3 < life.lease * 2 => Due::Nothing,
            _ if is_worth_it => Due::Renewal,
            _ => Due::Login,
        }
    }

    /// How long nothing has to be done about the token; `None` if it does not expire.
    pub(crate) fn until_next_check(&self) -> Option<Duration> {
        let life = self.life?;
        Some((life.lease * 2 / 3).saturating_sub(self.since.elapsed()))
    }
}

/// Logs in with the configured method.
pub(crate) async fn log_in(client: &Client, login: &Login) -> Result<Token> {
    let (mount, rest, body) = match login {
        Login::Token(source) => return look_up(client, source).await,
        Login::UserPass {
            mount,
            user,
            password,
        } => {
            let body = json!({ "password": password.read().await?.expose() });
            (mount, vec!["login", user], body)
        }
        Login::AppRole {
            mount,
            role_id,
            secret_id,
        } => {
            let body = match secret_id {
                Some(secret_id) => {
                    let secret_id = secret_id.read().await?;
                    json!({ "role_id": role_id, "secret_id": secret_id.expose() })
                }
                None => json!({ "role_id": role_id }),
            };
            (mount, vec!["login"], body)
        }
        Login::Kubernetes {
            mount,
            role,
            token_file,
        } => {
            let jwt = Source::File(token_file.clone()).read().await?;
            let body = json!({ "role": role, "jwt": jwt.expose() });
            (mount, vec!["login"], body)
        }
    };
    let mut call = Call::post(["auth", mount], &body);
    // A user name is a single segment, even if it contains a slash.
    call.path.extend(rest);
    let answer = client.ask(&call, None).await?;
    if !answer.is_success() {
        return Err(refused(login, &answer));
    }
    let Given { auth } = answer.read(&call)?;
    Ok(auth.into())
}

/// Uses an existing token, and asks Vault how long it is valid.
async fn look_up(client: &Client, source: &Source) -> Result<Token> {
    let text = source.read().await?;
    let call = Call::get(["auth", "token", "lookup-self"]);
    let answer = client.ask(&call, Some(&text)).await?;
    if !answer.is_success() {
        return Err(refused(&Login::Token(source.clone()), &answer));
    }
    let Known { data } = answer.read(&call)?;
    let lease = Lease {
        seconds: data.ttl,
        is_renewable: data.renewable,
    };
    Ok(Token::new(text, lease))
}

/// Renews the token. `None` if Vault does not renew it.
pub(crate) async fn renew(client: &Client, token: &Token) -> Result<Option<Token>> {
    let body = json!({});
    let call = Call::post(["auth", "token", "renew-self"], &body);
    let answer = client.ask(&call, Some(&token.text)).await?;
    if !answer.is_success() {
        tracing::debug!(status = answer.status, "Vault does not renew the token");
        return Ok(None);
    }
    let Given { auth } = answer.read(&call)?;
    Ok(Some(Token::from(auth).following(token)))
}

fn refused(login: &Login, answer: &Answer) -> VaultError {
    let said = answer.said();
    VaultError::LoginRefused {
        method: login.name(),
        status: answer.status,
        said: if said.is_empty() {
            "it does not say why".to_owned()
        } else {
            said
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renewable(seconds: u64) -> Token {
        let is_renewable = true;
        let lease = Lease {
            seconds,
            is_renewable,
        };
        Token::new(Plaintext::new("hvs.x"), lease)
    }

    fn fixed(seconds: u64) -> Token {
        let is_renewable = false;
        let lease = Lease {
            seconds,
            is_renewable,
        };
        Token::new(Plaintext::new("hvs.x"), lease)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_in_the_last_third_of_its_life() {
        let (renewable, fixed) = (renewable(90), fixed(90));
        for (after, one, two) in [
            (59, Due::Nothing, Due::Nothing),
            (2, Due::Renewal, Due::Login),
            (23, Due::Renewal, Due::Login),
            (2, Due::Over, Due::Over),
        ] {
            tokio::time::advance(Duration::from_secs(after)).await;
            assert_eq!((renewable.due(), fixed.due()), (one, two));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_near_its_longest_life_is_replaced() {
        let shortened = renewable(44).following(&renewable(90));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(shortened.due(), Due::Login);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_without_an_end_is_left_alone() {
        let root = fixed(0);
        tokio::time::advance(Duration::from_hours(9_000)).await;
        assert_eq!((root.due(), root.until_next_check()), (Due::Nothing, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_may_be_of_any_length() {
        assert_eq!(renewable(u64::MAX).due(), Due::Nothing);
        assert_eq!(renewable(1).due(), Due::Nothing);
    }

    #[test]
    fn a_token_is_not_shown() {
        let shown = format!("{:?}", renewable(1));
        assert!(!shown.contains("hvs"), "{shown}");
    }
}
