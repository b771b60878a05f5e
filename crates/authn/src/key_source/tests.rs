//! When keys are fetched, and when not.

use std::sync::Arc;
use std::time::Duration;

use model::SystemClock;

use super::*;
use crate::stand_in::{Canned, Idp, Kind, SigningKey};
use crate::{
    Authenticator as _, AuthnError, BearerToken, OidcConfig, OidcProvider, Providers, Refusal,
};

const LONG: Duration = Duration::from_hours(1);
const PATIENT: Pace = Pace {
    again: LONG,
    failed: LONG,
    fresh: LONG,
    longest: LONG,
};

fn providers(idp: &Idp, pace: Pace) -> Arc<Providers> {
    let config = OidcConfig::new("oidc", &idp.issuer());
    let provider = OidcProvider::paced(config, pace).unwrap();
    Arc::new(Providers::new(vec![provider], None, Arc::new(SystemClock)))
}

async fn outcome(providers: &Providers, token: &str) -> Result<(), AuthnError> {
    let token = BearerToken::parse(token).unwrap();
    providers.authenticate(&token).await.map(drop)
}

#[tokio::test]
async fn however_many_come_first_the_keys_are_fetched_once() {
    let idp = Idp::start().await;
    idp.delay(Duration::from_millis(100));
    let providers = providers(&idp, PATIENT);
    let mut all = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (providers, token) = (Arc::clone(&providers), idp.token(&format!("user-{n}")));
        all.spawn(async move { outcome(&providers, &token).await });
    }
    for outcome in all.join_all().await {
        assert_eq!(outcome, Ok(()));
    }
    assert_eq!(idp.fetches(), 1);
}

#[tokio::test]
async fn a_client_that_goes_away_takes_the_keys_from_nobody() {
    let idp = Idp::start().await;
    idp.delay(Duration::from_millis(100));
    let providers = providers(&idp, PATIENT);
    let token = idp.token("first");
    let first = outcome(&providers, &token);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), first)
            .await
            .is_err()
    );
    assert_eq!(outcome(&providers, &idp.token("second")).await, Ok(()));
    assert_eq!(idp.fetches(), 1);
}

#[tokio::test]
async fn a_new_key_counts_with_its_first_token() {
    let idp = Idp::start().await;
    let often = Pace {
        again: Duration::ZERO,
        ..PATIENT
    };
    let providers = providers(&idp, often);
    assert_eq!(outcome(&providers, &idp.token("a")).await, Ok(()));
    let next = SigningKey::new(Kind::Es256, "key-2");
    idp.publish(&[&next.jwk()]);
    assert_eq!(
        outcome(&providers, &next.sign(&idp.claims("b"))).await,
        Ok(())
    );
    assert_eq!(idp.fetches(), 2);
    // The former key was withdrawn.
    let former = outcome(&providers, &idp.token("c")).await;
    assert!(
        matches!(former, Err(AuthnError::Refused(Refusal::UnknownKey(_)))),
        "{former:?}"
    );
}

#[tokio::test]
async fn a_new_key_counts_with_its_first_token_whatever_it_is_called() {
    let often = Pace {
        again: Duration::ZERO,
        ..PATIENT
    };
    for keeps_name in [true, false] {
        let idp = Idp::start().await;
        let published = |key: &SigningKey| {
            let mut jwk = key.jwk();
            if !keeps_name {
                jwk.as_object_mut().unwrap().remove("kid");
            }
            jwk
        };
        idp.publish(&[&published(idp.key())]);
        let providers = providers(&idp, often);
        assert_eq!(outcome(&providers, &idp.token("a")).await, Ok(()));
        let next = SigningKey::new(Kind::Ed25519, "key-1");
        idp.publish(&[&published(&next)]);
        let token = next.sign(&idp.claims("b"));
        assert_eq!(outcome(&providers, &token).await, Ok(()), "{keeps_name}");
        assert_eq!(idp.fetches(), 2);
        let former = outcome(&providers, &idp.token("c")).await;
        assert_eq!(former, Err(AuthnError::Refused(Refusal::Signature)));
    }
}

#[tokio::test]
async fn forged_signatures_make_the_keys_be_fetched_once_a_while() {
    let idp = Idp::start().await;
    let providers = providers(&idp, PATIENT);
    assert_eq!(outcome(&providers, &idp.token("a")).await, Ok(()));
    for _ in 0..50 {
        let key = SigningKey::new(Kind::Ed25519, "key-1");
        let refused = outcome(&providers, &key.sign(&idp.claims("root"))).await;
        assert_eq!(refused, Err(AuthnError::Refused(Refusal::Signature)));
    }
    assert_eq!(idp.fetches(), 1);
}

#[tokio::test]
async fn invented_key_names_are_asked_for_once_a_while() {
    let idp = Idp::start().await;
    let providers = providers(&idp, PATIENT);
    assert_eq!(outcome(&providers, &idp.token("a")).await, Ok(()));
    for n in 0..50 {
        let key = SigningKey::new(Kind::Ed25519, &format!("invented-{n}"));
        let refused = outcome(&providers, &key.sign(&idp.claims("root"))).await;
        assert!(
            matches!(refused, Err(AuthnError::Refused(Refusal::UnknownKey(_)))),
            "{refused:?}"
        );
    }
    assert_eq!(idp.fetches(), 1);
}

#[tokio::test]
async fn old_keys_count_while_new_ones_are_fetched_and_not_for_ever() {
    let idp = Idp::start().await;
    let fresh = Pace {
        fresh: Duration::ZERO,
        again: Duration::ZERO,
        ..PATIENT
    };
    let old = providers(&idp, fresh);
    assert_eq!(outcome(&old, &idp.token("a")).await, Ok(()));
    idp.server.answer("/keys", Canned::status(503));
    for user in ["b", "c"] {
        assert_eq!(outcome(&old, &idp.token(user)).await, Ok(()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(idp.fetches() > 1, "nobody has tried to fetch them again");

    let idp = Idp::start().await;
    let longest = Duration::from_millis(50);
    let over = providers(
        &idp,
        Pace {
            longest,
            failed: Duration::ZERO,
            ..PATIENT
        },
    );
    assert_eq!(outcome(&over, &idp.token("a")).await, Ok(()));
    idp.server.answer("/keys", Canned::status(503));
    tokio::time::sleep(longest * 2).await;
    let refused = outcome(&over, &idp.token("b")).await;
    assert!(
        matches!(refused, Err(AuthnError::Unavailable(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_provider_that_recovers_is_asked_again() {
    let idp = Idp::start().await;
    idp.server.answer("/keys", Canned::status(503));
    let soon = Pace {
        failed: Duration::from_millis(20),
        ..PATIENT
    };
    let providers = providers(&idp, soon);
    assert!(outcome(&providers, &idp.token("a")).await.is_err());
    idp.publish(&[&idp.key().jwk()]);
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert_eq!(outcome(&providers, &idp.token("a")).await, Ok(()));
}
