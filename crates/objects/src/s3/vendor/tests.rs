//! The access that an engine gets, and the requests to the token service for it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::*;
use crate::s3::session::now;
use crate::s3::sts::tests::{assert_signed, granted, refused};
use crate::token::stand_in::TokenServiceStandIn;
use crate::{OpenError, Permission, StorageCredential, StorageProfile, vendor};

const ROLE: &str = "arn:aws:iam::1:role/vend";

fn profile(fields: &Value) -> StorageProfile {
    let mut json = json!({
        "type": "s3", "bucket": "lake", "region": "eu-central-1", "sts-enabled": true,
        "key-prefix": "wh", "sts-token-validity-seconds": 1800,
    });
    for (name, value) in fields.as_object().unwrap() {
        json[name] = value.clone();
    }
    StorageProfile::from_json(&json).unwrap()
}

fn access_key() -> StorageCredential {
    StorageCredential::from_json(&json!({
        "type": "s3", "credential-type": "access-key", "access-key-id": "AKIAEXAMPLE",
        "secret-access-key": "hunter2", "external-id": "ext1",
    }))
    .unwrap()
}

fn scope(folder: &str) -> Scope {
    Scope {
        folder: Location::parse(folder).unwrap(),
        permission: Permission::Write,
    }
}

#[tokio::test]
async fn an_engine_gets_keys_for_one_folder() {
    let service =
        TokenServiceStandIn::answering(vec![granted("ASIA1", Duration::from_mins(30))]).await;
    let profile = profile(&json!({"sts-role-arn": ROLE, "sts-endpoint": service.url}));
    let vendor = vendor(&profile, Some(&access_key())).unwrap().unwrap();
    let scope = scope("s3://lake/wh/orders");
    let vended = vendor.vend(&scope).await.unwrap();

    assert_eq!(vended.scope, scope);
    let left = vended.expires_at.duration_since(now()).unwrap();
    assert!(left <= Duration::from_mins(30) && left > Duration::from_mins(29));
    let millis = vended
        .expires_at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let config: BTreeMap<_, _> = vended
        .config
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose().clone()))
        .collect();
    let expected = BTreeMap::from([
        ("expiration-time", millis.to_string()),
        ("s3.access-key-id", "ASIA1".to_owned()),
        ("s3.secret-access-key", "hunter2".to_owned()),
        ("s3.session-token", "hunter2/token+==".to_owned()),
        ("s3.session-token-expires-at-ms", millis.to_string()),
    ]);
    assert_eq!(config, expected);
    assert!(!format!("{vended:?} {vendor:?}").contains("hunter2"));

    let form = service.only().form();
    assert_eq!(form["RoleArn"], ROLE);
    assert_eq!(form["RoleSessionName"], "lakekeeper-sts");
    assert_eq!(form["DurationSeconds"], "1800");
    assert_eq!(form["ExternalId"], "ext1");
    assert!(form["Policy"].contains("arn:aws:s3:::lake/wh/orders/*"));
}

#[tokio::test]
async fn a_compatible_store_without_roles_is_asked_for_none() {
    let service =
        TokenServiceStandIn::answering(vec![granted("A1", Duration::from_mins(30))]).await;
    let profile = profile(&json!({"flavor": "s3-compat", "endpoint": service.url}));
    let vendor = vendor(&profile, Some(&access_key())).unwrap().unwrap();
    vendor.vend(&scope("s3://lake/wh/t")).await.unwrap();
    let form = service.only().form();
    assert!(
        !form.contains_key("RoleArn") && form.contains_key("Policy"),
        "{form:?}"
    );
}

#[tokio::test]
async fn nothing_is_vended_outside_of_the_warehouse() {
    let profile = profile(&json!({"sts-role-arn": ROLE, "sts-endpoint": "http://127.0.0.1:9"}));
    let vendor = vendor(&profile, Some(&access_key())).unwrap().unwrap();
    for outside in ["s3://lake/wh2/t", "s3://lake", "s3://other/wh/t"] {
        let error = vendor.vend(&scope(outside)).await.unwrap_err();
        assert!(matches!(error, VendError::Refused { .. }), "{error:?}");
        assert!(
            error.to_string().contains("outside of the warehouse"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_the_service_says_is_told_apart() {
    type Check = fn(&VendError) -> bool;
    let table: [(_, Check); 3] = [
        (refused(503, "SlowDown", "Later."), |e| {
            matches!(e, VendError::Throttled { .. })
        }),
        (refused(500, "InternalError", "Oh."), |e| {
            matches!(e, VendError::Unavailable { .. })
        }),
        (refused(403, "AccessDenied", "No."), |e| {
            matches!(e, VendError::Refused { .. })
        }),
    ];
    for (answer, is_expected) in table {
        let service = TokenServiceStandIn::answering(vec![answer]).await;
        let profile = profile(&json!({"sts-role-arn": ROLE, "sts-endpoint": service.url}));
        let vendor = vendor(&profile, Some(&access_key())).unwrap().unwrap();
        let error = vendor.vend(&scope("s3://lake/wh/t")).await.unwrap_err();
        assert!(is_expected(&error), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("s3://lake/wh/t") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}

#[test]
fn a_profile_without_vending_has_no_vendor() {
    let off = profile(&json!({"sts-enabled": false}));
    assert!(vendor(&off, Some(&access_key())).unwrap().is_none());
    assert!(vendor(&StorageProfile::Memory, None).unwrap().is_none());
    let role_missing = profile(&json!({}));
    let error = vendor(&role_missing, Some(&access_key())).unwrap_err();
    assert!(error.to_string().contains("`sts-role-arn`"), "{error}");
    let error = vendor(&role_missing, None).unwrap_err();
    assert!(matches!(error, OpenError::CredentialMissing("s3")));
}

#[tokio::test]
async fn seaweedfs_is_asked_at_its_one_address_for_the_role_of_its_users() {
    const ROLE: &str = "arn:aws:iam::000000000000:role/LakekeeperVendedRole";
    let service =
        TokenServiceStandIn::answering(vec![granted("ASIA1", Duration::from_hours(1))]).await;
    let profile = profile(&json!({
        "flavor": "s3-compat", "region": "us-east-1", "endpoint": service.url, "path-style-access": true,
        "sts-role-arn": ROLE, "sts-token-validity-seconds": 3600,
    }));
    let vendor = vendor(&profile, Some(&access_key())).unwrap().unwrap();
    vendor.vend(&scope("s3://lake/wh/orders")).await.unwrap();
    let seen = service.only();
    assert_eq!(seen.target(), "POST /");
    assert_signed(&seen, "sts");
    let form = seen.form();
    let sent =
        ["Action", "RoleArn", "RoleSessionName", "DurationSeconds"].map(|name| form[name].as_str());
    assert_eq!(sent, ["AssumeRole", ROLE, "lakekeeper-sts", "3600"]);
    let policy: Value = serde_json::from_str(&form["Policy"]).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements[0]["Resource"], "arn:aws:s3:::lake/wh/orders/*");
    assert_eq!(statements[1]["Resource"], "arn:aws:s3:::lake");
    assert_eq!(
        statements[1]["Condition"]["StringLike"]["s3:prefix"],
        "wh/orders/*"
    );
}
