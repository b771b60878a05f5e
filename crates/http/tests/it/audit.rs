//! The audit events about decisions and changes.

use std::cell::RefCell;
use std::sync::{Arc, Once};

use catalog::audit::{Audit, TARGET};
use serde_json::{Value, json};
use testkit::{RecordingAuthorizer, TestApp, TestAppBuilder, Verdict};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::grants::Lake;
use crate::view_security::{Views, trusting};

thread_local! {
    /// The audit events of this thread: each test runs on a thread of its own.
    static TOLD: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// Collects the audit events of each test separately.
struct Listener;

/// Starts to listen. One listener serves all tests: with one for each thread, `tracing` would cache the interest of the first
/// thread's listener.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
    taken();
}

/// The events since the last call.
fn taken() -> Vec<Value> {
    TOLD.take()
}

/// The decisions among these events, without the changes that they were made for.
fn decisions() -> Vec<Value> {
    let mut all = taken();
    all.retain(|event| event.get("decision").is_some());
    all
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Taken);
    }
}

struct Taken;

impl Visit for Taken {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "audit" => {
                let event = serde_json::from_str(value).unwrap();
                TOLD.with_borrow_mut(|told| told.push(event));
            }
            name => assert_eq!((name, value), ("event_source", "audit")),
        }
    }

    fn record_debug(&mut self, field: &Field, _: &dyn std::fmt::Debug) {
        assert_eq!(field.name(), "message");
    }
}

fn audited() -> TestAppBuilder {
    TestApp::builder().settings(|settings| settings.audit = Audit::On)
}

#[tokio::test]
async fn a_decision_tells_who_what_on_what_and_why_not() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let recording = Arc::<RecordingAuthorizer>::clone(&authorizer);
    let app = audited().authorizer(recording).start().await;
    let namespace = app.namespace("ns").await;
    listen();
    let call = || {
        let call = app.get(app.at("namespaces/ns"));
        let call = call.header("x-request-id", "r-1");
        call.header("user-agent", "u".repeat(300))
    };
    call().await.expect(200);
    let action = json!({ "action_name": "get_metadata" });
    let entity = json!({
        "entity_type": "namespace", "warehouse-id": app.warehouse, "namespace-id": namespace,
    });
    let allowed = json!({
        "actor": { "actor_type": "anonymous" },
        "action": action,
        "entity": entity,
        "privilege_source": "authorizer",
        "request_id": "r-1",
        "user_agent": "u".repeat(256),
        "decision": "allowed",
        "authorizations": [{ "action": action, "entity": entity, "allowed": true }],
    });
    assert_eq!(taken(), std::slice::from_ref(&allowed));
    for (verdict, reason, answer) in [
        (Verdict::Deny, "CannotSeeResource", Some(false)),
        (Verdict::Fail, "InternalAuthorizationError", None),
    ] {
        authorizer.set(verdict);
        call().await;
        let mut expected = allowed.clone();
        expected["decision"] = json!("denied");
        expected["failure_reason"] = json!({ reason: [] });
        let told = expected["authorizations"][0].as_object_mut().unwrap();
        match answer {
            Some(answer) => drop(told.insert("allowed".to_owned(), answer.into())),
            None => drop(told.remove("allowed")),
        }
        assert_eq!(taken(), [expected]);
    }
    authorizer.set(Verdict::Allow);
    authorizer.forbid([testkit::Action::Namespace(testkit::NamespaceAction::Delete)]);
    app.delete(app.at("namespaces/ns")).await;
    let events = decisions();
    assert_eq!(
        events[0]["failure_reason"],
        json!({ "ActionForbidden": [] })
    );
    assert!(
        events[0]["request_id"].is_string(),
        "a request without an id gets one"
    );
}

#[tokio::test]
async fn a_change_is_told_with_what_became_of_it() {
    let app = audited().start().await;
    listen();
    let namespaces = app.at("namespaces");
    for (status, outcome) in [(200, "success"), (409, "refused")] {
        let body = json!({ "namespace": ["ns"] });
        let call = app.post(&namespaces, &body).header("x-request-id", "r-2");
        assert_eq!(call.await.status.as_u16(), status);
        let told = taken();
        let change = told.last().unwrap();
        let expected = json!({
            "actor": { "actor_type": "anonymous" },
            "operation": "POST /catalog/v1/{prefix}/namespaces",
            "outcome": outcome,
            "context": { "path": namespaces, "status": status },
            "privilege_source": "authorizer",
            "request_id": "r-2",
            "user_agent": null,
        });
        assert_eq!(change, &expected);
        // The decision that allowed the change comes before it, with the same request id.
        assert_eq!(told[0]["request_id"], "r-2");
        assert_eq!(told[0]["action"]["action_name"], "create_namespace");
    }
    app.get(&namespaces).await.expect(200);
    let warehouse = format!("/management/v1/warehouse/{}", app.warehouse);
    for (uri, body) in [
        ("/management/v1/action/batch-check", json!({ "checks": [] })),
        ("/management/v1/project/task/list", json!({})),
        (&format!("{warehouse}/task/list"), json!({})),
        (
            &format!("{warehouse}/search-tabular"),
            json!({ "search": "t" }),
        ),
    ] {
        app.post(uri, &body).await.expect(200);
    }
    let told = taken();
    assert!(
        told.iter().all(|event| event.get("operation").is_none()),
        "questions change nothing: {told:?}"
    );
}

