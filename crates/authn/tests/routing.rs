//! Tests which of several providers a token goes to.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod cluster;

use std::sync::Arc;
use std::time::{Duration, Instant};

use authn::kubernetes::{Kubernetes, LegacyTokens};
use authn::stand_in::{AUDIENCE, Canned, Idp};
use authn::{
    Authenticator, AuthnError, BearerToken, OidcConfig, OidcProvider, Providers, Refusal,
    SubjectSource,
};
use cluster::Cluster;
use futures::future::join_all;
use model::{ManualClock, SystemClock, Timestamp, UserType};
use serde_json::json;

fn provider(id: &str, uri: &str, audience: &str) -> OidcProvider {
    let mut config = OidcConfig::new(id, uri);
    config.audiences = vec![audience.to_owned()];
    OidcProvider::new(config).unwrap()
}

fn together(oidc: Vec<OidcProvider>, kubernetes: Option<Kubernetes>) -> Providers {
    Providers::new(oidc, kubernetes, Arc::new(SystemClock))
}

async fn user(providers: &Providers, token: &str) -> Result<String, AuthnError> {
    let token = BearerToken::parse(token)?;
    Ok(providers.authenticate(&token).await?.user.to_string())
}

#[tokio::test]
async fn each_issuer_has_users_of_its_own() {
    let (one, two) = (Idp::start().await, Idp::start().await);
    let providers = together(
        vec![
            provider("oidc", &one.issuer(), AUDIENCE),
            provider("okta", &two.issuer(), AUDIENCE),
        ],
        None,
    );
    assert_eq!(
        user(&providers, &one.token("alice")).await.unwrap(),
        "oidc~alice"
    );
    assert_eq!(
        user(&providers, &two.token("alice")).await.unwrap(),
        "okta~alice"
    );
    // A provider's key does not verify a token with the other provider's issuer.
    let claims = one.claims("root");
    let forged = user(&providers, &two.key().sign(&claims)).await;
    assert_eq!(forged, Err(AuthnError::Refused(Refusal::Signature)));
}

#[tokio::test]
async fn of_two_with_one_issuer_the_audience_decides() {
    let idp = Idp::start().await;
    let slash = format!("{}/", idp.issuer());
    let providers = together(
        vec![
            provider("oidc", &idp.issuer(), "people"),
            provider("jobs", &slash, "jobs"),
        ],
        None,
    );
    for (audience, expected) in [("people", "oidc~a"), ("jobs", "jobs~a")] {
        let token = idp.token_with("a", &json!({ "aud": audience }));
        assert_eq!(user(&providers, &token).await.unwrap(), expected);
    }
    let neither = user(&providers, &idp.token("a")).await;
    assert!(
        matches!(neither, Err(AuthnError::Refused(Refusal::Audience(_)))),
        "{neither:?}"
    );
}

#[tokio::test]
async fn a_provider_is_found_by_the_issuer_that_it_publishes_and_by_additional_ones() {
    let idp = Idp::start().await;
    let discovery =
        json!({ "issuer": "https://login.example", "jwks_uri": format!("{}/keys", idp.issuer()) });
    idp.server.answer(
        "/.well-known/openid-configuration",
        Canned::json(&discovery),
    );
    let mut config = OidcConfig::new("oidc", &idp.issuer());
    config.additional_issuers = vec!["https://sts.example/".to_owned()];
    let providers = together(vec![OidcProvider::new(config).unwrap()], None);
    for (issuer, lets_in) in [
        ("https://login.example", true),
        ("https://sts.example/", true),
        ("https://sts.example", false),
        ("https://other.example", false),
    ] {
        let token = idp.token_with("a", &json!({ "iss": issuer }));
        assert_eq!(user(&providers, &token).await.is_ok(), lets_in, "{issuer}");
    }
    let address = user(&providers, &idp.token("a")).await;
    assert!(
        address.is_err(),
        "the address is not the issuer once that is known: {address:?}"
    );
}

