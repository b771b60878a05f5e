//! Checks of permissions: all actions on a resource, single checks and batches.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision, TableAction, ViewAction};
use model::Caller;
use serde_json::{Value, json};
use testkit::{Answer, TestApp};
use uuid::Uuid;

const BATCH: &str = "/management/v1/action/batch-check";
const CHECK: &str = "/management/v1/permissions/check";

/// Decides by a rule, and records the caller and the number of checks of each call.
#[derive(Debug)]
struct Scripted {
    rule: fn(&Caller, &Check) -> bool,
    calls: Mutex<Vec<(String, usize)>>,
}

impl Scripted {
    fn by(rule: fn(&Caller, &Check) -> bool) -> Arc<Self> {
        let calls = Mutex::default();
        Arc::new(Self { rule, calls })
    }

    fn take(&self) -> Vec<(String, usize)> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

#[async_trait]
impl Authorizer for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn decide(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let call = (caller.to_string(), checks.len());
        self.calls.lock().unwrap().push(call);
        let decide = |check: &Check| {
            if (self.rule)(caller, check) {
                Decision::Allow
            } else {
                Decision::Deny
            }
        };
        Ok(checks.iter().map(decide).collect())
    }
}

/// A namespace `ns` with a table `t` and a view `v`, and their ids.
async fn app(authorizer: Arc<Scripted>) -> (TestApp, [String; 3]) {
    let app = TestApp::builder().authorizer(authorizer).start().await;
    let namespace = app.namespace("ns").await;
    let id = |loaded: &Value, field: &str| loaded["metadata"][field].as_str().unwrap().to_owned();
    let table = id(&app.table("ns", "t").await, "table-uuid");
    let view = id(&app.view("ns", "v").await, "view-uuid");
    (app, [namespace, table, view])
}

fn names(answer: &Answer) -> Vec<String> {
    let answer = answer.expect(200);
    let allowed = answer["allowed-actions"].as_array().unwrap();
    let name = |one: &Value| one["action"].as_str().unwrap().to_owned();
    allowed.iter().map(name).collect()
}

/// Everybody but `oidc~bob` may do everything; Bob may see tables, and see and select from views.
fn bob_sees_little(caller: &Caller, check: &Check) -> bool {
    let is_bob = caller
        .identity()
        .is_some_and(|own| own.user.to_string() == "oidc~bob");
    !is_bob
        || matches!(
            check.action,
            Action::Table(TableAction::GetMetadata)
                | Action::View(ViewAction::GetMetadata | ViewAction::Select)
        )
}

#[tokio::test]
async fn all_that_is_allowed_is_told_by_the_names_of_the_api() {
    let (app, [namespace, table, view]) = app(Scripted::by(|_, _| true)).await;
    let warehouse = format!("/management/v1/warehouse/{}", app.warehouse);
    for (uri, count, one) in [
        ("/management/v1/server/actions".to_owned(), 6, "read_grants"),
        ("/management/v1/user/oidc~bob/actions".to_owned(), 4, "read"),
        (
            "/management/v1/project/actions".to_owned(),
            17,
            "create_warehouse",
        ),
        (format!("{warehouse}/actions"), 24, "use"),
        (
            format!("{warehouse}/namespace/{namespace}/actions"),
            18,
            "move",
        ),
        (format!("{warehouse}/table/{table}/actions"), 13, "commit"),
        (format!("{warehouse}/view/{view}/actions"), 12, "select"),
    ] {
        let allowed = names(&app.get(&uri).await);
        assert_eq!(allowed.len(), count, "{uri}: {allowed:?}");
        assert!(allowed.contains(&one.to_owned()), "{uri}: {allowed:?}");
    }
}

#[tokio::test]
async fn what_somebody_else_may_is_told_to_those_who_may_see_grants() {
    let (app, [_, table, _]) = app(Scripted::by(bob_sees_little)).await;
    let uri = format!("/management/v1/warehouse/{}/table/{table}", app.warehouse);
    let role = Uuid::now_v7();
    let bob = format!("{uri}/actions?principalUser=oidc~bob");
    assert_eq!(names(&app.get(&bob).await), ["get_metadata"]);
    let of_role = format!("{uri}/actions?principalRole={role}");
    assert_eq!(names(&app.get(of_role).await).len(), 13);
    for (query, part) in [
        (
            format!("principalUser=oidc~bob&principalRole={role}"),
            "one of them",
        ),
        ("principalUser=bob".to_owned(), "bob"),
        ("principalRole=bob".to_owned(), "UUID"),
    ] {
        let (status, _, message) = app.get(format!("{uri}/actions?{query}")).await.error();
        assert_eq!(status, 400, "{query}");
        assert!(message.contains(part), "{query}: {message}");
    }
}