#[tokio::test]
async fn lists_are_told_by_their_counts() {
    let app = audited().start().await;
    for name in ["a", "b", "c"] {
        app.namespace(name).await;
    }
    listen();
    app.get(app.at("namespaces")).await.expect(200);
    let told = taken();
    assert_eq!(told.len(), 2, "{told:?}");
    let counts = json!({ "entity_type": "namespace", "checked": 3, "allowed": 3 });
    assert_eq!(told[1]["entities"], counts);
}

#[tokio::test]
async fn questions_about_others_name_them_a_hundred_answers_to_an_event() {
    let app = audited().start().await;
    listen();
    let operation =
        json!({ "warehouse": { "warehouse-id": app.warehouse, "action": { "action": "use" } } });
    let one = json!({ "operation": operation, "identity": { "user": "oidc~bob" } });
    let body = json!({ "checks": vec![one; 150] });
    app.post("/management/v1/action/batch-check", &body)
        .await
        .expect(200);
    let mut told = taken();
    told.retain(|event| event["authorizations"][0].get("for-principal").is_some());
    let sizes = told
        .iter()
        .map(|event| event["authorizations"].as_array().unwrap().len());
    assert_eq!(sizes.collect::<Vec<_>>(), [100, 50]);
    let entity = json!({
        "entity_type": "warehouse", "project-id": model::ProjectId::nil().to_string(), "warehouse-id": app.warehouse,
    });
    let expected = json!({
        "action": { "action_name": "use" }, "entity": entity, "allowed": true, "for-principal": { "user": "oidc~bob" },
    });
    assert_eq!(told[1]["authorizations"][49], expected);
    assert_eq!(
        told[0]["action"],
        json!({ "action_name": "introspect_permissions" })
    );
}

#[tokio::test]
async fn nothing_of_a_body_is_told_and_nothing_at_all_if_it_is_off() {
    let app = audited().start().await;
    listen();
    let body = json!({
        "warehouse-name": "w",
        "storage-profile": { "type": "s3", "bucket": "b", "region": "r", "sts-enabled": false },
        "storage-credential": {
            "type": "s3", "credential-type": "access-key", "aws-access-key-id": "hunter1", "aws-secret-access-key": "hunter2",
        },
    });
    let create = app.post("/management/v1/warehouse", &body);
    create.header("authorization", "Bearer hunter3").await;
    let told = taken();
    assert!(!told.is_empty());
    assert!(!format!("{told:?}").contains("hunter"), "{told:?}");

    let silent = TestApp::start().await;
    silent.namespace("ns").await;
    silent.get(silent.at("namespaces/ns")).await.expect(200);
    assert_eq!(taken(), Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_read_with_an_owners_rights_names_both() {
    let builder = trusting().built_in();
    let builder = builder.settings(|settings| settings.audit = Audit::On);
    let views = Views(Lake::of(builder).await);
    let definer = views.view("a", "def", Some("bob")).await;
    views.select("ann", &definer).await;
    views.select("bob", &views.0.table("a", "t").await).await;
    listen();
    views.through("ann", "a/tables/t", "a%1Fdef").await;
    let told = decisions();
    let steps: Vec<_> = told
        .iter()
        .map(|event| {
            assert_eq!(
                event["actor"],
                json!({ "actor_type": "principal", "principal": "oidc~ann" })
            );
            assert_eq!(event["referenced_by"], json!(["a.def"]));
            let answer = &event["authorizations"][0];
            let of = |field: &str| answer.get(field).cloned().unwrap_or_default();
            (
                answer["entity"]["entity_type"].clone(),
                of("for-principal"),
                of("is-delegated-execution"),
            )
        })
        .collect();
    let expected = [
        (json!("view"), Value::Null, Value::Null),
        (json!("table"), json!({ "user": "oidc~bob" }), json!(true)),
    ];
    assert_eq!(steps, expected);
}
