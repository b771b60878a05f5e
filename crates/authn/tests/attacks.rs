//! Tests that forged, foreign, expired and malformed tokens are refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use authn::stand_in::{AUDIENCE, Canned, Idp, Kind, SigningKey};
use authn::{Authenticator, AuthnError, BearerToken, OidcConfig, OidcProvider, Providers, Refusal};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::SystemClock;
use proptest::prelude::*;
use serde_json::{Value, json};

fn providers(idp: &Idp) -> Providers {
    let mut config = OidcConfig::new("oidc", &idp.issuer());
    config.audiences = vec![AUDIENCE.to_owned()];
    let provider = OidcProvider::new(config).unwrap();
    Providers::new(vec![provider], None, Arc::new(SystemClock))
}

async fn authenticate(providers: &Providers, token: &str) -> Result<String, AuthnError> {
    let token = BearerToken::parse(token)?;
    let identity = providers.authenticate(&token).await?;
    Ok(identity.user.to_string())
}

fn encoded(text: &impl ToString) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text.to_string())
}

/// A token with this text in the place of its signature.
fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    format!("{}.{}.{signature}", encoded(&header), encoded(&claims))
}

#[tokio::test]
async fn each_algorithm_lets_in_by_its_own_key() {
    for kind in Kind::ALL {
        let idp = Idp::with(kind).await;
        let user = authenticate(&providers(&idp), &idp.token("alice")).await;
        assert_eq!(user.as_deref(), Ok("oidc~alice"), "{kind:?}");
    }
}

#[tokio::test]
async fn what_is_not_for_us_is_refused() {
    let idp = Idp::start().await;
    let providers = providers(&idp);
    let now = idp.claims("alice")["iat"].as_i64().unwrap();
    for (attack, claims) in [
        ("another audience", json!({ "aud": "billing" })),
        ("no audience", json!({ "aud": [] })),
        (
            "an audience that begins alike",
            json!({ "aud": "catalog2" }),
        ),
        ("another issuer", json!({ "iss": "https://evil.example" })),
        (
            "an issuer that begins alike",
            json!({ "iss": format!("{}.evil.example", idp.issuer()) }),
        ),
        (
            "an issuer below ours",
            json!({ "iss": format!("{}/other", idp.issuer()) }),
        ),
        (
            "an issuer that is no text",
            json!({ "iss": [idp.issuer()] }),
        ),
        ("no issuer", json!({ "iss": null })),
        ("expired", json!({ "exp": now - 61 })),
        ("no end", json!({ "exp": null })),
        ("an end as text", json!({ "exp": (now + 300).to_string() })),
        ("not valid yet", json!({ "nbf": now + 120 })),
        ("no subject", json!({ "sub": null })),
        ("an empty subject", json!({ "sub": "" })),
        ("a subject of several", json!({ "sub": ["alice"] })),
    ] {
        let token = idp.token_with("alice", &claims);
        let refused = authenticate(&providers, &token).await;
        assert!(
            matches!(refused, Err(AuthnError::Refused(_))),
            "{attack}: {refused:?}"
        );
    }
    assert!(authenticate(&providers, &idp.token("alice")).await.is_ok());
}

