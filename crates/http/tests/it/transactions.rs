//! Transactions: commits to several tables.

use serde_json::{Value, json};
use testkit::TestApp;

fn change(table: &str, requirement: &Value) -> Value {
    json!({
        "identifier": { "namespace": ["ns"], "name": table },
        "requirements": [requirement],
        "updates": [{ "action": "set-properties", "updates": { "changed": "yes" } }],
    })
}

fn is(uuid: &Value) -> Value {
    json!({ "type": "assert-table-uuid", "uuid": uuid })
}

#[tokio::test]
async fn all_tables_change_or_none() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (a, b) = (app.table("ns", "a").await, app.table("ns", "b").await);
    let (a_id, b_id) = (&a["metadata"]["table-uuid"], &b["metadata"]["table-uuid"]);
    let commit = async |changes: Value| {
        let body = json!({ "table-changes": changes });
        app.post(app.at("transactions/commit"), &body).await
    };
    let wrong = commit(json!([change("a", &is(a_id)), change("b", &is(a_id))])).await;
    let (status, kind, _) = wrong.error();
    assert_eq!((status, kind.as_str()), (409, "CommitFailedException"));
    let missing = commit(json!([change("a", &is(a_id)), change("c", &is(b_id))])).await;
    assert_eq!(missing.error().1, "NoSuchTableException");
    let twice = commit(json!([change("a", &is(a_id)), change("A", &is(a_id))])).await;
    assert_eq!(twice.error().0, 400);
    let unnamed = commit(json!([{ "requirements": [], "updates": [] }])).await;
    assert_eq!(unnamed.error().0, 400);
    assert_eq!(app.load("ns", "a").await, a);
    assert_eq!(app.load("ns", "b").await, b);
    commit(json!([change("b", &is(b_id)), change("a", &is(a_id))]))
        .await
        .expect(204);
    for name in ["a", "b"] {
        assert_eq!(
            app.load("ns", name).await["metadata"]["properties"]["changed"],
            "yes"
        );
    }
}

#[tokio::test]
async fn transactions_over_the_same_tables_in_any_order_all_end() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let names = ["a", "b", "c"];
    for name in names {
        app.table("ns", name).await;
    }
    let calls = (0..12).map(|n| {
        let updates =
            json!([{ "action": "set-properties", "updates": { format!("key-{n}"): "1" } }]);
        let change = |i: usize| {
            let identifier = json!({ "namespace": ["ns"], "name": names[(n + i) % 3] });
            json!({ "identifier": identifier, "requirements": [], "updates": updates })
        };
        let body = json!({ "table-changes": [change(0), change(1)] });
        app.post(app.at("transactions/commit"), &body).into_future()
    });
    for answer in futures::future::join_all(calls).await {
        answer.expect(204);
    }
    for (i, name) in names.iter().enumerate() {
        let properties = app.load("ns", name).await["metadata"]["properties"].clone();
        for n in 0..12_usize {
            let is_in = n % 3 == i || (n + 1) % 3 == i;
            assert_eq!(
                properties.get(format!("key-{n}")).is_some(),
                is_in,
                "{name} {n}"
            );
        }
    }
}

/// The version of the row of a table, which counts its changes.
async fn version(app: &TestApp, id: &Value) -> i64 {
    let id = id.as_str().unwrap().parse().unwrap();
    let row = app.store.tabular_load(app.warehouse.parse().unwrap(), id);
    row.await.unwrap().version.as_i64()
}

#[tokio::test]
async fn what_is_required_of_an_unchanged_table_is_part_of_the_transaction() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (a, b) = (app.table("ns", "a").await, app.table("ns", "b").await);
    let (a_id, b_id) = (&a["metadata"]["table-uuid"], &b["metadata"]["table-uuid"]);
    let before = version(&app, a_id).await;
    let only_required = json!({
        "identifier": { "namespace": ["ns"], "name": "a" }, "requirements": [is(a_id)], "updates": [],
    });
    let body = json!({ "table-changes": [only_required, change("b", &is(b_id))] });
    app.post(app.at("transactions/commit"), &body)
        .await
        .expect(204);
    // The row got a new version in the same transaction, so no commit by another replica can have come in between.
    assert_eq!(version(&app, a_id).await, before + 1);
    assert_eq!(app.load("ns", "a").await, a);
}

#[tokio::test]
async fn what_is_required_of_several_unchanged_tables_holds_of_all_at_once() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (a, b) = (app.table("ns", "a").await, app.table("ns", "b").await);
    let (a_id, b_id) = (&a["metadata"]["table-uuid"], &b["metadata"]["table-uuid"]);
    let versions = async || [version(&app, a_id).await, version(&app, b_id).await];
    let required = |name: &str, id: &Value| {
        json!({
            "identifier": { "namespace": ["ns"], "name": name }, "requirements": [is(id)], "updates": [],
        })
    };
    let before = versions().await;
    for (of_b, status) in [(a_id, 409), (b_id, 204)] {
        let body = json!({ "table-changes": [required("a", a_id), required("b", of_b)] });
        app.post(app.at("transactions/commit"), &body)
            .await
            .expect(status);
        // Both rows get a new version in the same transaction, or neither.
        let steps = i64::from(status == 204);
        assert_eq!(versions().await, before.map(|version| version + steps));
    }
}
