//! Authentication by tokens.

use std::sync::Arc;
use std::time::Duration;

use approval::ContractVerification;
use authn::stand_in::{AUDIENCE, Canned, Idp, Kind, SigningKey};
use authn::{OidcConfig, OidcProvider, Providers};
use model::SystemClock;
use serde_json::{Value, json};
use testkit::{Answer, TestApp, TestAppBuilder};

use crate::operations;

const CONFIG: &str = "/catalog/v1/config?warehouse=demo";

/// The service with one identity provider.
pub(crate) async fn app(idp: &Idp) -> TestApp {
    started(idp, TestApp::builder()).await
}

/// The service with one identity provider and a contract verifier.
pub(crate) async fn app_with(idp: &Idp, verifier: Arc<dyn ContractVerification>) -> TestApp {
    started(idp, TestApp::builder().verifier(verifier)).await
}

/// The service of this builder with one identity provider, bootstrapped, and with a warehouse `demo`.
pub(crate) async fn started(idp: &Idp, builder: TestAppBuilder) -> TestApp {
    let mut config = OidcConfig::new("oidc", &idp.issuer());
    config.audiences = vec![AUDIENCE.to_owned()];
    let oidc = vec![OidcProvider::new(config).unwrap()];
    let providers = Providers::new(oidc, None, Arc::new(SystemClock));
    let mut app = builder.authenticator(Arc::new(providers)).build();
    let token = idp.token("admin");
    let accepted = json!({ "accept-terms-of-use": true });
    let bootstrap = app
        .post("/management/v1/bootstrap", &accepted)
        .token(&token);
    bootstrap.await.expect(204);
    let body = app.warehouse_body("demo");
    let created = app
        .post("/management/v1/warehouse", &body)
        .token(&token)
        .await;
    let id = created.expect(201)["warehouse-id"].clone();
    id.as_str().unwrap().clone_into(&mut app.warehouse);
    app
}

fn is_refused(answer: &Answer, kind: &str, challenge: &str, case: &str) {
    let (status, found, message) = answer.error();
    assert_eq!((status, found.as_str()), (401, kind), "{case}: {message}");
    assert_eq!(answer.header("www-authenticate"), Some(challenge), "{case}");
}

#[tokio::test]
async fn every_operation_of_both_apis_needs_a_token() {
    let app = app(&Idp::start().await).await;
    let all = operations::all(&app).await;
    assert!(all.len() > 60);
    for operation in all {
        let (method, path) = operation.split_once(' ').unwrap();
        let call = app.call(method.parse().unwrap(), path.replace(['{', '}'], ""));
        let answer = call.await;
        if method == "HEAD" {
            assert_eq!(answer.status, 401, "{operation}");
            continue;
        }
        let challenge = "Bearer realm=\"lakekeeper\"";
        is_refused(&answer, "MissingAuthorizationHeader", challenge, &operation);
    }
    for open in [
        "/health",
        "/swagger-ui/",
        "/api-docs/catalog/v1/openapi.json",
    ] {
        assert_eq!(app.get(open).await.status, 200, "{open}");
    }
}

#[tokio::test]
async fn a_token_lets_in_whatever_the_case_of_its_scheme() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("{scheme} {}", idp.token("alice"));
        app.get(CONFIG)
            .header("authorization", header)
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn what_is_no_good_token_is_refused_without_a_reason() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let good = idp.token("alice");
    let now = idp.claims("alice")["iat"].as_i64().unwrap();
    let stranger = SigningKey::new(Kind::Ed25519, "key-1");
    let with = |claims: Value| format!("Bearer {}", idp.token_with("alice", &claims));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let brought = json!({ "alg": "EdDSA", "jwk": stranger.jwk(), "jku": "http://127.0.0.1:9/" });
    for (attack, header) in [
        ("another audience", with(json!({ "aud": "billing" }))),
        (
            "another issuer",
            with(json!({ "iss": "https://evil.example" })),
        ),
        ("expired", with(json!({ "exp": now - 61 }))),
        ("not valid yet", with(json!({ "nbf": now + 600 }))),
        ("nobody's", with(json!({ "sub": null }))),
        ("huge", with(json!({ "groups": vec!["g"; 10_000] }))),
        ("unsigned", format!("Bearer {signed}.")),
        (
            "signed by a stranger",
            format!("Bearer {}", stranger.sign(&idp.claims("alice"))),
        ),
        (
            "with a key of its own",
            format!(
                "Bearer {}",
                stranger.sign_with(&brought, &idp.claims("alice"))
            ),
        ),
        ("no token", "Bearer secret".to_owned()),
        ("nothing", "Bearer ".to_owned()),
        ("no scheme", good.clone()),
        ("another scheme", format!("Basic {good}")),
        ("two in one", format!("Bearer {good},Bearer {good}")),
    ] {
        let answer = app.get(CONFIG).header("authorization", &header).await;
        let challenge = "Bearer realm=\"lakekeeper\", error=\"invalid_token\"";
        is_refused(&answer, "AuthenticationFailed", challenge, attack);
        let text = answer.text();
        for secret in ["audience", "evil", "expired", "signature", "eyJ"] {
            assert!(!text.contains(secret), "{attack} tells {secret}: {text}");
        }
    }
    let twice = app.get(CONFIG).token(&good).token(&good).await;
    assert_eq!(twice.error().1, "AuthenticationFailed");
    app.get(CONFIG).token(&good).await.expect(200);
}

