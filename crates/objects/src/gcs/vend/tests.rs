//! The exchange of tokens, against a stand-in that checks every parameter.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::super::stand_in::{Canned, GoogleStandIn, NARROW_TOKEN, OWN_TOKEN, Seen, given, google};
use super::super::token::now;
use super::*;
use crate::credential::StorageCredential;
use crate::profile::StorageProfile;
use crate::vend::Permission;

fn vendor(service: &GoogleStandIn, changes: &[(&str, serde_json::Value)]) -> Arc<dyn Vendor> {
    let profile = json!({"type": "gcs", "bucket": "bucket-1", "key-prefix": "wh"});
    let mut key = service.key();
    for (field, value) in changes {
        key[field] = value.clone();
    }
    let credential = json!({"type": "gcs", "credential-type": "service-account-key", "key": key});
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&credential).unwrap();
    crate::vendor(&profile, Some(&credential)).unwrap().unwrap()
}

fn scope(folder: &str) -> Scope {
    Scope {
        folder: Location::parse(folder).unwrap(),
        permission: Permission::Write,
    }
}

/// Answers as Google does, except for the exchange.
async fn exchanging(exchange: impl Fn(&Seen) -> Canned + Send + Sync + 'static) -> GoogleStandIn {
    GoogleStandIn::answering(Box::new(move |seen| match seen.target() {
        "POST /v1/token" => exchange(seen),
        _ => google(seen),
    }))
    .await
}

#[tokio::test]
async fn an_engine_gets_a_narrow_token_in_the_spelling_of_its_client() {
    let service = GoogleStandIn::start().await;
    let vendor = vendor(&service, &[]);
    let vended = vendor
        .vend(&scope("gs://bucket-1/wh/orders"))
        .await
        .unwrap();

    let left = vended.expires_at.duration_since(now()).unwrap().as_secs();
    assert!((2990..=3000).contains(&left), "{left}");
    let config: Vec<(&str, &str)> = vended
        .config
        .iter()
        .map(|(key, value)| (key.as_str(), value.expose().as_str()))
        .collect();
    let expires_at = millis(vended.expires_at);
    assert_eq!(
        config,
        [
            ("gcs.oauth2.token", NARROW_TOKEN),
            ("gcs.oauth2.token-expires-at", &expires_at),
            ("expiration-time", &expires_at),
            ("gcs.project-id", "project-1"),
            ("gcs.service.host", &service.url),
        ]
    );
    assert_eq!(vended.scope, scope("gs://bucket-1/wh/orders"));

    assert_eq!(service.targets(), ["POST /token", "POST /v1/token"]);
    let options = &service.seen()[1].form()["options"];
    let asked: serde_json::Value = serde_json::from_str(options).unwrap();
    assert_eq!(
        asked,
        boundary::of("bucket-1", &scope("gs://bucket-1/wh/orders")).unwrap()
    );
}

#[tokio::test]
async fn the_storage_is_opened_with_nothing_but_the_narrow_token() {
    let service = exchanging(|_| given(NARROW_TOKEN, 3000)).await;
    let vended = vendor(&service, &[])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await;
    let profile = json!({"type": "gcs", "bucket": "bucket-1", "key-prefix": "wh"});
    let profile = StorageProfile::from_json(&profile).unwrap();
    let objects = crate::open::open_vended(&profile, &vended.unwrap()).unwrap();
    let at = Location::parse("gs://bucket-1/wh/t/a").unwrap();
    // The stand-in has no storage: only the request matters.
    objects.read(&at, 1).await.unwrap_err();
    let seen = service.seen();
    let read = seen.last().unwrap();
    assert_eq!(
        read.target(),
        "GET /storage/v1/b/bucket-1/o/wh%2Ft%2Fa?alt=media"
    );
    let bearer = format!("Bearer {NARROW_TOKEN}");
    assert_eq!(read.header("authorization"), Some(bearer.as_str()));
    assert!(!format!("{objects:?}").contains(NARROW_TOKEN));
}

#[tokio::test]
async fn the_servers_own_token_is_fetched_once() {
    let service = GoogleStandIn::start().await;
    let vendor = vendor(&service, &[]);
    for table in ["a", "b", "c"] {
        let folder = format!("gs://bucket-1/wh/{table}");
        vendor.vend(&scope(&folder)).await.unwrap();
    }
    let own = service.targets();
    assert_eq!(own.iter().filter(|t| *t == "POST /token").count(), 1);
}