#[tokio::test]
async fn who_may_not_see_grants_is_told_of_nobody_else() {
    let blind = |_: &Caller, check: &Check| check.action.name() != "read_grants";
    let (app, [namespace, table, view]) = app(Scripted::by(blind)).await;
    let at = format!("/management/v1/warehouse/{}", app.warehouse);
    for what in [
        String::new(),
        format!("/namespace/{namespace}"),
        format!("/table/{table}"),
        format!("/view/{view}"),
    ] {
        let uri = format!("{at}{what}/actions?principalUser=oidc~bob");
        let (status, kind, _) = app.get(&uri).await.error();
        assert_eq!(status, 403, "{uri}");
        assert!(kind.ends_with("ActionForbidden"), "{uri}: {kind}");
        assert!(!names(&app.get(format!("{at}{what}/actions")).await).is_empty());
    }
    let operation = json!({ "table": { "warehouse-id": app.warehouse, "table-id": table, "action": "read_data" } });
    let body = json!({ "identity": { "user": "oidc~bob" }, "operation": operation });
    assert_eq!(app.post(CHECK, &body).await.error().0, 403);
}

#[tokio::test]
async fn what_is_hidden_reads_like_what_is_not_there() {
    let hidden = |_: &Caller, check: &Check| {
        !matches!(check.action, Action::Table(_) | Action::Namespace(_))
            || check.action.name().starts_with("create")
    };
    let (app, [_, table, _]) = app(Scripted::by(hidden)).await;
    let at = format!("/management/v1/warehouse/{}", app.warehouse);
    let nothing = Uuid::now_v7().to_string();
    for query in ["", "?principalUser=oidc~bob"] {
        let told = app.get(format!("{at}/table/{table}/actions{query}")).await;
        let missing = app.get(format!("{at}/table/{nothing}/actions{query}"));
        let (told, missing) = (told.error(), missing.await.error());
        assert_eq!(told.0, 404);
        assert_eq!(
            (told.1, told.2.replace(&table, &nothing)),
            (missing.1, missing.2)
        );
    }
    for (there, not) in [("t", "x"), ("T", "X")] {
        let ask = async |name: &str| {
            let operation = json!({ "table": {
                "warehouse-id": app.warehouse, "namespace": ["ns"], "table": name, "action": "read_data",
            } });
            let answer = app.post(CHECK, &json!({ "operation": operation })).await;
            answer.error()
        };
        let (told, missing) = (ask(there).await, ask(not).await);
        assert_eq!(told.0, 404);
        assert_eq!(
            told.2.replace(&format!("ns.{there}"), &format!("ns.{not}")),
            missing.2
        );
    }
}

fn on_table(app: &TestApp, name: &str, action: &str) -> Value {
    json!({ "table": {
        "warehouse-id": app.warehouse, "namespace": ["ns"], "table": name, "action": { "action": action },
    } })
}

#[tokio::test]
async fn many_questions_are_answered_in_their_order_by_one_call_for_each_identity() {
    let authorizer = Scripted::by(bob_sees_little);
    let (app, [namespace, table, view]) = app(Arc::clone(&authorizer)).await;
    let warehouse = &app.warehouse;
    let bob = json!({ "user": "oidc~bob" });
    let action = |name: &str| json!({ "action": name, "name": "new", "properties": { "a": "b" } });
    let operations = [
        (
            json!({ "server": { "action": action("create_project") } }),
            false,
        ),
        (
            json!({ "project": { "action": action("create_warehouse") } }),
            false,
        ),
        (
            json!({ "warehouse": { "warehouse-id": warehouse, "action": action("use") } }),
            false,
        ),
        (
            json!({ "namespace": { "warehouse-id": warehouse, "namespace-id": namespace, "action": action("create_table") } }),
            false,
        ),
        (
            json!({ "namespace": { "warehouse-id": warehouse, "namespace": ["NS"], "action": action("get_metadata") } }),
            false,
        ),
        (
            json!({ "table": { "warehouse-id": warehouse, "table-id": table, "action": action("get_metadata") } }),
            true,
        ),
        (on_table(&app, "T", "get_metadata"), true),
        (on_table(&app, "t", "read_data"), false),
        (
            json!({ "view": { "warehouse-id": warehouse, "view-id": view, "action": action("select") } }),
            true,
        ),
        (
            json!({ "view": { "warehouse-id": warehouse, "namespace": ["ns"], "view": "v", "action": action("drop") } }),
            false,
        ),
    ];
    let (mut checks, mut expected) = (Vec::new(), Vec::new());
    for (n, (operation, of_bob)) in operations.iter().enumerate() {
        checks.push(json!({ "id": format!("own-{n}"), "operation": operation }));
        checks.push(json!({ "operation": operation, "identity": bob }));
        expected.push(json!({ "id": format!("own-{n}"), "allowed": true }));
        expected.push(json!({ "allowed": of_bob }));
    }
    // A view is not found as a table, and an action on a missing table is not allowed.
    for name in ["v", "x"] {
        checks.push(json!({ "operation": on_table(&app, name, "get_metadata") }));
        expected.push(json!({ "allowed": false }));
    }
    authorizer.take();
    let answer = app.post(BATCH, &json!({ "checks": checks })).await;
    assert_eq!(answer.expect(200)["results"], json!(expected));
    let calls = authorizer.take();
    let of: Vec<_> = calls.iter().map(|(of, _)| of.as_str()).collect();
    assert_eq!(of, ["anonymous", "oidc~bob"]);
    assert_eq!(calls[1].1, operations.len());
}

