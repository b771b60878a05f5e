//! When contract verifiers are asked, what they are shown, and that a denied change leaves no trace.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use approval::{FailurePolicy, HttpVerifier, HttpVerifierConfig};
use authn::stand_in::Idp;
use http::{HeaderMap, Method};
use model::SystemClock;
use serde_json::{Value, json};
use testkit::{Answer, Reply, Service, TestApp};
use uuid::Uuid;

use crate::generic_tables::at as generic_at;
use crate::{authentication, set_property};

const REASON: &str = "column `id` is part of contract 7; ask the team `sales`";

pub(crate) fn allow() -> Reply {
    Reply::json(&json!({ "decision": "allow" }))
}

pub(crate) fn deny() -> Reply {
    Reply::json(&json!({ "decision": "deny", "reason": REASON }))
}

/// The configuration of a verifier that asks this service.
pub(crate) fn config(service: &Service) -> HttpVerifierConfig {
    HttpVerifierConfig {
        name: "contracts".to_owned(),
        url: service.address.parse().unwrap(),
        headers: HeaderMap::new(),
        signature: None,
        roots: None,
        timeout: Duration::from_secs(20),
        on_failure: FailurePolicy::Closed,
        max_concurrent: 8,
        max_request_bytes: 1 << 20,
    }
}

pub(crate) fn verifier(config: HttpVerifierConfig) -> Arc<HttpVerifier> {
    Arc::new(HttpVerifier::new(config, Arc::new(SystemClock)).unwrap())
}

pub(crate) async fn app(config: HttpVerifierConfig) -> TestApp {
    TestApp::builder().verifier(verifier(config)).start().await
}

/// A namespace `ns` with tables `t` and `u`, a view `v` and a generic table `g`, and `ns.in` with a table `w`.
async fn furnished(app: &TestApp) -> [String; 2] {
    let ids = [app.namespace("ns").await, app.namespace("ns.in").await];
    app.table("ns", "t").await;
    app.table("ns", "u").await;
    app.table("ns%1Fin", "w").await;
    app.view("ns", "v").await;
    let generic = json!({ "name": "g", "format": "lance" });
    let uri = generic_at(app, "namespaces/ns/generic-tables");
    app.post(uri, &generic).await.expect(200);
    ids
}

/// Everything that a change could affect, and all events.
async fn state(app: &TestApp) -> Vec<Value> {
    let mut found = Vec::new();
    for path in [
        "namespaces",
        "namespaces?parent=ns",
        "namespaces/ns/tables",
        "namespaces/ns/tables/t",
        "namespaces/ns/tables/u",
        "namespaces/ns/views/v",
        "namespaces/ns%1Fin/tables/w",
    ] {
        found.push(app.get(app.at(path)).await.json());
    }
    let generic = generic_at(app, "namespaces/ns/generic-tables");
    found.push(app.get(generic).await.json());
    found.push(app.get("/management/v1/events").await.expect(200));
    found
}

fn files(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let count = |path: std::path::PathBuf| if path.is_dir() { files(&path) } else { 1 };
    paths.map(count).sum()
}

/// The proposal in the only request that the service got.
fn shown(service: &Service) -> Value {
    let calls = service.take();
    assert_eq!(calls.len(), 1);
    calls[0].json()
}

