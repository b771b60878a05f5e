//! Every operation asks the authorizer for the actions in the golden file. The file also names the privileges that allow the
//! operation, by the permission model against which both authorization engines are tested.

mod holders;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;
use testkit::{RecordingAuthorizer, TestApp, Verdict};

use self::holders::holders;
use crate::operations::{self, Prepared};

const GOLDEN: &str = include_str!("authorization.golden");

/// Operations that are open to everybody, because they show no data of the catalog or are always refused.
const PUBLIC: [&str; 4] = [
    "GET /management/v1/grants/grantable-privileges",
    "GET /management/v1/info",
    "GET /management/v1/whoami",
    "POST /catalog/v1/aws/s3/sign",
];

/// Operations that tell callers what they themselves may do on the server. Everybody may call them, because the server's
/// existence is no secret.
const OF_THE_SERVER: [&str; 3] = [
    "GET /management/v1/permissions/server/access",
    "GET /management/v1/permissions/server/authorizer-actions",
    "GET /management/v1/server/actions",
];

fn golden() -> Vec<(String, String)> {
    let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| {
        let (operation, actions) = line.split_once(" -> ").unwrap();
        (operation.to_owned(), actions.to_owned())
    });
    rows.collect()
}

async fn prepared() -> (Prepared, Arc<RecordingAuthorizer>) {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let builder = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let prepared = Prepared::start(builder).await;
    authorizer.take();
    (prepared, authorizer)
}

#[tokio::test]
async fn each_operation_asks_for_the_actions_of_the_golden_file() {
    let mut found = Vec::new();
    for operation in operations::all(&TestApp::start().await).await {
        let (prepared, authorizer) = prepared().await;
        let answer = prepared.call(&operation).await;
        let succeeds = answer.status.is_success();
        // These fail even if allowed: there is no function and no calling user, the catalog is bootstrapped already,
        // requests for local files are not signed, and only an instance administrator sets `managed-by`.
        let refuses = [
            "functions/{function}",
            "whoami",
            "bootstrap",
            "/sign",
            "/managed-by",
        ]
        .iter()
        .any(|end| operation.ends_with(end));
        assert_eq!(succeeds, !refuses, "{operation}: {}", answer.text());
        let checks = authorizer.take_checks();
        let mut actions: Vec<_> = checks
            .iter()
            .map(|check| check.action.to_string())
            .collect();
        let mut seen = HashSet::new();
        actions.retain(|action| seen.insert(action.clone()));
        let asked = if actions.is_empty() {
            "public".to_owned()
        } else {
            format!("{} | {}", actions.join(", "), holders(&checks))
        };
        found.push((operation, asked));
    }
    let lines = found
        .iter()
        .map(|(operation, actions)| format!("{operation} -> {actions}\n"));
    let file = lines.collect::<String>();
    assert_eq!(golden(), found, "the golden file would be:\n{file}");
}

#[tokio::test]
async fn whoever_may_do_nothing_changes_nothing_and_sees_nothing() {
    for (operation, _) in golden() {
        let (prepared, authorizer) = prepared().await;
        let before = prepared.state().await;
        authorizer.set(Verdict::Deny);
        let answer = prepared.call(&operation).await;
        authorizer.set(Verdict::Allow);
        let status = answer.status.as_u16();
        if PUBLIC.contains(&operation.as_str()) {
            assert!(
                [200, 400, 401].contains(&status),
                "{operation}: {}",
                answer.text()
            );
        } else if operation == "GET /management/v1/project-list" && status == 200 {
            assert_eq!(answer.json()["projects"], json!([]));
        } else if OF_THE_SERVER.contains(&operation.as_str()) {
            assert_eq!(answer.json()["allowed-actions"], json!([]));
        } else {
            assert!(
                [403, 404].contains(&status),
                "{operation}: {}",
                answer.text()
            );
        }
        let after = prepared.state().await;
        assert_eq!(before, after, "{operation} has changed something");
    }
}

#[tokio::test]
async fn an_authorizer_out_of_order_is_503_and_nothing_happens() {
    for operation in [
        "POST /catalog/v1/{prefix}/namespaces",
        "DELETE /management/v1/project",
    ] {
        let (prepared, authorizer) = prepared().await;
        let before = prepared.state().await;
        authorizer.set(Verdict::Fail);
        let answer = prepared.call(operation).await;
        authorizer.set(Verdict::Allow);
        let (status, kind, _) = answer.error();
        assert_eq!(
            (status, kind.as_str()),
            (503, "ServiceUnavailableException")
        );
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(before, prepared.state().await);
    }
}

/// The actions that one request asks the authorizer for.
async fn asked(change: impl AsyncFnOnce(&Prepared)) -> String {
    let (prepared, authorizer) = prepared().await;
    change(&prepared).await;
    let actions = authorizer.take();
    let actions = actions.iter().map(ToString::to_string);
    actions.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn what_does_more_asks_for_more() {
    let at_the_top = asked(async |prepared| {
        let body = json!({ "namespace": ["top"] });
        let app = &prepared.app;
        app.post(app.at("namespaces"), &body).await.expect(200);
    });
    assert_eq!(at_the_top.await, "warehouse:create_namespace");
    let below = asked(async |prepared| {
        let app = &prepared.app;
        app.get(app.at("namespaces?parent=ns")).await.expect(200);
    });
    assert_eq!(below.await, "namespace:list_namespaces");
    let creating_commit = asked(async |prepared| {
        let location = prepared
            .app
            .folder()
            .canonicalize()
            .unwrap()
            .join("demo/new");
        let body = json!({
            "requirements": [{ "type": "assert-create" }],
            "updates": [
                { "action": "assign-uuid", "uuid": uuid::Uuid::new_v4() },
                { "action": "upgrade-format-version", "format-version": 2 },
                { "action": "add-schema", "schema": testkit::schema(), "last-column-id": 2 },
                { "action": "set-current-schema", "schema-id": -1 },
                { "action": "add-spec", "spec": { "spec-id": 0, "fields": [] } },
                { "action": "set-default-spec", "spec-id": -1 },
                { "action": "add-sort-order", "sort-order": { "order-id": 0, "fields": [] } },
                { "action": "set-default-sort-order", "sort-order-id": -1 },
                { "action": "set-location", "location": format!("file://{}", location.display()) },
            ],
        });
        let app = &prepared.app;
        app.post(app.at("namespaces/ns/tables/new"), &body)
            .await
            .expect(200);
    });
    assert_eq!(creating_commit.await, "namespace:create_table");
    let overwriting = asked(async |prepared| {
        let app = &prepared.app;
        let location = app.load("ns", "t").await["metadata-location"].clone();
        let body = json!({ "name": "t", "metadata-location": location, "overwrite": true });
        app.post(app.at("namespaces/ns/register"), &body)
            .await
            .expect(200);
    });
    let expected = "table:get_metadata, namespace:create_table, table:drop";
    assert_eq!(overwriting.await, expected);
}

/// A caller who may delete a namespace may delete its contents, as in the existing Lakekeeper.
#[tokio::test]
async fn a_recursive_drop_asks_for_the_namespace_alone() {
    let recursive = asked(async |prepared| {
        let app = &prepared.app;
        let uri = app.at("namespaces/ns?recursive=true&purge=true&force=true");
        app.delete(uri).await.expect(204);
    });
    assert_eq!(recursive.await, "namespace:delete");
}