#[tokio::test]
async fn a_provider_that_is_down_is_503_and_not_the_clients_fault() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    idp.server.answer("/keys", Canned::status(500));
    let unknown = SigningKey::new(Kind::Ed25519, "key-2").sign(&idp.claims("alice"));
    // Tokens with a key that is cached are still verified while the provider fails.
    assert_eq!(app.get(CONFIG).token(&unknown).await.error().0, 401);
    app.get(CONFIG).token(&idp.token("alice")).await.expect(200);

    let down = OidcProvider::new(OidcConfig::new("oidc", "http://127.0.0.1:9")).unwrap();
    let providers = Providers::new(vec![down], None, Arc::new(SystemClock));
    let cut_off = TestApp::builder()
        .authenticator(Arc::new(providers))
        .build();
    let token = idp.token_with("alice", &json!({ "iss": "http://127.0.0.1:9" }));
    let answer = cut_off.get(CONFIG).token(&token).await;
    let (status, kind, message) = answer.error();
    assert_eq!(
        (status, kind.as_str()),
        (503, "ServiceUnavailableException")
    );
    assert!(!message.contains("127.0.0.1"), "{message}");
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn many_first_requests_fetch_the_keys_once() {
    let idp = Idp::start().await;
    idp.delay(Duration::from_millis(50));
    let provider = OidcProvider::new(OidcConfig::new("oidc", &idp.issuer())).unwrap();
    let providers = Providers::new(vec![provider], None, Arc::new(SystemClock));
    let app = TestApp::builder()
        .authenticator(Arc::new(providers))
        .build();
    let calls = (0..100).map(|n| {
        let call = app
            .get("/management/v1/info")
            .token(&idp.token(&format!("user-{n}")));
        tokio::spawn(async move { call.await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().expect(200);
    }
    assert_eq!(idp.fetches(), 1);
}

#[tokio::test]
async fn the_configuration_and_the_former_token_path_point_to_the_provider() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let config = app.get(CONFIG).token(&idp.token("alice")).await.expect(200);
    let endpoint = format!("{}/token", idp.issuer());
    assert_eq!(config["defaults"]["oauth2-server-uri"], endpoint);
    let form = "grant_type=client_credentials&client_id=a&client_secret=b";
    let asked = app
        .call("POST".parse().unwrap(), "/catalog/v1/oauth/tokens")
        .body(form);
    let refused = asked.clone().await.expect(400);
    assert_eq!(refused["error"], "invalid_request");
    assert!(
        refused["error_description"]
            .as_str()
            .unwrap()
            .contains(&endpoint),
        "{refused}"
    );

    let open = TestApp::start().await;
    let config = open.get(CONFIG).await.expect(200);
    assert_eq!(config["defaults"].get("oauth2-server-uri"), None);
    let refused = open
        .call("POST".parse().unwrap(), "/catalog/v1/oauth/tokens")
        .body(form);
    let refused = refused.await.expect(400);
    assert!(
        refused["error_description"]
            .as_str()
            .unwrap()
            .contains("without authentication"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_repeated_request_of_somebody_else_is_not_answered_from_the_record() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let body = json!({ "namespace": ["ns"] });
    let key = uuid::Uuid::now_v7().to_string();
    for (user, status) in [("alice", 200), ("alice", 200), ("bob", 400)] {
        let call = app
            .post(app.at("namespaces"), &body)
            .token(&idp.token(user));
        let answer = call.header("idempotency-key", &key).await;
        assert_eq!(answer.status.as_u16(), status, "{user}: {}", answer.text());
    }
}