/// The changes of a proposal as sorted lines such as `drop table ns.t`.
fn summary(proposal: &Value) -> Vec<String> {
    let name = |of: &Value| {
        let levels = of["namespace"].as_array().unwrap().iter();
        let levels = levels.chain([&of["name"]]).map(|one| one.as_str().unwrap());
        levels.collect::<Vec<_>>().join(".")
    };
    let one = |change: &Value| {
        let text = |field: &str| change[field].as_str().unwrap().to_owned();
        let destination = match change.get("destination") {
            Some(destination) => format!(" to {}", name(destination)),
            None => String::new(),
        };
        let (action, kind) = (text("action"), text("type"));
        format!("{action} {kind} {}{destination}", name(change))
    };
    let mut lines: Vec<_> = proposal["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect();
    lines.sort();
    lines
}

/// A change: its request, and the `summary` of the proposal that a verifier must be shown.
struct Moment {
    method: Method,
    uri: String,
    body: Value,
    shown: Vec<&'static str>,
}

fn post(uri: String, body: Value, shown: &[&'static str]) -> Moment {
    Moment {
        method: Method::POST,
        uri,
        body,
        shown: shown.to_vec(),
    }
}

fn delete(uri: String, shown: &[&'static str]) -> Moment {
    Moment {
        method: Method::DELETE,
        uri,
        body: Value::Null,
        shown: shown.to_vec(),
    }
}

/// All kinds of changes that are verified, each to be made in what [`furnished`] creates.
async fn moments(app: &TestApp, [ns, _]: &[String; 2]) -> Vec<Moment> {
    let mut all = commits(app).await;
    all.extend(renames(app, ns));
    all.extend(drops(app));
    all
}

async fn commits(app: &TestApp) -> Vec<Moment> {
    let table = app.load("ns", "t").await;
    let uuid = &table["metadata"]["table-uuid"];
    let updates = json!([{ "action": "set-properties", "updates": { "a": "1" } }]);
    let change = |name: &str| {
        json!({
            "identifier": { "namespace": ["ns"], "name": name }, "requirements": [],
            "updates": updates,
        })
    };
    let view = json!({ "requirements": [], "updates": updates });
    let register = json!({
        "name": "t", "metadata-location": table["metadata-location"], "overwrite": true,
    });
    let both = json!({ "table-changes": [change("t"), change("u")] });
    vec![
        post(
            app.at("namespaces/ns/tables/t"),
            set_property(uuid, "a", "1"),
            &["update table ns.t"],
        ),
        post(
            app.at("transactions/commit"),
            both,
            &["update table ns.t", "update table ns.u"],
        ),
        post(app.at("namespaces/ns/views/v"), view, &["update view ns.v"]),
        post(
            app.at("namespaces/ns/register"),
            register,
            &["overwrite table ns.t"],
        ),
    ]
}

fn renames(app: &TestApp, ns: &str) -> Vec<Moment> {
    let rename = |from: &str, to: &str| {
        let path = |name| json!({ "namespace": ["ns"], "name": name });
        json!({ "source": path(from), "destination": path(to) })
    };
    let warehouse = &app.warehouse;
    vec![
        post(
            app.at("tables/rename"),
            rename("t", "t2"),
            &["rename table ns.t to ns.t2"],
        ),
        post(
            app.at("views/rename"),
            rename("v", "v2"),
            &["rename view ns.v to ns.v2"],
        ),
        post(
            generic_at(app, "generic-tables/rename"),
            rename("g", "g2"),
            &["rename generic-table ns.g to ns.g2"],
        ),
        post(
            format!("/management/v1/warehouse/{warehouse}/namespace/{ns}/move"),
            json!({ "destination": ["other"] }),
            &[
                "rename generic-table ns.g to other.g",
                "rename table ns.in.w to other.in.w",
                "rename table ns.t to other.t",
                "rename table ns.u to other.u",
                "rename view ns.v to other.v",
            ],
        ),
    ]
}

fn drops(app: &TestApp) -> Vec<Moment> {
    let table = ["drop table ns.t"];
    vec![
        post(
            app.at("namespaces/ns/tables/t/unregister"),
            json!({}),
            &["unregister table ns.t"],
        ),
        delete(app.at("namespaces/ns/tables/t"), &table),
        delete(app.at("namespaces/ns/tables/t?purgeRequested=true"), &table),
        delete(app.at("namespaces/ns/views/v"), &["drop view ns.v"]),
        delete(
            generic_at(app, "namespaces/ns/generic-tables/g"),
            &["drop generic-table ns.g"],
        ),
        delete(
            app.at("namespaces/ns?recursive=true"),
            &[
                "drop generic-table ns.g",
                "drop table ns.in.w",
                "drop table ns.t",
                "drop table ns.u",
                "drop view ns.v",
            ],
        ),
    ]
}

async fn ask(app: &TestApp, moment: &Moment) -> Answer {
    let call = app.call(moment.method.clone(), moment.uri.clone());
    match &moment.body {
        Value::Null => call.await,
        body => call.json(body).await,
    }
}

#[tokio::test]
async fn a_denial_is_told_and_leaves_all_as_it_was() {
    let service = Service::start(deny()).await;
    let app = app(config(&service)).await;
    let ids = furnished(&app).await;
    assert!(
        service.take().is_empty(),
        "what is created is not asked about"
    );
    let (before, written) = (state(&app).await, files(app.folder()));
    for (number, moment) in moments(&app, &ids).await.iter().enumerate() {
        let conflict = number % 2 == 1;
        let status = if conflict { 409 } else { 403 };
        let denied = json!({ "decision": "deny", "reason": REASON, "status": status });
        service.answer(Reply::json(&denied));
        let (found, kind, message) = ask(&app, moment).await.error();
        assert_eq!(
            (found, kind.as_str()),
            (status, "ContractViolation"),
            "{}",
            moment.uri
        );
        assert_eq!(
            message,
            format!("contract verifier `contracts` denies the change: {REASON}")
        );
        assert_eq!(summary(&shown(&service)), moment.shown, "{}", moment.uri);
        assert_eq!(state(&app).await, before, "{}", moment.uri);
        assert_eq!(files(app.folder()), written, "{}", moment.uri);
    }
}

#[tokio::test]
async fn what_is_allowed_happens() {
    let service = Service::start(allow()).await;
    let count = {
        let app = app(config(&service)).await;
        let ids = furnished(&app).await;
        moments(&app, &ids).await.len()
    };
    for number in 0..count {
        let app = app(config(&service)).await;
        let ids = furnished(&app).await;
        let before = state(&app).await;
        let moment = moments(&app, &ids).await.swap_remove(number);
        let answer = ask(&app, &moment).await;
        assert!(
            answer.status.is_success(),
            "{}: {}",
            moment.uri,
            answer.text()
        );
        assert_eq!(summary(&shown(&service)), moment.shown, "{}", moment.uri);
        assert_ne!(state(&app).await, before, "{}", moment.uri);
    }
}

#[tokio::test]
async fn a_commit_is_shown_with_what_was_what_is_asked_and_what_would_be() {
    let service = Service::start(allow()).await;
    let app = app(config(&service)).await;
    app.namespace("ns").await;
    let before = app.table("ns", "t").await;
    let uuid = &before["metadata"]["table-uuid"];
    let body = set_property(uuid, "a", "1");
    let call = app.post(app.at("namespaces/ns/tables/t"), &body);
    let after = call.header("x-request-id", "load-7").await.expect(200);
    let proposal = shown(&service);
    assert_eq!(proposal["request-id"], "load-7");
    assert_eq!(proposal["warehouse-id"], app.warehouse.as_str());
    assert_eq!(proposal["warehouse-name"], "demo");
    assert_eq!(proposal["project-id"], Uuid::nil().to_string());
    assert_eq!(proposal["caller"]["user"], Value::Null);
    let change = &proposal["changes"][0];
    assert_eq!(&change["id"], uuid);
    assert_eq!(change["old-metadata"], before["metadata"]);
    assert_eq!(change["updates"], body["updates"]);
    assert_eq!(change["new-metadata"], after["metadata"]);
}

#[tokio::test]
async fn who_asks_is_shown() {
    let service = Service::start(allow()).await;
    let idp = Idp::start().await;
    let app = authentication::app_with(&idp, verifier(config(&service))).await;
    let token = idp.token("alice");
    let post =
        async |uri: &str, body: &Value| app.post(app.at(uri), body).token(&token).await.expect(200);
    post("namespaces", &json!({ "namespace": ["ns"] })).await;
    post("namespaces/ns/tables", &testkit::table("t")).await;
    let uri = app.at("namespaces/ns/tables/t");
    app.delete(uri).token(&token).await.expect(204);
    let proposal = shown(&service);
    let caller = &proposal["caller"];
    assert_eq!(caller["user"], "oidc~alice");
    assert_eq!(caller["assumed-role"], Value::Null);
    assert_eq!(caller["roles"], json!([]));
    let change = &proposal["changes"][0];
    assert!(change["old-metadata"]["schemas"].is_array(), "{change}");
    assert!(change.get("new-metadata").is_none(), "{change}");
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_new_comes_back_or_stays_as_it_is() {
    let service = Service::start(deny()).await;
    let app = app(config(&service)).await;
    let profile = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 600 } });
    let uri = format!("/management/v1/warehouse/{}", app.warehouse);
    app.post(format!("{uri}/delete-profile"), &profile)
        .await
        .expect(200);
    furnished(&app).await;
    let table = app.load("ns", "t").await;
    let nothing = json!({ "requirements": [], "updates": [] });
    app.post(app.at("namespaces/ns/tables/t"), &nothing)
        .await
        .expect(200);
    app.post(app.at("namespaces/ns/views/v"), &nothing)
        .await
        .expect(200);
    let mut staged = testkit::table("s");
    staged["stage-create"] = json!(true);
    let staged = app
        .post(app.at("namespaces/ns/tables"), &staged)
        .await
        .expect(200);
    let metadata = &staged["metadata"];
    let create = json!({ "requirements": [{ "type": "assert-create" }], "updates": [
        { "action": "assign-uuid", "uuid": metadata["table-uuid"] },
        { "action": "upgrade-format-version", "format-version": 2 },
        { "action": "add-schema", "schema": metadata["schemas"][0] },
        { "action": "set-current-schema", "schema-id": -1 },
        { "action": "add-spec", "spec": metadata["partition-specs"][0] },
        { "action": "set-default-spec", "spec-id": -1 },
        { "action": "add-sort-order", "sort-order": metadata["sort-orders"][0] },
        { "action": "set-default-sort-order", "sort-order-id": -1 },
        { "action": "set-location", "location": metadata["location"] },
    ] });
    app.post(app.at("namespaces/ns/tables/s"), &create)
        .await
        .expect(200);
    assert!(service.take().is_empty());
    service.answer(allow());
    app.delete(app.at("namespaces/ns/tables/t"))
        .await
        .expect(204);
    service.answer(deny());
    service.take();
    let id = &table["metadata"]["table-uuid"];
    let targets = json!({ "targets": [{ "type": "table", "id": id }] });
    app.post(format!("{uri}/deleted-tabulars/undrop"), &targets)
        .await
        .expect(204);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn if_another_change_comes_first_the_verifier_is_asked_again() {
    let service = Service::start(allow()).await;
    let app = app(config(&service)).await;
    app.namespace("ns").await;
    let created = app.table("ns", "t").await;
    let uuid = created["metadata"]["table-uuid"].clone();
    // Another replica, without a verifier.
    let mut other = TestApp::builder().store(Arc::clone(&app.store)).build();
    other.warehouse.clone_from(&app.warehouse);
    let (other, asked) = (Arc::new(other), Arc::new(AtomicUsize::new(0)));
    let first = set_property(&uuid, "first", "1");
    service.answer_with(move |_| {
        let (other, body) = (Arc::clone(&other), first.clone());
        let is_first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if is_first {
                let uri = other.at("namespaces/ns/tables/t");
                other.post(uri, &body).await.expect(200);
            }
            allow()
        }
    });
    let second = set_property(&uuid, "second", "1");
    app.post(app.at("namespaces/ns/tables/t"), &second)
        .await
        .expect(200);
    let calls = service.take();
    assert_eq!(calls.len(), 2);
    let old = |at: usize| calls[at].json()["changes"][0]["old-metadata"]["properties"].clone();
    assert_eq!(old(0).get("first"), None);
    assert_eq!(old(1)["first"], "1");
}