#[tokio::test]
async fn a_narrow_token_ends_with_the_one_it_was_made_of() {
    let silent = |_: &Seen| Canned(200, "", json!({"access_token": NARROW_TOKEN}).to_string());
    let boasting = |_: &Seen| given(NARROW_TOKEN, 7200);
    for service in [exchanging(silent).await, exchanging(boasting).await] {
        let vendor = vendor(&service, &[]);
        let vended = vendor.vend(&scope("gs://bucket-1/wh/t")).await.unwrap();
        let left = vended.expires_at.duration_since(now()).unwrap();
        assert!(left <= Duration::from_hours(1) && left > Duration::from_secs(3590));
    }
}

#[tokio::test]
async fn nothing_outside_of_the_warehouse_is_asked_for() {
    let service = GoogleStandIn::start().await;
    let vendor = vendor(&service, &[]);
    for folder in [
        "gs://bucket-1/wh2/t",
        "gs://bucket-1",
        "gs://bucket-2/wh/t",
        "s3://bucket-1/wh/t",
    ] {
        let error = vendor.vend(&scope(folder)).await.unwrap_err();
        assert!(matches!(error, VendError::Refused { .. }), "{error}");
        assert!(
            error.to_string().contains("outside of the warehouse"),
            "{error}"
        );
    }
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn a_busy_service_is_asked_three_times_and_then_reported_as_busy() {
    let busy = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota"}});
    let service = exchanging(move |_| Canned(429, "retry-after: 1\r\n", busy.to_string())).await;
    let error = vendor(&service, &[])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await
        .unwrap_err();
    let VendError::Throttled { retry_after, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*retry_after, Some(Duration::from_secs(1)));
    assert!(
        error.to_string().contains("quota (429 RESOURCE_EXHAUSTED)"),
        "{error}"
    );
    let asked = service.targets();
    assert_eq!(asked.iter().filter(|t| *t == "POST /v1/token").count(), 3);
}

#[tokio::test]
async fn broken_services_are_unavailable_and_refusals_are_final() {
    let service = exchanging(|_| Canned(500, "", String::new())).await;
    let error = vendor(&service, &[])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await;
    assert!(
        matches!(error, Err(VendError::Unavailable { .. })),
        "{error:?}"
    );

    let nobody = json!("http://127.0.0.1:1/v1/token");
    let error = vendor(&service, &[("sts_url", nobody)])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await;
    assert!(
        matches!(error, Err(VendError::Unavailable { .. })),
        "{error:?}"
    );

    let service = exchanging(|_| Canned(403, "", String::new())).await;
    let error = vendor(&service, &[])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await;
    assert!(matches!(error, Err(VendError::Refused { .. })), "{error:?}");
    assert_eq!(service.seen().len(), 2);
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let service = exchanging(|seen| {
        let own = &seen.form()["subject_token"];
        let body = json!({"error": "invalid_request", "error_description": format!("no {own}")});
        Canned(400, "", body.to_string())
    })
    .await;
    let refusing = vendor(&service, &[]);
    let error = refusing
        .vend(&scope("gs://bucket-1/wh/t"))
        .await
        .unwrap_err();
    let vended = vendor(&GoogleStandIn::start().await, &[])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await
        .unwrap();
    let shown = format!("{error} {error:?} {refusing:?} {vended:?}");
    assert!(shown.contains("invalid_request"), "{shown}");
    assert!(
        !shown.contains(OWN_TOKEN) && !shown.contains(NARROW_TOKEN),
        "{shown}"
    );
}

#[tokio::test]
async fn the_servers_own_token_is_never_handed_out() {
    let service = exchanging(|_| given(OWN_TOKEN, 3000)).await;
    let error = vendor(&service, &[])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await;
    assert!(matches!(error, Err(VendError::Refused { .. })), "{error:?}");

    let anonymous = vendor(&service, &[("disable_oauth", json!(true))]);
    let error = anonymous
        .vend(&scope("gs://bucket-1/wh/t"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("disable_oauth"), "{error}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = GoogleStandIn::start().await;
    let location: &'static str = format!("location: {}/v1/token\r\n", elsewhere.url).leak();
    let service = exchanging(move |_| Canned(307, location, String::new())).await;
    let error = vendor(&service, &[])
        .vend(&scope("gs://bucket-1/wh/t"))
        .await;
    assert!(error.is_err());
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn vending_can_be_switched_off() {
    let profile = json!({"type": "gcs", "bucket": "bucket-1", "sts-enabled": false});
    let credential = json!({"type": "gcs", "credential-type": "gcp-system-identity"});
    let profile = StorageProfile::from_json(&profile).unwrap();
    let credential = StorageCredential::from_json(&credential).unwrap();
    assert!(
        crate::vendor(&profile, Some(&credential))
            .unwrap()
            .is_none()
    );
}
