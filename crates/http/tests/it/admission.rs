//! Admission gates that ask a fake HTTP service.

use std::sync::Arc;
use std::time::Duration;

use admission::{BodyTemplate, Check, CheckKind, EnforceConfig, EnforceGate, TokenRelay};
use futures::future::join_all;
use http::HeaderMap;
use model::{Principal, Privilege, RoleIdent};
use serde_json::{Value, json};
use testkit::{Answer, Reply, Service, TestApp};

use crate::grants::Lake;

fn check(name: &str, kind: CheckKind) -> Check {
    let body = json!({ "check": name, "user": "{{subject}}", "idp": "{{idp_id}}", "n": [1, null] });
    Check {
        name: name.to_owned(),
        kind,
        body: BodyTemplate::parse(&body.to_string()).unwrap(),
        role: RoleIdent::new("control-plane", name).unwrap(),
    }
}

/// A gate with two checks: `access`, which admits, and `editor`, which grants a role.
fn config(service: &Service) -> EnforceConfig {
    EnforceConfig {
        endpoint: service.address.parse().unwrap(),
        idp_id: "oidc".to_owned(),
        checks: vec![
            check("editor", CheckKind::RoleGranting),
            check("access", CheckKind::Gating),
        ],
        headers: HeaderMap::new(),
        relay: TokenRelay::Withheld,
        roots: None,
        cache_life: Duration::from_mins(1),
        cache_entries: 100,
        timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(2),
        retry_after: Duration::from_secs(7),
    }
}

async fn lake(config: EnforceConfig) -> Lake {
    let gate = Arc::new(EnforceGate::new(config).unwrap());
    Lake::of(TestApp::builder().built_in().gate(gate)).await
}

/// Makes the service admit everybody, and grant the role `editor` to these users.
fn with_editors(service: &Service, editors: &'static [&'static str]) {
    service.answer_with(move |call| async move {
        let asked = call.json();
        let user = asked["user"].as_str().unwrap();
        let is_passed = asked["check"] == "access" || editors.contains(&user);
        Reply::new(if is_passed { 204 } else { 403 }, "")
    });
}

async fn load(lake: &Lake, user: &str) -> Answer {
    let uri = lake.app.at("namespaces/a/tables/t");
    lake.app.get(uri).token(&lake.idp.token(user)).await
}