#[tokio::test]
async fn a_provider_that_is_down_is_in_nobodys_way() {
    let (up, down) = (Idp::start().await, "http://127.0.0.1:9");
    let providers = together(
        vec![
            provider("down", down, AUDIENCE),
            provider("up", &up.issuer(), AUDIENCE),
        ],
        None,
    );
    assert_eq!(user(&providers, &up.token("a")).await.unwrap(), "up~a");
    for issuer in [down, "https://unknown.example"] {
        let token = up.token_with("a", &json!({ "iss": issuer }));
        let failed = user(&providers, &token).await;
        assert!(
            matches!(failed, Err(AuthnError::Unavailable(_))),
            "{issuer}: {failed:?}"
        );
    }
    let endpoint = together(vec![provider("down", down, AUDIENCE)], None).token_endpoint();
    assert_eq!(endpoint, None);
}

#[tokio::test]
async fn a_token_gets_to_the_provider_that_another_request_has_connected_meanwhile() {
    let (slow, idp) = (Idp::start().await, Idp::start().await);
    slow.delay(Duration::from_secs(1));
    let issuer = "https://idp.example";
    let discovery = json!({ "issuer": issuer, "jwks_uri": format!("{}/keys", idp.issuer()) });
    idp.server.answer(
        "/.well-known/openid-configuration",
        Canned::json(&discovery),
    );
    let providers = together(
        vec![
            provider("slow", &slow.issuer(), AUDIENCE),
            provider("idp", &idp.issuer(), AUDIENCE),
        ],
        None,
    );
    let token = idp.token_with("a", &json!({ "iss": issuer }));
    let waits_for_the_slow_one = user(&providers, &token);
    let connects_the_other = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        user(&providers, &idp.token("b")).await
    };
    let (first, _) = futures::join!(waits_for_the_slow_one, connects_the_other);
    assert_eq!(first.unwrap(), "idp~a");
}

#[tokio::test]
async fn the_cluster_is_asked_about_its_own_tokens_only() {
    let (idp, cluster) = (Idp::start().await, Cluster::start().await);
    let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
    let providers = together(
        vec![provider("oidc", &idp.issuer(), AUDIENCE)],
        Some(kubernetes),
    );
    assert_eq!(
        user(&providers, &idp.token("alice")).await.unwrap(),
        "oidc~alice"
    );
    let stranger = idp.token_with("a", &json!({ "iss": "https://other.example" }));
    let refused = user(&providers, &stranger).await;
    assert_eq!(
        cluster.reviews(),
        0,
        "the cluster has seen a token of somebody else"
    );
    assert!(
        matches!(refused, Err(AuthnError::Refused(Refusal::Issuer(_)))),
        "{refused:?}"
    );
    let token = cluster.token(&json!({}));
    assert_eq!(user(&providers, &token).await.unwrap(), "kubernetes~uid-1");
    assert_eq!(cluster.reviews(), 1);
    let (asked, head) = cluster.asked();
    assert_eq!(asked["spec"]["token"], token);
    assert_eq!(asked["spec"]["audiences"], json!(["catalog"]));
    assert!(head.contains(&cluster.own_token()), "{head}");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_keeps_no_token_of_the_cluster_waiting() {
    let (idp, cluster) = (Idp::start().await, Cluster::start().await);
    let discovery = "/.well-known/openid-configuration";
    idp.server.answer(discovery, Canned::status(503));
    let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
    let providers = together(
        vec![provider("oidc", &idp.issuer(), AUDIENCE)],
        Some(kubernetes),
    );
    let first = user(&providers, &cluster.token(&json!({}))).await;
    assert_eq!(first.unwrap(), "kubernetes~uid-1");
    idp.delay(Duration::from_mins(1));
    // After a failed fetch, none is tried for a second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for n in 0..3 {
        let started = Instant::now();
        let next = user(&providers, &cluster.token(&json!({ "n": n }))).await;
        assert_eq!(next.unwrap(), "kubernetes~uid-1");
        assert!(started.elapsed() < Duration::from_secs(5), "{started:?}");
    }
    assert!(idp.server.calls(discovery) > 1, "nobody has tried again");
}

