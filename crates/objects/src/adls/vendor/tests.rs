//! Vended access, with stand-ins for Entra ID and for the service that issues keys.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::sas::verifier::{Asked, judge};
use super::*;
use crate::token::stand_in::{Canned, TokenServiceStandIn};
use crate::{Permission, StorageCredential, StorageProfile, vendor};

const KEY: &[u8] = b"a key that Azure gave, 32 bytes.";

fn client() -> Value {
    json!({
        "type": "az", "credential-type": "client-credentials",
        "client-id": "app-1", "tenant-id": "tenant-1", "client-secret": "hunter2",
    })
}

fn open(profile: &Value, credential: &Value) -> Option<Arc<dyn Vendor>> {
    let profile = StorageProfile::from_json(profile).unwrap();
    let credential = StorageCredential::from_json(credential).unwrap();
    vendor(&profile, Some(&credential)).unwrap()
}

fn token() -> Canned {
    (
        200,
        json!({"access_token": "bearer-1", "expires_in": 3600}).to_string(),
    )
}

/// A key with this validity, in the form of Azure's answer.
fn key_for(life: Duration) -> Canned {
    let expiry = super::super::sas::timestamp(now() + life);
    let value = STANDARD.encode(KEY);
    let body = format!(
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDelegationKey><SignedOid>oid-1</SignedOid>\
         <SignedTid>tid-1</SignedTid><SignedStart>2026-01-01T00:00:00Z</SignedStart><SignedExpiry>{expiry}</SignedExpiry>\
         <SignedService>b</SignedService><SignedVersion>2023-11-03</SignedVersion><Value>{value}</Value></UserDelegationKey>"
    );
    (200, body)
}

/// A vendor whose authority and account are stand-ins.
struct Azure {
    authority: TokenServiceStandIn,
    keys: TokenServiceStandIn,
    vendor: Arc<dyn Vendor>,
    base: String,
}

impl Azure {
    async fn answering(tokens: Vec<Canned>, keys: Vec<Canned>) -> Self {
        let authority = TokenServiceStandIn::answering(tokens).await;
        let keys = TokenServiceStandIn::answering(keys).await;
        let port = keys.url.trim_end_matches('/').rsplit(':').next().unwrap();
        let host = format!("dfs.localhost:{port}");
        let profile = json!({
            "type": "adls", "account-name": "account1", "filesystem": "lake", "key-prefix": "wh",
            "host": host, "authority-host": authority.url,
        });
        Self {
            vendor: open(&profile, &client()).unwrap(),
            base: format!("abfss://lake@account1.{host}/wh"),
            authority,
            keys,
        }
    }

    async fn vend(&self, folder: &str) -> Result<Vended, VendError> {
        let folder = Location::parse(&format!("{}/{folder}", self.base)).unwrap();
        let permission = Permission::Write;
        self.vendor.vend(&Scope { folder, permission }).await
    }
}

fn config(vended: &Vended) -> BTreeMap<&str, &str> {
    let config = vended.config.iter();
    config
        .map(|(key, value)| (key.as_str(), value.expose().as_str()))
        .collect()
}

fn asked(path: &str, permission: char) -> Asked<'_> {
    Asked {
        account: "account1",
        filesystem: "lake",
        path,
        permission,
        at: DateTime::<Utc>::from(now()),
    }
}

