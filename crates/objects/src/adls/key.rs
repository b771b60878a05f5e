//! User delegation keys, with which an identity of Entra ID may sign; fetched by one request at a time and kept.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use object_store::azure::{AzureCredential as Token, MicrosoftAzure};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};
use serde::Deserialize;
use url::Url;

use super::{classify, sas};
use crate::error::StoreFailure;
use crate::profile::Lake;
use crate::renewed::{Fresh, Renewed};
use crate::secret::Secret;
use crate::token::{Answer, TokenFailure, TokenService, now};

/// How far the clock of Azure may be behind ours.
const SKEW: Duration = Duration::from_mins(5);

/// A user delegation key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DelegationKey {
    pub(super) oid: String,
    pub(super) tid: String,
    pub(super) start: String,
    pub(super) expiry: String,
    pub(super) service: String,
    pub(super) version: String,
    pub(super) value: Secret<Vec<u8>>,
    /// No signature made with the key is valid for longer.
    pub(super) expires_at: SystemTime,
}

/// The current key of one identity, renewed while it is still good for a signature.
pub(super) struct Keys {
    service: TokenService,
    /// Gives the tokens with which keys are requested.
    store: MicrosoftAzure,
    url: String,
    /// Validity of a signature.
    validity: Duration,
    /// Validity that is requested for a key.
    life: Duration,
    present: Renewed<DelegationKey>,
}

impl Keys {
    pub(super) fn new(lake: &Lake, store: MicrosoftAzure, service: TokenService) -> Self {
        let longest = lake.longest_key.saturating_sub(SKEW);
        Self {
            service,
            store,
            url: format!(
                "{}/?restype=service&comp=userdelegationkey",
                lake.key_endpoint()
            ),
            validity: lake.token_validity,
            life: lake.token_validity.saturating_mul(2).min(longest),
            present: Renewed::new("a user delegation key of Azure"),
        }
    }

    /// A key that outlives a signature made now, or most of its life if Azure gives no key for so long. If no new key
    /// can be had, the old one until it expires.
    pub(super) async fn get(&self) -> Result<Arc<DelegationKey>, TokenFailure> {
        let asked = async || {
            let key = self.ask().await?;
            let expires_at = key.expires_at;
            Ok(Fresh::new(key, expires_at, |life| {
                life.saturating_sub(self.validity).max(life / 4)
            }))
        };
        self.present.get(asked).await
    }

    async fn ask(&self) -> Result<DelegationKey, TokenFailure> {
        let credential = self.store.credentials().get_credential().await;
        let credential = credential.map_err(|e| match classify::sign_in_refusal(&e) {
            Some(refusal) => TokenFailure::Refused(refusal),
            None => TokenFailure::unavailable(crate::classify::text(&e)),
        })?;
        let Token::BearerToken(token) = credential.as_ref() else {
            return Err(TokenFailure::refused(
                "only an identity of Entra ID can ask for a key",
            ));
        };
        self.service.ask(|| self.request(token), read).await
    }

    fn request(&self, token: &str) -> Result<Request, TokenFailure> {
        let (start, expiry) = (now() - SKEW, now() + self.life);
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>{}</Start><Expiry>{}</Expiry></KeyInfo>",
            sas::timestamp(start),
            sas::timestamp(expiry),
        );
        let unusable = || TokenFailure::refused("the request for a key cannot be put together");
        let url = Url::parse(&self.url).map_err(|_| unusable())?;
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| unusable())?;
        bearer.set_sensitive(true);
        let mut request = Request::new(Method::POST, url);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert("x-ms-version", HeaderValue::from_static(sas::VERSION));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        *request.body_mut() = Some(body.into());
        Ok(request)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.url)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    signed_oid: String,
    signed_tid: String,
    signed_start: String,
    signed_expiry: String,
    signed_service: String,
    signed_version: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: String,
    message: String,
}

fn read(answer: &Answer) -> Result<DelegationKey, StoreFailure> {
    // Azure's answers begin with a byte order mark.
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim_start_matches('\u{FEFF}');
    if !answer.is_success() {
        let refusal: Option<Refusal> = quick_xml::de::from_str(text).ok();
        let (code, message) = refusal.map(|r| (r.code, r.message)).unzip();
        return Err(answer.failure(code, message.as_deref()));
    }
    key(text).ok_or_else(|| answer.failure(None, Some("its answer is no user delegation key")))
}

fn key(text: &str) -> Option<DelegationKey> {
    let given: Given = quick_xml::de::from_str(text).ok()?;
    let expires_at = DateTime::parse_from_rfc3339(&given.signed_expiry).ok()?;
    Some(DelegationKey {
        value: Secret::new(STANDARD.decode(&given.value).ok()?),
        expires_at: expires_at.into(),
        oid: given.signed_oid,
        tid: given.signed_tid,
        start: given.signed_start,
        expiry: given.signed_expiry,
        service: given.signed_service,
        version: given.signed_version,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::connect;
    use super::*;
    use crate::{StorageCredential, StorageProfile};

    /// The URL at which a key is requested.
    fn asked(profile: &Value) -> String {
        let lake = match StorageProfile::from_json(profile).unwrap() {
            StorageProfile::OneLake(onelake) => onelake.lake(),
            StorageProfile::Adls(adls) => adls.lake(),
            other => panic!("{other:?}"),
        };
        let client = json!({
            "type": "az", "credential-type": "client-credentials",
            "client-id": "app-1", "tenant-id": "tenant-1", "client-secret": "hunter2",
        });
        let StorageCredential::Azure(client) = StorageCredential::from_json(&client).unwrap()
        else {
            panic!()
        };
        let pool = connect::pool(&lake, &client).unwrap();
        let store = connect::store(&lake, &client, pool).unwrap();
        let service = TokenService::new(lake.transport()).unwrap();
        let request = Keys::new(&lake, store, service).request("token").unwrap();
        request.url().to_string()
    }

    #[tokio::test]
    async fn behind_the_private_link_of_a_workspace_all_of_onelake_is_asked_for_a_key() {
        let workspace = "0b2c1f1e-95d1-4a3c-8a3e-6f1f5d7c0a11";
        let onelake = |mode: Value| {
            json!({
                "type": "onelake", "workspace-id": workspace, "lakehouse-id": workspace, "endpoint-mode": mode,
            })
        };
        for (profile, host) in [
            (
                onelake(json!({"type": "workspace-private-link"})),
                "onelake.blob.fabric.microsoft.com",
            ),
            (
                onelake(json!({"type": "default"})),
                "onelake.blob.fabric.microsoft.com",
            ),
            (
                onelake(json!({"type": "regional", "region": "westus"})),
                "westus-onelake.blob.fabric.microsoft.com",
            ),
            (
                json!({"type": "adls", "account-name": "account1", "filesystem": "lake"}),
                "account1.blob.core.windows.net",
            ),
        ] {
            let expected = format!("https://{host}/?restype=service&comp=userdelegationkey");
            assert_eq!(asked(&profile), expected);
        }
    }
}