#[tokio::test]
async fn a_provider_with_the_clusters_issuer_comes_first_from_the_first_token_on() {
    let (idp, cluster) = (Idp::start().await, Cluster::start().await);
    let issuer = "https://kubernetes.default.svc";
    let discovery = json!({ "issuer": issuer, "jwks_uri": format!("{}/keys", idp.issuer()) });
    idp.server.answer(
        "/.well-known/openid-configuration",
        Canned::json(&discovery),
    );
    let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
    let providers = together(
        vec![provider("oidc", &idp.issuer(), AUDIENCE)],
        Some(kubernetes),
    );
    let token = idp.token_with("a", &json!({ "iss": issuer }));
    assert_eq!(user(&providers, &token).await.unwrap(), "oidc~a");
    assert_eq!(cluster.reviews(), 0);
}

#[tokio::test]
async fn an_answer_of_the_cluster_counts_for_half_a_minute() {
    let cluster = Cluster::start().await;
    let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_ms(0)));
    let providers = Providers::new(
        Vec::new(),
        Some(kubernetes),
        Arc::<ManualClock>::clone(&clock),
    );
    let token = BearerToken::parse(&cluster.token(&json!({}))).unwrap();
    for _ in 0..2 {
        let identity = providers.authenticate(&token).await.unwrap();
        assert_eq!(
            identity.name.as_deref(),
            Some("system:serviceaccount:lake:spark")
        );
        assert_eq!(identity.user_type, Some(UserType::Application));
    }
    clock.set(Timestamp::from_ms(29_999));
    providers.authenticate(&token).await.unwrap();
    assert_eq!(cluster.reviews(), 1);
    cluster.refuses("serviceaccounts \"spark\" not found");
    clock.set(Timestamp::from_ms(30_000));
    let gone = providers.authenticate(&token).await.unwrap_err();
    assert!(
        matches!(gone, AuthnError::Refused(Refusal::Kubernetes(_))),
        "{gone}"
    );
}

#[tokio::test]
async fn what_the_cluster_does_not_confirm_lets_nobody_in() {
    let good = json!({ "authenticated": true, "audiences": ["catalog"],
        "user": { "username": "system:serviceaccount:lake:spark", "uid": "uid-1" } });
    for (case, status, body) in [
        (
            "not authenticated",
            201,
            json!({ "status": { "error": "invalid bearer token" } }),
        ),
        ("no status", 201, json!({})),
        (
            "another audience",
            201,
            json!({ "status": { "authenticated": true, "audiences": ["x"], "user": good["user"] } }),
        ),
        (
            "audiences not known to the server",
            201,
            json!({ "status": { "authenticated": true, "user": good["user"] } }),
        ),
        (
            "no uid",
            201,
            json!({ "status": { "authenticated": true, "audiences": ["catalog"], "user": { "username": "admin" } } }),
        ),
        ("not allowed to ask", 403, json!({ "status": good })),
        ("out of order", 500, json!({ "status": good })),
    ] {
        let cluster = Cluster::start().await;
        cluster.answers(status, &body);
        let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
        let outcome = user(
            &together(Vec::new(), Some(kubernetes)),
            &cluster.token(&json!({})),
        )
        .await;
        let is_ours = status >= 400;
        let as_expected = match &outcome {
            Err(AuthnError::Unavailable(_)) => is_ours,
            Err(AuthnError::Refused(_)) => !is_ours,
            Ok(_) => false,
        };
        assert!(as_expected, "{case}: {outcome:?}");
    }
}