#[tokio::test]
async fn unsigned_and_wrongly_signed_tokens_are_refused() {
    let idp = Idp::start().await;
    let providers = providers(&idp);
    let claims = idp.claims("alice");
    let good = idp.token("alice");
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let stranger = SigningKey::new(Kind::Ed25519, "key-1");
    let header = |alg: &str| json!({ "alg": alg, "typ": "JWT", "kid": "key-1" });
    let public = idp.key().jwk()["x"].as_str().unwrap().to_owned();
    for (attack, token) in [
        ("alg none", unsigned(&header("none"), &claims, "")),
        ("alg nOnE", unsigned(&header("nOnE"), &claims, "")),
        (
            "good header, no signature",
            unsigned(&header("EdDSA"), &claims, ""),
        ),
        (
            "signature of other claims",
            unsigned(&header("EdDSA"), &idp.claims("root"), signature),
        ),
        (
            "HMAC with the public key",
            unsigned(&header("HS256"), &claims, &public),
        ),
        (
            "EC by name, Ed25519 by key",
            unsigned(&header("ES256"), &claims, signature),
        ),
        (
            "RSA by name, Ed25519 by key",
            unsigned(&header("RS256"), &claims, signature),
        ),
        ("a stranger's key of the same name", stranger.sign(&claims)),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("padding", format!("{good}==")),
        ("no token", "secret".to_owned()),
        ("five parts, encrypted", format!("{good}.a.b")),
    ] {
        let refused = authenticate(&providers, &token).await;
        assert!(
            matches!(refused, Err(AuthnError::Refused(_))),
            "{attack}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn keys_that_a_token_brings_or_points_to_are_not_looked_at() {
    let (idp, evil) = (Idp::start().await, Idp::start().await);
    let providers = providers(&idp);
    let (claims, url) = (idp.claims("root"), evil.issuer());
    for id in ["key-1", "key-2"] {
        let key = SigningKey::new(Kind::Ed25519, id);
        evil.publish(&[&key.jwk()]);
        for header in [
            json!({ "jku": format!("{url}/keys") }),
            json!({ "x5u": format!("{url}/keys") }),
            json!({ "jwk": key.jwk() }),
            json!({ "x5c": ["MIIB"] }),
        ] {
            let mut header = header;
            header["alg"] = json!("EdDSA");
            header["kid"] = json!(id);
            let refused = authenticate(&providers, &key.sign_with(&header, &claims)).await;
            assert!(
                matches!(refused, Err(AuthnError::Refused(_))),
                "{header}: {refused:?}"
            );
        }
    }
    assert_eq!(
        evil.fetches(),
        0,
        "a token has made the catalog call somebody"
    );
}

#[tokio::test]
async fn names_of_keys_are_names_and_nothing_else() {
    let idp = Idp::start().await;
    let providers = providers(&idp);
    let long = "k".repeat(10_000);
    for id in [
        "../../dev/null",
        "/etc/passwd",
        "key-1\0",
        "' or 1=1 --",
        "%2e%2e",
        "KEY-1",
        &long,
    ] {
        let key = SigningKey::new(Kind::Ed25519, id);
        let refused = authenticate(&providers, &key.sign(&idp.claims("root"))).await;
        let expected = matches!(refused, Err(AuthnError::Refused(Refusal::UnknownKey(_))));
        assert!(expected, "{id:.20}: {refused:?}");
        assert!(
            format!("{refused:?}").len() < 400,
            "a message repeats a long name"
        );
    }
    assert!(
        idp.fetches() <= 2,
        "invented names have made the catalog ask {} times",
        idp.fetches()
    );
}

#[tokio::test]
async fn huge_tokens_are_refused_before_they_are_read() {
    let idp = Idp::start().await;
    let token = idp.token_with("alice", &json!({ "groups": vec!["g"; 20_000] }));
    let start = Instant::now();
    let refused = authenticate(&providers(&idp), &token).await;
    assert!(
        matches!(refused, Err(AuthnError::Refused(Refusal::TooLong { .. }))),
        "{refused:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(idp.fetches(), 0);
    let deep = format!("{}{}", "[".repeat(4_000), "]".repeat(4_000));
    let token = format!("{}.{}.c2ln", encoded(&r#"{"alg":"EdDSA"}"#), encoded(&deep));
    let refused = authenticate(&providers(&idp), &token).await;
    assert!(
        matches!(refused, Err(AuthnError::Refused(Refusal::Malformed(_)))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_provider_that_is_down_slow_or_broken_lets_nobody_in_and_is_not_blamed_on_the_token() {
    let many = json!({ "keys": vec![json!({}); 101] }).to_string();
    let huge = format!(r#"{{"keys":[],"pad":"{}"}}"#, "x".repeat(2 << 20));
    let elsewhere = Canned::status(302);
    for (trouble, canned) in [
        ("down", Canned::status(503)),
        ("redirects", elsewhere),
        (
            "no JSON",
            Canned {
                status: 200,
                body: "<html>".to_owned(),
            },
        ),
        ("no keys", Canned::json(&json!({ "keys": [] }))),
        (
            "more keys than the bound",
            Canned {
                status: 200,
                body: many,
            },
        ),
        (
            "a huge answer",
            Canned {
                status: 200,
                body: huge,
            },
        ),
    ] {
        let idp = Idp::start().await;
        idp.server.answer("/keys", canned);
        let providers = providers(&idp);
        let failed = authenticate(&providers, &idp.token("alice")).await;
        assert!(
            matches!(failed, Err(AuthnError::Unavailable(_))),
            "{trouble}: {failed:?}"
        );
        assert_eq!(idp.server.calls("/elsewhere"), 0);
        // A request right after it gets the same answer, without another call to the provider.
        let calls = idp.fetches();
        let again = authenticate(&providers, &idp.token("bob")).await;
        assert!(
            matches!(again, Err(AuthnError::Unavailable(_))),
            "{trouble}: {again:?}"
        );
        assert_eq!(idp.fetches(), calls, "{trouble}");
    }
}

#[tokio::test]
async fn scopes_and_required_claims_are_demanded() {
    let idp = Idp::start().await;
    let mut config = OidcConfig::new("oidc", &idp.issuer());
    config.scope = Some("lakekeeper".to_owned());
    config.required_claims = vec![authn::RequiredClaim {
        path: "org".to_owned(),
        value: Some("acme".to_owned()),
    }];
    let provider = OidcProvider::new(config).unwrap();
    let providers = Providers::new(vec![provider], None, Arc::new(SystemClock));
    for (claims, lets_in) in [
        (json!({ "scope": "openid lakekeeper", "org": "acme" }), true),
        (json!({ "scope": "openid", "org": "acme" }), false),
        (
            json!({ "scope": "openid lakekeeper", "org": "other" }),
            false,
        ),
        (json!({ "scope": "openid lakekeeper" }), false),
        (json!({ "org": "acme" }), false),
    ] {
        let token = idp.token_with("alice", &claims);
        assert_eq!(
            authenticate(&providers, &token).await.is_ok(),
            lets_in,
            "{claims}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A valid token is refused if any of its characters is changed.
    #[test]
    fn every_character_of_a_token_counts(at in 0_usize..1_000, by in "[A-Za-z0-9_-]") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let idp = Idp::start().await;
            let mut token = idp.token("alice");
            let at = at % token.len();
            let before = token.clone();
            token.replace_range(at..=at, &by);
            if token != before {
                let refused = authenticate(&providers(&idp), &token).await;
                assert!(refused.is_err(), "{before} {token}");
            }
        });
    }
}