#[tokio::test]
async fn what_is_not_there_is_an_error_for_those_who_want_one() {
    let (app, _) = app(Scripted::by(|_, _| true)).await;
    let nowhere = Uuid::now_v7();
    for (operation, kind) in [
        (on_table(&app, "x", "get_metadata"), "NoSuchTableException"),
        (
            json!({ "view": { "warehouse-id": app.warehouse, "view-id": nowhere, "action": { "action": "drop" } } }),
            "NoSuchViewException",
        ),
        (
            json!({ "namespace": { "warehouse-id": app.warehouse, "namespace": ["x"], "action": { "action": "delete" } } }),
            "NoSuchNamespaceException",
        ),
        (
            json!({ "warehouse": { "warehouse-id": nowhere, "action": { "action": "delete" } } }),
            "NoSuchWarehouseException",
        ),
        (
            json!({ "project": { "project-id": nowhere, "action": { "action": "delete" } } }),
            "ProjectNotFound",
        ),
    ] {
        let checks = json!([{ "operation": operation }]);
        let lenient = app.post(BATCH, &json!({ "checks": checks })).await;
        assert_eq!(lenient.expect(200)["results"][0]["allowed"], false);
        let strict = json!({ "checks": checks, "error-on-not-found": true });
        let (status, found, _) = app.post(BATCH, &strict).await.error();
        assert_eq!((status, found.as_str()), (404, kind), "{operation}");
    }
}

#[tokio::test]
async fn a_request_asks_a_thousand_questions_at_most() {
    let authorizer = Scripted::by(|_, _| true);
    let (app, _) = app(Arc::clone(&authorizer)).await;
    let checks = |count: usize| {
        let one = json!({ "operation": on_table(&app, "t", "read_data") });
        json!({ "checks": vec![one; count] })
    };
    authorizer.take();
    let answer = app.post(BATCH, &checks(1_000)).await.expect(200);
    assert_eq!(answer["results"].as_array().unwrap().len(), 1_000);
    assert_eq!(authorizer.take().len(), 1);
    let (status, kind, message) = app.post(BATCH, &checks(1_001)).await.error();
    assert_eq!((status, kind.as_str()), (400, "TooManyChecks"));
    assert!(message.contains("1001") && message.contains("1000"));
    let none = app.post(BATCH, &checks(0)).await.expect(200);
    assert_eq!(none, json!({ "results": [] }));
}

#[tokio::test]
async fn single_checks_speak_of_relations() {
    let (app, [namespace, ..]) = app(Scripted::by(|_, check| {
        !matches!(check.action, Action::Grant(_))
    }))
    .await;
    for (action, allowed) in [("read_assignments", true), ("grant_select", false)] {
        let operation = json!({ "namespace": { "warehouse-id": app.warehouse, "namespace-id": namespace, "action": action } });
        let answer = app.post(CHECK, &json!({ "operation": operation })).await;
        assert_eq!(
            answer.expect(200),
            json!({ "allowed": allowed }),
            "{action}"
        );
    }
}

#[tokio::test]
async fn questions_that_cannot_be_understood_are_refused() {
    let (app, [_, table, _]) = app(Scripted::by(|_, _| true)).await;
    let on = |rest: Value| {
        let mut on = json!({ "warehouse-id": app.warehouse, "action": "read_data" });
        on.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        json!({ "operation": { "table": on } })
    };
    let asked = |identity: Value| {
        let mut asked = on(json!({ "table-id": table }));
        asked["identity"] = identity;
        asked
    };
    for (body, part) in [
        (on(json!({})), "either by `table-id`"),
        (on(json!({ "table": "t" })), "either by `table-id`"),
        (
            on(json!({ "table-id": table, "table": "t", "namespace": ["ns"] })),
            "either by `table-id`",
        ),
        (
            on(json!({ "table-id": table, "action": "read_grants" })),
            "`read_grants` on a table",
        ),
        (asked(json!({})), "exactly one of them"),
        (
            asked(json!({ "user": "oidc~bob", "role": Uuid::now_v7() })),
            "exactly one of them",
        ),
        (asked(json!({ "group": "a" })), "group"),
        (json!({ "operation": { "index": {} } }), "index"),
    ] {
        let (status, _, message) = app.post(CHECK, &body).await.error();
        assert_eq!(status, 400, "{body}");
        assert!(message.contains(part), "{body}: {message}");
    }
}