#[tokio::test]
async fn tokens_without_audience_need_to_be_allowed() {
    for (legacy, audiences, issuer, lets_in) in [
        (LegacyTokens::Refused, json!(null), None, false),
        (LegacyTokens::Accepted, json!(null), None, true),
        (
            LegacyTokens::Accepted,
            json!(null),
            Some("kubernetes/serviceaccount"),
            true,
        ),
        (
            LegacyTokens::Refused,
            json!(null),
            Some("kubernetes/serviceaccount"),
            false,
        ),
        (LegacyTokens::Accepted, json!("billing"), None, false),
        (LegacyTokens::Refused, json!(["x", "catalog"]), None, true),
    ] {
        let cluster = Cluster::start().await;
        let mut config = cluster.config();
        config.legacy_tokens = legacy;
        config.subject = SubjectSource::Username;
        let kubernetes = Kubernetes::new(config).await.unwrap();
        let mut claims = json!({ "aud": audiences });
        if let Some(issuer) = issuer {
            claims["iss"] = json!(issuer);
        }
        let outcome = user(
            &together(Vec::new(), Some(kubernetes)),
            &cluster.token(&claims),
        )
        .await;
        assert_eq!(outcome.is_ok(), lets_in, "{legacy:?} {claims}: {outcome:?}");
        if let Ok(user) = outcome {
            assert_eq!(user, "kubernetes~system:serviceaccount:lake:spark");
        }
    }
}

/// A catalog that runs outside of the cluster has a token out of a secret, whose issuer is not that of other tokens.
#[tokio::test]
async fn a_token_out_of_a_secret_does_not_say_who_makes_the_others() {
    let (idp, cluster) = (Idp::start().await, Cluster::start().await);
    cluster.owns(&json!({ "iss": "kubernetes/serviceaccount" }));
    let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
    let oidc = vec![provider("oidc", &idp.issuer(), AUDIENCE)];
    let providers = together(oidc, Some(kubernetes));
    let token = cluster.token(&json!({ "iss": "https://oidc.eks.example/id/1" }));
    assert_eq!(user(&providers, &token).await.unwrap(), "kubernetes~uid-1");
    assert_eq!(
        user(&providers, &idp.token("alice")).await.unwrap(),
        "oidc~alice"
    );
    assert_eq!(cluster.reviews(), 1);
}

#[tokio::test]
async fn without_a_token_of_its_own_the_catalog_does_not_start() {
    let cluster = Cluster::start().await;
    let mut config = cluster.config();
    config.token_file = "/nowhere/token".into();
    let missing = Kubernetes::new(config).await.unwrap_err();
    assert!(missing.to_string().contains("/nowhere/token"), "{missing}");
    let mut config = cluster.config();
    config.ca_file = Some("/nowhere/ca.crt".into());
    let missing = Kubernetes::new(config).await.unwrap_err();
    assert!(missing.to_string().contains("/nowhere/ca.crt"), "{missing}");
}

#[tokio::test]
async fn requests_with_one_token_wait_for_one_review() {
    let cluster = Cluster::start().await;
    let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
    let providers = together(Vec::new(), Some(kubernetes));
    let token = cluster.token(&json!({}));
    let all = join_all((0..100).map(|_| user(&providers, &token))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(cluster.reviews(), 1);
    cluster.refuses("it has ended");
    let token = cluster.token(&json!({ "jti": "2" }));
    let all = join_all((0..100).map(|_| user(&providers, &token))).await;
    assert!(all.iter().all(Result::is_err), "{all:?}");
    assert_eq!(cluster.reviews(), 2);
}

#[tokio::test]
async fn tokens_beyond_those_that_may_wait_for_their_review_are_refused_at_once() {
    let cluster = Cluster::start().await;
    cluster.delay(Duration::from_mins(1));
    let kubernetes = Kubernetes::new(cluster.config()).await.unwrap();
    let providers = together(Vec::new(), Some(kubernetes));
    let tokens: Vec<_> = (0..1_024)
        .map(|n| cluster.token(&json!({ "n": n })))
        .collect();
    let all = join_all(tokens.iter().map(|token| user(&providers, token)));
    // The clients disconnect; the reviews go on.
    let gone = tokio::time::timeout(Duration::from_millis(500), all).await;
    assert!(gone.is_err());
    let refused = user(&providers, &cluster.token(&json!({ "n": "last" }))).await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("1024 tokens wait for their review"),
        "{refused}"
    );
}
