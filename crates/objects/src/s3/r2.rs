//! Temporary keys of Cloudflare R2, which come from Cloudflare's API instead of an STS.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use serde::Deserialize;
use serde_json::json;

use super::session::{Session, now};
use crate::connection::Transport;
use crate::credential::AccessKey;
use crate::error::StoreFailure;
use crate::open::OpenError;
use crate::secret::Secret;
use crate::token::{Answer, TokenFailure, TokenService};
use crate::vend::{Permission, Scope};

const API: &str = "https://api.cloudflare.com/client/v4";

/// Cloudflare's API for one account's temporary keys.
#[derive(Debug)]
pub(super) struct R2 {
    service: TokenService,
    url: Url,
    parent_key_id: String,
    authorization: Secret<HeaderValue>,
}

impl R2 {
    pub(super) fn open(
        account_id: &str,
        key: &AccessKey,
        token: &Secret<String>,
    ) -> Result<Self, OpenError> {
        Self::at(API, account_id, key, token)
    }

    fn at(
        api: &str,
        account_id: &str,
        key: &AccessKey,
        token: &Secret<String>,
    ) -> Result<Self, OpenError> {
        let failed = |e: String| OpenError::Failed(format!("Cloudflare's API: {e}"));
        let url = format!("{api}/accounts/{account_id}/r2/temp-access-credentials");
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| failed("the `token` cannot be sent".to_owned()))?;
        Ok(Self {
            service: TokenService::new(Transport::of(&url)).map_err(|e| failed(e.to_string()))?,
            url: Url::parse(&url).map_err(|e| failed(e.to_string()))?,
            parent_key_id: key.id.clone(),
            authorization: Secret::new(bearer),
        })
    }

    pub(super) async fn session(
        &self,
        bucket: &str,
        scope: &Scope,
        duration: Duration,
    ) -> Result<Session, TokenFailure> {
        let prefixes = match scope.folder.key() {
            "" => Vec::new(),
            key => vec![format!("{key}/")],
        };
        let body = json!({
            "bucket": bucket,
            "parentAccessKeyId": self.parent_key_id,
            "permission": match scope.permission {
                Permission::Read => "object-read-only",
                Permission::Write => "object-read-write",
            },
            "prefixes": prefixes,
            "ttlSeconds": duration.as_secs(),
        });
        let body = body.to_string();
        // The answer does not say when the keys expire. They are made after this moment, so this is not too late.
        let expires_at = now() + duration;
        self.service
            .ask(
                || Ok(self.request(&body)),
                |answer| read(answer, expires_at),
            )
            .await
    }

    fn request(&self, body: &str) -> Request {
        let mut request = Request::new(Method::POST, self.url.clone());
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.expose().clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.to_owned().into());
        request
    }
}

#[derive(Deserialize)]
struct Response {
    result: Option<Keys>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

#[derive(Deserialize)]
struct Problem {
    code: i64,
    message: String,
}

fn read(answer: &Answer, expires_at: SystemTime) -> Result<Session, StoreFailure> {
    let response: Option<Response> = serde_json::from_slice(&answer.body).ok();
    match response {
        Some(Response {
            result: Some(keys), ..
        }) if answer.is_success() => {
            let parts = [
                keys.access_key_id,
                keys.secret_access_key,
                keys.session_token,
            ];
            Session::new(parts, expires_at)
                .ok_or_else(|| answer.failure(None, Some("its keys cannot be used")))
        }
        Some(Response { errors, .. }) => {
            let first = errors.into_iter().next();
            let code = first.as_ref().map(|problem| problem.code.to_string());
            Err(answer.failure(code, first.as_ref().map(|problem| problem.message.as_str())))
        }
        None => Err(answer.failure(None, Some("its answer is not that of Cloudflare's API"))),
    }
}
