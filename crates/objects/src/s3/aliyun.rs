//! `AssumeRole` of Alibaba Cloud, whose requests are signed in their own way.
//!
//! Signature of RPC requests, version 1.0: HMAC-SHA1 over the sorted and encoded parameters.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use ring::hmac;
use serde::Deserialize;
use uuid::Uuid;

use super::session::{Session, now, time};
use super::vendor::SESSION_NAME;
use crate::connection::Transport;
use crate::credential::AccessKey;
use crate::error::StoreFailure;
use crate::open::OpenError;
use crate::profile::S3Profile;
use crate::secret::Secret;
use crate::token::{Answer, TokenFailure, TokenService};

const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

type Parameters<'a> = BTreeMap<&'a str, String>;

/// The token service for one role.
#[derive(Debug)]
pub(super) struct Aliyun {
    service: TokenService,
    url: Url,
    role_arn: String,
    key: AccessKey,
    external_id: Option<Secret<String>>,
}

impl Aliyun {
    pub(super) fn open(
        profile: &S3Profile,
        key: &AccessKey,
        external_id: Option<&Secret<String>>,
    ) -> Result<Self, OpenError> {
        let failed = |e: String| OpenError::Failed(format!("the token service: {e}"));
        let url = match profile.own_sts_endpoint() {
            Some(endpoint) => endpoint.to_owned(),
            None => format!("https://sts.{}.aliyuncs.com/", profile.region()),
        };
        let role_arn = profile
            .sts_role_arn()
            .ok_or_else(|| failed("`sts-role-arn` is missing".to_owned()))?;
        Ok(Self {
            service: TokenService::new(Transport::of(&url)).map_err(|e| failed(e.to_string()))?,
            url: Url::parse(&url).map_err(|e| failed(e.to_string()))?,
            role_arn: role_arn.to_owned(),
            key: key.clone(),
            external_id: external_id.cloned(),
        })
    }

    pub(super) async fn assume_role(
        &self,
        policy: &str,
        duration: Duration,
    ) -> Result<Session, TokenFailure> {
        self.service
            .ask(|| Ok(self.request(policy, duration)), read)
            .await
    }

    fn request(&self, policy: &str, duration: Duration) -> Request {
        let mut parameters: Parameters<'_> = [
            ("AccessKeyId", self.key.id.as_str()),
            ("Action", "AssumeRole"),
            ("DurationSeconds", &duration.as_secs().to_string()),
            ("Format", "JSON"),
            ("Policy", policy),
            ("RoleArn", &self.role_arn),
            ("RoleSessionName", SESSION_NAME),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", &Uuid::new_v4().to_string()),
            ("SignatureVersion", "1.0"),
            (
                "Timestamp",
                &DateTime::<Utc>::from(now())
                    .format("%Y-%m-%dT%H:%M:%SZ")
                    .to_string(),
            ),
            ("Version", "2015-04-01"),
        ]
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
        if let Some(id) = &self.external_id {
            parameters.insert("ExternalId", id.expose().clone());
        }
        let signature = signature(&parameters, &self.key.secret);
        parameters.insert("Signature", signature);
        let mut request = Request::new(Method::POST, self.url.clone());
        request.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        *request.body_mut() = Some(query(&parameters).into());
        request
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NOT_UNRESERVED).to_string()
}

fn query(parameters: &Parameters<'_>) -> String {
    let pairs: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

fn signature(parameters: &Parameters<'_>, secret: &Secret<String>) -> String {
    let text = format!("POST&{}&{}", encoded("/"), encoded(&query(parameters)));
    let key = format!("{}&", secret.expose());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    BASE64.encode(hmac::sign(&key, text.as_bytes()))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeRoleResponse {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: Option<String>,
    message: Option<String>,
}

fn read(answer: &Answer) -> Result<Session, StoreFailure> {
    if !answer.is_success() {
        return Err(match serde_json::from_slice(&answer.body) {
            Ok(Refusal { code, message }) => answer.failure(code, message.as_deref()),
            Err(_) => answer.failure(None, None),
        });
    }
    // The message of the JSON reader could quote a secret.
    session(&answer.body)
        .ok_or_else(|| answer.failure(None, Some("its answer is not that of `AssumeRole`")))
}

fn session(body: &[u8]) -> Option<Session> {
    let found: AssumeRoleResponse = serde_json::from_slice(body).ok()?;
    let Credentials {
        access_key_id,
        access_key_secret,
        security_token,
        expiration,
    } = found.credentials;
    Session::new(
        [access_key_id, access_key_secret, security_token],
        time(&expiration)?,
    )
}
