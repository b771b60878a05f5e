//! Contract verifiers that are unreachable, slow or answer nonsense, and the requests that verifiers get.

use std::time::Duration;

use approval::{Denial, FailurePolicy};
use futures::future::join_all;
use http::HeaderValue;
use outbound::{HttpClient, Limits, Signature, signed};
use serde_json::{Value, json};
use testkit::{Answer, Reply, Service, TestApp};
use uuid::Uuid;

use crate::approval_moments::{allow, app, config, deny, verifier};
use crate::set_property;

async fn with_table(app: &TestApp) -> Value {
    app.namespace("ns").await;
    app.table("ns", "t").await["metadata"]["table-uuid"].clone()
}

async fn commit(app: &TestApp, uuid: &Value, key: &str) -> Answer {
    let body = set_property(uuid, key, "1");
    app.post(app.at("namespaces/ns/tables/t"), &body).await
}

/// Replies of a verifier that are no verdict.
fn failures() -> Vec<(&'static str, Reply)> {
    let redirect = Reply {
        headers: vec![("location", "http://127.0.0.1:1/")],
        ..Reply::new(302, "")
    };
    let padding = " ".repeat(64 << 10);
    vec![
        ("nothing", Reply::new(200, "")),
        ("garbage", Reply::new(200, "<html>allow</html>")),
        ("undecided", Reply::json(&json!({ "decision": "later" }))),
        ("another status", Reply::new(204, "")),
        ("an error", Reply::new(500, r#"{"decision":"allow"}"#)),
        (
            "a refusal of ours",
            Reply::new(401, r#"{"decision":"allow"}"#),
        ),
        ("a bare 403", Reply::new(403, "")),
        ("a redirect", redirect),
        (
            "too much",
            Reply::new(200, format!("{{\"decision\":\"allow\"{padding}}}")),
        ),
        ("too late", allow().after(Duration::from_secs(5))),
    ]
}

#[tokio::test]
async fn a_service_is_a_verifier() {
    let service = Service::start(allow()).await;
    approval::conformance::run(verifier(config(&service)).as_ref()).await;
}

#[tokio::test]
async fn without_a_verdict_a_change_waits_for_a_better_time() {
    let service = Service::start(allow()).await;
    let mut config = config(&service);
    config.timeout = Duration::from_millis(500);
    let app = app(config).await;
    let uuid = with_table(&app).await;
    let before = app.load("ns", "t").await;
    for (case, reply) in failures() {
        service.answer(reply);
        let answer = commit(&app, &uuid, "a").await;
        let (status, kind, message) = answer.error();
        assert_eq!(
            (status, kind.as_str()),
            (503, "ServiceUnavailableException"),
            "{case}"
        );
        assert!(message.contains("`contracts`"), "{case}: {message}");
        assert!(!message.contains(&service.address), "{case}: {message}");
        assert_eq!(answer.header("retry-after"), Some("5"), "{case}");
        assert_eq!(app.load("ns", "t").await, before, "{case}");
    }
    service.answer(allow());
    commit(&app, &uuid, "a").await.expect(200);
}

#[tokio::test]
async fn or_happens_if_the_operator_says_so() {
    let service = Service::start(allow()).await;
    let mut config = config(&service);
    config.timeout = Duration::from_millis(500);
    config.on_failure = FailurePolicy::Open;
    let app = app(config).await;
    let uuid = with_table(&app).await;
    for (number, (case, reply)) in failures().into_iter().enumerate() {
        service.answer(reply);
        let answer = commit(&app, &uuid, &format!("key-{number}")).await;
        assert_eq!(answer.status, 200, "{case}: {}", answer.text());
    }
    service.answer(deny());
    assert_eq!(commit(&app, &uuid, "a").await.error().0, 403);
}

#[tokio::test]
async fn nobody_there_is_no_verdict_either() {
    let service = Service::start(allow()).await;
    let config = config(&service);
    drop(service);
    let app = app(config).await;
    let uuid = with_table(&app).await;
    assert_eq!(commit(&app, &uuid, "a").await.error().0, 503);
}

#[tokio::test]
async fn what_is_too_large_to_be_shown_is_denied_whatever_is_done_without_a_verdict() {
    let service = Service::start(allow()).await;
    let mut config = config(&service);
    config.on_failure = FailurePolicy::Open;
    config.max_request_bytes = 8 << 10;
    let app = app(config).await;
    let uuid = with_table(&app).await;
    commit(&app, &uuid, "a").await.expect(200);
    assert_eq!(service.take().len(), 1);
    let long = set_property(&uuid, "long", &"x".repeat(8 << 10));
    let answer = app.post(app.at("namespaces/ns/tables/t"), &long).await;
    let (status, kind, message) = answer.error();
    assert_eq!((status, kind.as_str()), (403, "ContractViolation"));
    assert!(message.contains("8192 bytes"), "{message}");
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn reasons_are_told_up_to_a_bound() {
    let reason = "n".repeat(Denial::REASON_BYTES + 1);
    let body = json!({ "decision": "deny", "reason": reason });
    let service = Service::start(Reply::json(&body)).await;
    let app = app(config(&service)).await;
    let uuid = with_table(&app).await;
    let (_, _, message) = commit(&app, &uuid, "a").await.error();
    let told = message.strip_prefix("contract verifier `contracts` denies the change: ");
    assert_eq!(told.unwrap(), "n".repeat(Denial::REASON_BYTES));
}

#[tokio::test]
async fn a_denial_is_not_the_answer_for_good_to_an_idempotency_key() {
    let service = Service::start(deny()).await;
    let app = app(config(&service)).await;
    let uuid = with_table(&app).await;
    let (key, body) = (Uuid::now_v7().to_string(), set_property(&uuid, "a", "1"));
    let post = async || {
        let call = app.post(app.at("namespaces/ns/tables/t"), &body);
        call.header("idempotency-key", &key).await
    };
    for status in [403, 409] {
        service.answer(Reply::json(
            &json!({ "decision": "deny", "status": status }),
        ));
        assert_eq!(post().await.error().0, status);
    }
    service.answer(allow());
    let first = post().await.expect(200);
    service.answer(deny());
    // The change has been made: the repeated request gets the recorded answer, and the verifier is not asked.
    assert_eq!(
        post().await.expect(200)["metadata-location"],
        first["metadata-location"]
    );
}

#[tokio::test]
async fn a_transaction_is_shown_as_a_whole_and_denied_as_a_whole() {
    let service = Service::start(allow()).await;
    let app = app(config(&service)).await;
    app.namespace("ns").await;
    for name in ["a", "b", "c"] {
        app.table("ns", name).await;
    }
    let before = [app.load("ns", "a").await, app.load("ns", "c").await];
    service.answer_with(|call| async move {
        let proposal = call.json();
        let mut names = proposal["changes"].as_array().unwrap().iter();
        if names.any(|change| change["name"] == "b") {
            deny()
        } else {
            allow()
        }
    });
    let change = |name: &str| {
        json!({
            "identifier": { "namespace": ["ns"], "name": name }, "requirements": [],
            "updates": [{ "action": "set-properties", "updates": { "a": "1" } }],
        })
    };
    let uri = app.at("transactions/commit");
    let all = json!({ "table-changes": Vec::from(["a", "b", "c"].map(change)) });
    assert_eq!(app.post(&uri, &all).await.error().0, 403);
    assert_eq!(
        [app.load("ns", "a").await, app.load("ns", "c").await],
        before
    );
    let some = json!({ "table-changes": Vec::from(["a", "c"].map(change)) });
    app.post(&uri, &some).await.expect(204);
    assert_eq!(service.take().len(), 2);
}

#[tokio::test]
async fn no_more_are_asked_at_once_than_is_allowed() {
    let slow = allow().after(Duration::from_millis(50));
    let service = Service::start(slow).await;
    let mut config = config(&service);
    config.max_concurrent = 2;
    let app = app(config).await;
    app.namespace("ns").await;
    let names = ["a", "b", "c", "d", "e", "f"];
    for name in names {
        app.table("ns", name).await;
    }
    let drops = names.map(|name| {
        let call = app.delete(app.at(&format!("namespaces/ns/tables/{name}")));
        async move { call.await.expect(204) }
    });
    join_all(drops).await;
    assert_eq!(service.take().len(), names.len());
    assert_eq!(service.most_at_once(), 2);
}

#[tokio::test]
async fn commits_to_one_table_are_shown_one_by_one() {
    let service = Service::start(allow().after(Duration::from_millis(5))).await;
    let app = app(config(&service)).await;
    let uuid = with_table(&app).await;
    let calls = (0..8).map(|number| {
        let (app, uuid) = (&app, &uuid);
        async move {
            let key = format!("key-{number}");
            commit(app, uuid, &key).await.expect(200)
        }
    });
    join_all(calls).await;
    let mut seen: Vec<usize> = service
        .take()
        .iter()
        .map(|call| {
            let change = &call.json()["changes"][0];
            assert_eq!(change["updates"].as_array().unwrap().len(), 1);
            change["old-metadata"]["properties"]
                .as_object()
                .unwrap()
                .len()
        })
        .collect();
    let first = seen[0];
    seen.dedup();
    assert_eq!(seen, (first..first + 8).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_of_several_has_to_allow_it() {
    let (one, other) = (Service::start(allow()).await, Service::start(allow()).await);
    let named = |service: &Service, name: &str| {
        let mut config = config(service);
        name.clone_into(&mut config.name);
        verifier(config)
    };
    let app = TestApp::builder()
        .verifier(named(&one, "one"))
        .verifier(named(&other, "other"));
    let app = app.start().await;
    let uuid = with_table(&app).await;
    commit(&app, &uuid, "a").await.expect(200);
    assert_eq!((one.take().len(), other.take().len()), (1, 1));
    other.answer(deny());
    let (status, _, message) = commit(&app, &uuid, "b").await.error();
    assert_eq!(status, 403);
    assert!(
        message.starts_with("contract verifier `other` denies the change: "),
        "{message}"
    );
    one.answer(deny());
    one.take();
    other.take();
    assert_eq!(commit(&app, &uuid, "b").await.error().0, 403);
    assert_eq!((one.take().len(), other.take().len()), (1, 0));
}

#[tokio::test]
async fn requests_are_signed_and_carry_what_the_operator_says() {
    let service = Service::start(allow()).await;
    let mut config = config(&service);
    config.signature = Some(Signature::by("whsec_c2VjcmV0").unwrap());
    let token = HeaderValue::from_static("Bearer t");
    config.headers.insert("authorization", token);
    let app = app(config).await;
    let uuid = with_table(&app).await;
    commit(&app, &uuid, "a").await.expect(200);
    let call = service.take().remove(0);
    let header = |name: &str| call.headers[name].to_str().unwrap();
    assert_eq!(header("authorization"), "Bearer t");
    assert_eq!(header("content-type"), "application/json");
    let limits = Limits {
        connect: Duration::from_secs(1),
        whole: Duration::from_secs(1),
        max_answer_bytes: 0,
    };
    let again = HttpClient::new(limits, None)
        .unwrap()
        .post(&service.address);
    let by = Signature::by("secret").unwrap();
    let at = (
        header("webhook-id"),
        header("webhook-timestamp").parse().unwrap(),
    );
    let again = signed(again, Some(&by), at, call.body.to_vec()).build();
    let expected = again.unwrap().headers()["webhook-signature"].clone();
    assert_eq!(call.headers["webhook-signature"], expected);
}