#[tokio::test]
async fn a_signature_is_made_with_the_key_that_the_identity_got() {
    let hours = Duration::from_hours(2);
    let azure = Azure::answering(vec![token()], vec![key_for(hours)]).await;
    let vended = azure.vend("t").await.unwrap();

    let form = azure.authority.only().form();
    assert_eq!(
        azure.authority.only().target(),
        "POST //tenant-1/oauth2/v2.0/token".replace("//", "/")
    );
    assert_eq!(form["client_id"], "app-1");
    assert_eq!(form["client_secret"], "hunter2");
    assert_eq!(form["scope"], "https://storage.azure.com/.default");
    let seen = azure.keys.only();
    assert_eq!(
        seen.target(),
        "POST /?restype=service&comp=userdelegationkey"
    );
    assert_eq!(seen.header("authorization"), Some("Bearer bearer-1"));
    assert_eq!(seen.header("x-ms-version"), Some("2023-11-03"));
    assert!(seen.body.contains("<KeyInfo><Start>20"), "{}", seen.body);

    let config = config(&vended);
    let host = azure.base.split(['@', '/']).nth(3).unwrap();
    let token = config["adls.sas-token"];
    for name in [host, "account1"] {
        assert_eq!(config[format!("adls.sas-token.{name}").as_str()], token);
        let expiry: u64 = config[format!("adls.sas-token-expires-at-ms.{name}").as_str()]
            .parse()
            .unwrap();
        let expected = vended
            .expires_at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(expiry, expected.as_secs() * 1000);
    }
    assert_eq!(config["adls.account-name"], "account1");
    let expiry = format!("adls.sas-token-expires-at-ms.{host}");
    assert_eq!(config["expiration-time"], config[expiry.as_str()]);
    assert_eq!(config.len(), 7);
    assert_eq!(judge(token, KEY, &asked("wh/t/a", 'w')), Ok(()));
    assert!(judge(token, KEY, &asked("wh/t2/a", 'w')).is_err());
    let left = vended.expires_at.duration_since(now()).unwrap();
    assert!(
        left <= Duration::from_hours(1) && left > Duration::from_mins(59),
        "{left:?}"
    );
    let shown = format!("{vended:?} {:?}", azure.vendor);
    assert!(
        !shown.contains("sig=") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[tokio::test]
async fn one_key_serves_many_signatures() {
    let azure = Azure::answering(vec![token()], vec![key_for(Duration::from_hours(2))]).await;
    let folders: Vec<String> = (0..20).map(|i| format!("t{i}")).collect();
    let all = futures::future::join_all(folders.iter().map(|folder| azure.vend(folder))).await;
    let mut tokens: Vec<String> = all
        .into_iter()
        .map(|vended| config(&vended.unwrap())["adls.sas-token"].to_owned())
        .collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 20);
    assert_eq!(azure.authority.seen().len(), 1);
    assert_eq!(azure.keys.seen().len(), 1);
}

#[tokio::test]
async fn no_signature_outlives_its_key() {
    let azure = Azure::answering(vec![token()], vec![key_for(Duration::from_mins(20))]).await;
    let vended = azure.vend("t").await.unwrap();
    let left = vended.expires_at.duration_since(now()).unwrap();
    assert!(left <= Duration::from_mins(20), "{left:?}");
    let token = config(&vended)["adls.sas-token"].to_owned();
    assert_eq!(judge(&token, KEY, &asked("wh/t", 'r')), Ok(()));
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let busy = (
        503,
        "<Error><Code>ServerBusy</Code><Message>Busy.</Message></Error>".to_owned(),
    );
    let answers = vec![busy.clone(), key_for(Duration::from_hours(2))];
    let azure = Azure::answering(vec![token()], answers).await;
    azure.vend("t").await.unwrap();
    assert_eq!(azure.keys.seen().len(), 2);

    let azure = Azure::answering(vec![token()], vec![busy]).await;
    let error = azure.vend("t").await.unwrap_err();
    assert!(matches!(error, VendError::Throttled { .. }), "{error:?}");
}

#[tokio::test]
async fn refusals_are_told_without_secrets() {
    let refused = json!({
        "error": "invalid_client",
        "error_description": "AADSTS7000215: Invalid client secret provided: hunter2.",
    });
    let azure = Azure::answering(vec![(401, refused.to_string())], vec![token()]).await;
    let error = azure.vend("t").await.unwrap_err();
    assert!(matches!(error, VendError::Refused { .. }), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("Entra ID refused the credential (401 AADSTS7000215)"),
        "{shown}"
    );
    assert!(!shown.contains("hunter2"), "{shown}");

    let denied = "<Error><Code>AuthorizationPermissionMismatch</Code><Message>Not authorized.</Message></Error>";
    let azure = Azure::answering(vec![token()], vec![(403, denied.to_owned())]).await;
    let error = azure.vend("t").await.unwrap_err();
    assert!(matches!(error, VendError::Refused { .. }), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("Not authorized. (403 AuthorizationPermissionMismatch)"),
        "{shown}"
    );
    assert!(!shown.contains("bearer-1"), "{shown}");

    let azure = Azure::answering(vec![token()], vec![(200, "<html/>".to_owned())]).await;
    let error = azure.vend("t").await.unwrap_err();
    assert!(matches!(error, VendError::Unavailable { .. }), "{error:?}");
}

fn account(changes: &[(&str, Value)]) -> Value {
    let mut profile = json!({"type": "adls", "account-name": "account1", "filesystem": "lake", "key-prefix": "wh"});
    for (field, value) in changes {
        profile[field] = value.clone();
    }
    profile
}

fn account_key() -> Value {
    json!({"type": "az", "credential-type": "shared-access-key", "key": STANDARD.encode(KEY)})
}

#[tokio::test]
async fn the_key_of_the_account_signs_too_and_only_below_the_base() {
    let profile = account(&[
        ("allow-alternative-protocols", json!(true)),
        ("sas-token-validity-seconds", json!(900)),
    ]);
    let vendor = open(&profile, &account_key()).unwrap();
    let scope = |folder: &str| Scope {
        folder: Location::parse(folder).unwrap(),
        permission: Permission::Read,
    };
    let vended = vendor
        .vend(&scope("wasbs://lake@account1.blob.core.windows.net/wh/t"))
        .await
        .unwrap();
    let left = vended.expires_at.duration_since(now()).unwrap();
    assert!(
        left <= Duration::from_mins(15) && left > Duration::from_mins(14),
        "{left:?}"
    );
    let config = config(&vended);
    let token = config["adls.sas-token.account1.dfs.core.windows.net"];
    assert_eq!(
        config["adls.sas-token.account1.blob.core.windows.net"],
        token
    );
    assert_eq!(judge(token, KEY, &asked("wh/t/a", 'r')), Ok(()));
    assert!(judge(token, KEY, &asked("wh/t/a", 'w')).is_err());
    assert!(token.contains("spr=https"), "{vended:?}");
    for outside in [
        "abfss://lake@account1.dfs.core.windows.net/wh2/t",
        "abfss://lake@account1.dfs.core.windows.net",
        "abfss://lake2@account1.dfs.core.windows.net/wh/t",
        "s3://lake/wh/t",
    ] {
        let error = vendor.vend(&scope(outside)).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("outside of the warehouse's base"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_signature_lives_for_a_minute_at_least() {
    let profile = account(&[("sas-token-validity-seconds", json!(1))]);
    let kept = serde_json::to_value(StorageProfile::from_json(&profile).unwrap()).unwrap();
    assert_eq!(kept["sas-token-validity-seconds"], 1);
    let vendor = open(&profile, &account_key()).unwrap();
    let folder = Location::parse("abfss://lake@account1.dfs.core.windows.net/wh/t").unwrap();
    let permission = Permission::Read;
    let vended = vendor.vend(&Scope { folder, permission }).await.unwrap();
    let left = vended.expires_at.duration_since(now()).unwrap();
    assert!(
        left <= Duration::from_mins(1) && left > Duration::from_secs(50),
        "{left:?}"
    );
}

#[test]
fn nothing_is_vended_where_the_profile_says_so() {
    assert!(open(&account(&[("sas-enabled", json!(false))]), &account_key()).is_none());
    let id = "0b2c1f1e-95d1-4a3c-8a3e-6f1f5d7c0a11";
    let onelake =
        json!({"type": "onelake", "workspace-id": id, "lakehouse-id": id, "sas-enabled": false});
    assert!(open(&onelake, &client()).is_none());
}
