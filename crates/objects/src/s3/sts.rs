//! `AssumeRole` of AWS's Security Token Service and of services that speak its protocol.

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use object_store::aws::{AwsCredential, AwsCredentialProvider};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use serde::Deserialize;
use url::form_urlencoded;

use super::session::{Session, time};
use super::{identity, request};
use crate::connection::Transport;
use crate::credential::S3Credential;
use crate::error::StoreFailure;
use crate::open::OpenError;
use crate::profile::S3Profile;
use crate::secret::Secret;
use crate::token::{Answer, TokenFailure, TokenService};

/// The only version of the protocol.
const VERSION: &str = "2011-06-15";

/// The token service of one warehouse, asked with the identity of the warehouse's credential.
#[derive(Debug)]
pub(super) struct Sts {
    service: TokenService,
    url: Url,
    region: String,
    identity: AwsCredentialProvider,
    external_id: Option<Secret<String>>,
}

/// The parameters of a request for a session.
#[derive(Debug, Clone, Default)]
pub(super) struct AssumeRole<'a> {
    /// The role; compatible stores may have none.
    pub(super) role_arn: Option<&'a str>,
    /// Name of the session in the account's audit log.
    pub(super) session_name: &'a str,
    pub(super) duration: Duration,
    /// Limits the session to a part of the role's rights; without it, the session has all of them.
    pub(super) policy: Option<&'a str>,
    pub(super) tags: Option<&'a BTreeMap<String, String>>,
}

impl Sts {
    pub(super) fn open(profile: &S3Profile, credential: &S3Credential) -> Result<Self, OpenError> {
        let failed = |e: String| OpenError::Failed(format!("the token service: {e}"));
        let url = address(profile);
        let url = Url::parse(&url).map_err(|e| failed(e.to_string()))?;
        Ok(Self {
            service: TokenService::new(Transport::of(url.as_str()))
                .map_err(|e| failed(e.to_string()))?,
            url,
            region: profile.region().to_owned(),
            identity: identity::of_credential(profile, credential)?,
            external_id: credential.external_id().cloned(),
        })
    }

    pub(super) async fn assume_role(
        &self,
        asked: &AssumeRole<'_>,
    ) -> Result<Session, TokenFailure> {
        let key = request::key(&self.identity).await?;
        let body = self.body(asked);
        self.service.ask(|| self.signed(&key, &body), read).await
    }

    fn body(&self, asked: &AssumeRole<'_>) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "AssumeRole")
            .append_pair("Version", VERSION)
            .append_pair("RoleSessionName", asked.session_name)
            .append_pair("DurationSeconds", &asked.duration.as_secs().to_string());
        let external_id = self.external_id.as_ref().map(|id| id.expose().as_str());
        let optional = [
            ("RoleArn", asked.role_arn),
            ("ExternalId", external_id),
            ("Policy", asked.policy),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        for (n, (key, value)) in (1..).zip(asked.tags.into_iter().flatten()) {
            form.append_pair(&format!("Tags.member.{n}.Key"), key)
                .append_pair(&format!("Tags.member.{n}.Value"), value);
        }
        form.finish()
    }

    fn signed(&self, key: &AwsCredential, body: &str) -> Result<Request, TokenFailure> {
        let mut request = Request::new(Method::POST, self.url.clone());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        request.headers_mut().insert(CONTENT_TYPE, form);
        *request.body_mut() = Some(body.to_owned().into());
        request::sign(&mut request, key, "sts", &self.region)?;
        Ok(request)
    }
}

/// URL of the token service: the configured one, or AWS's in the bucket's region.
fn address(profile: &S3Profile) -> String {
    match profile.sts_endpoint() {
        Some(endpoint) => endpoint.to_owned(),
        None => of_region(profile),
    }
}

/// URL of AWS's token service in the bucket's region.
pub(super) fn of_region(profile: &S3Profile) -> String {
    let domain = profile.partition().domain;
    format!("https://sts.{}.{domain}/", profile.region())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeRoleResponse {
    assume_role_result: AssumeRoleResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeRoleResult {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorResponse {
    error: Refusal,
}

/// Some stores answer with this element alone, as S3 does.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: Option<String>,
    message: Option<String>,
}

fn read(answer: &Answer) -> Result<Session, StoreFailure> {
    let text = String::from_utf8_lossy(&answer.body);
    if answer.is_success() {
        // The message of the XML reader could quote a secret.
        session(&text)
            .ok_or_else(|| answer.failure(None, Some("its answer is not that of `AssumeRole`")))
    } else {
        Err(refusal(answer, &text))
    }
}

fn session(text: &str) -> Option<Session> {
    let found: AssumeRoleResponse = quick_xml::de::from_str(text).ok()?;
    let Credentials {
        access_key_id,
        secret_access_key,
        session_token,
        expiration,
    } = found.assume_role_result.credentials;
    Session::new(
        [access_key_id, secret_access_key, session_token],
        time(&expiration)?,
    )
}

fn refusal(answer: &Answer, text: &str) -> StoreFailure {
    let found = quick_xml::de::from_str::<ErrorResponse>(text)
        .map(|response| response.error)
        .or_else(|_| quick_xml::de::from_str::<Refusal>(text));
    match found {
        Ok(Refusal { code, message }) => answer.failure(code, message.as_deref()),
        Err(_) => answer.failure(None, None),
    }
}