#[tokio::test]
async fn whoever_is_denied_gets_nowhere_and_costs_one_question() {
    let service = Service::start(Reply::new(200, "")).await;
    let lake = lake(config(&service)).await;
    service.take();
    service.answer(Reply::new(403, "no"));
    for _ in 0..3 {
        let (status, kind, message) = load(&lake, "mallory").await.error();
        assert_eq!((status, kind.as_str()), (403, "AdmissionForbidden"));
        assert!(message.contains("oidc~mallory"), "{message}");
    }
    let config = "/catalog/v1/config?warehouse=demo";
    let token = lake.idp.token("mallory");
    let answer = lake.app.get(config).token(&token).await;
    assert_eq!(answer.error().0, 403);
    let calls = service.take();
    assert_eq!(calls.len(), 1);
    let expected = json!({ "check": "access", "user": "mallory", "idp": "oidc", "n": [1, null] });
    assert_eq!(calls[0].json(), expected);
    assert_eq!(calls[0].headers["content-type"], "application/json");
    assert!(!calls[0].headers.contains_key("authorization"));
    // The gate is not asked about a caller with an invalid token, nor about a path without authentication.
    let stranger = lake.app.get(config).token("a.b.c").await;
    assert_eq!(stranger.error().0, 401);
    assert_eq!(lake.app.get("/health").token(&token).await.status, 200);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn without_a_decision_nobody_gets_in_and_it_is_asked_for_again() {
    let service = Service::start(Reply::new(200, "")).await;
    let mut config = config(&service);
    config.timeout = Duration::from_secs(1);
    let lake = lake(config).await;
    service.take();
    let redirect = Reply {
        headers: vec![("location", "/elsewhere")],
        ..Reply::new(307, "")
    };
    let slow = Reply::new(200, "").after(Duration::from_secs(5));
    let statuses = [400, 401, 404, 429, 500, 503].map(|status| Reply::new(status, ""));
    let failures = statuses.into_iter().chain([redirect, slow]);
    for (number, failure) in failures.enumerate() {
        service.answer(failure);
        let answer = load(&lake, "ada").await;
        let (status, kind, message) = answer.error();
        let expected = (503, "ServiceUnavailableException");
        assert_eq!((status, kind.as_str()), expected, "{number}: {message}");
        assert_eq!(answer.header("retry-after"), Some("7"), "{number}");
        assert_eq!(service.take().len(), 1, "{number}");
    }
    service.answer(Reply::new(200, ""));
    assert_eq!(
        load(&lake, "ada").await.status,
        404,
        "admitted, without a right"
    );
}

/// Creates the role `editor` and gives it a privilege on the warehouse.
async fn give_to_role(lake: &Lake, privilege: Privilege) {
    let body = json!({
        "name": "Editors", "provider-id": "control-plane", "source-id": "editor",
    });
    let created = lake
        .app
        .post("/management/v1/role", &body)
        .await
        .expect(201);
    let id = created["id"].as_str().unwrap().parse().unwrap();
    let on = lake.warehouse();
    lake.change(on, vec![(Principal::Role(id), privilege)], vec![])
        .await;
}

#[tokio::test]
async fn roles_that_it_grants_count_like_those_of_tokens() {
    let service = Service::start(Reply::new(200, "")).await;
    let mut config = config(&service);
    config.cache_life = Duration::ZERO;
    let lake = lake(config).await;
    with_editors(&service, &[]);
    give_to_role(&lake, Privilege::Select).await;
    assert_eq!(load(&lake, "ada").await.status, 404);
    with_editors(&service, &["ada"]);
    assert_eq!(load(&lake, "ada").await.status, 200);
    assert_eq!(load(&lake, "bob").await.status, 404);
    // Cached decisions about `ada` are bound to her roles: without the role they no longer count.
    with_editors(&service, &["bob"]);
    assert_eq!(load(&lake, "ada").await.status, 404);
    assert_eq!(load(&lake, "bob").await.status, 200);
}

#[tokio::test]
async fn a_role_that_it_grants_can_be_assumed() {
    let service = Service::start(Reply::new(200, "")).await;
    let lake = lake(config(&service)).await;
    with_editors(&service, &["ada"]);
    let body = json!({ "name": "E", "provider-id": "control-plane", "source-id": "editor" });
    let created = lake
        .app
        .post("/management/v1/role", &body)
        .await
        .expect(201);
    let id = created["id"].as_str().unwrap().to_owned();
    let whoami = async |user: &str| {
        let call = lake.app.get("/catalog/v1/config?warehouse=demo");
        let call = call.header("x-assume-role", &id);
        call.token(&lake.idp.token(user)).await
    };
    let (_, _, ada) = whoami("ada").await.error();
    assert!(!ada.contains("is not in role"), "{ada}");
    let (status, _, bob) = whoami("bob").await.error();
    assert_eq!(status, 403);
    assert!(bob.contains("is not in role"), "{bob}");
}

#[tokio::test]
async fn first_requests_at_the_same_time_ask_once() {
    let service = Service::start(Reply::new(200, "")).await;
    let lake = lake(config(&service)).await;
    service.take();
    service.answer(Reply::new(200, "").after(Duration::from_millis(100)));
    let calls = (0..20).map(|_| load(&lake, "ada"));
    for answer in join_all(calls).await {
        assert_eq!(answer.status, 404);
    }
    let mut asked: Vec<_> = service
        .take()
        .iter()
        .map(|call| call.json()["check"].clone())
        .collect();
    asked.sort_by_key(Value::to_string);
    assert_eq!(asked, ["access", "editor"]);
}

#[tokio::test]
async fn users_of_other_providers_pass_unasked() {
    let service = Service::start(Reply::new(403, "")).await;
    let mut config = config(&service);
    config.idp_id = "okta".to_owned();
    let lake = lake(config).await;
    assert_eq!(load(&lake, "ada").await.status, 404);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn the_token_is_sent_on_only_if_the_operator_says_so() {
    let service = Service::start(Reply::new(200, "")).await;
    let mut config = config(&service);
    config.relay = TokenRelay::Forwarded;
    config.headers.insert("x-api-key", "k".parse().unwrap());
    let lake = lake(config).await;
    service.take();
    let token = lake.idp.token("ada");
    let uri = lake.app.at("namespaces/a/tables/t");
    lake.app.get(uri).token(&token).await;
    for call in service.take() {
        assert_eq!(call.headers["authorization"], format!("Bearer {token}"));
        assert_eq!(call.headers["x-api-key"], "k");
    }
}

#[tokio::test]
async fn of_several_gates_the_first_that_rejects_ends_it() {
    let (one, other) = (
        Service::start(Reply::new(200, "")).await,
        Service::start(Reply::new(200, "")).await,
    );
    let gate = |service: &Service| {
        let mut config = config(service);
        config.cache_life = Duration::ZERO;
        Arc::new(EnforceGate::new(config).unwrap())
    };
    let builder = TestApp::builder()
        .built_in()
        .gate(gate(&one))
        .gate(gate(&other));
    let lake = Lake::of(builder).await;
    assert_eq!(load(&lake, "ada").await.status, 404);
    other.answer(Reply::new(403, ""));
    assert_eq!(load(&lake, "ada").await.error().0, 403);
    one.answer(Reply::new(500, ""));
    other.take();
    assert_eq!(load(&lake, "ada").await.error().0, 503);
    assert!(other.take().is_empty());
}

#[test]
fn neither_tokens_nor_headers_are_shown() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = runtime.block_on(Service::start(Reply::new(200, "")));
    let mut config = config(&service);
    config.endpoint.set_query(Some("token=hunter2"));
    config
        .headers
        .insert("x-api-key", "hunter2".parse().unwrap());
    let gate = EnforceGate::new(config).unwrap();
    let shown = format!("{gate:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
