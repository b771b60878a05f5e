//! Which format versions the tables of a warehouse may have, on both stores.

use std::sync::Arc;

use serde_json::{Value, json};
use store::Store;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use testkit::{Answer, TestApp};

const NOT_ALLOWED: &str = "FormatVersionNotAllowed";

/// A service on each store; on `PostgreSQL` only if the environment names a server.
async fn apps() -> Vec<TestApp> {
    let mut stores: Vec<Arc<dyn Store>> = vec![Arc::new(SqliteStore::temporary().unwrap())];
    if let Some(url) = std::env::var_os("LAKEKEEPER_TEST_PG_URL") {
        let store = PostgresStore::temporary(url.to_str().unwrap()).await;
        stores.push(Arc::new(store.unwrap()));
    }
    let mut apps = Vec::new();
    for store in stores {
        let app = TestApp::builder().store(store).start().await;
        app.namespace("ns").await;
        apps.push(app);
    }
    apps
}

async fn allow(app: &TestApp, allowed: &[u8], default: Option<u8>) {
    let uri = format!(
        "/management/v1/warehouse/{}/format-version-policy",
        app.warehouse
    );
    let body = json!({ "allowed-format-versions": allowed, "default-format-version": default });
    app.post(uri, &body).await.expect(200);
}

fn named(name: &str, version: Option<&str>) -> Value {
    let mut body = testkit::table(name);
    if let Some(version) = version {
        body["properties"] = json!({ "format-version": version });
    }
    body
}

/// The format version of the created table, or the status and type of the error.
fn outcome(answer: &Answer) -> Value {
    if answer.status.is_success() {
        return answer.json()["metadata"]["format-version"].clone();
    }
    let (status, kind, _) = answer.error();
    json!([status, kind])
}

/// The allowed versions, the default, the version asked for, and the expected [`outcome`].
type Case<'a> = (&'a [u8], Option<u8>, Option<&'a str>, Value);

#[tokio::test]
async fn a_table_is_made_of_a_version_that_is_allowed() {
    let (refused, invalid) = (
        json!([400, NOT_ALLOWED]),
        json!([400, "InvalidFormatVersion"]),
    );
    let cases: [Case<'_>; 16] = [
        (&[1, 2, 3], None, None, json!(2)),
        (&[1, 2, 3], Some(3), None, json!(3)),
        (&[1, 3], None, None, json!(3)),
        (&[1], None, None, json!(1)),
        (&[1, 2, 3], None, Some("1"), json!(1)),
        (&[1, 2, 3], None, Some("v3"), json!(3)),
        (&[1, 2, 3], Some(3), Some("2"), json!(2)),
        (&[1, 2], None, Some("3"), refused.clone()),
        (&[2], None, Some("1"), refused.clone()),
        (&[1, 2], Some(1), Some("v3"), refused.clone()),
        (&[3], None, Some("2"), refused),
        (&[1, 2, 3], None, Some("4"), invalid.clone()),
        (&[1, 2, 3], None, Some("0"), invalid.clone()),
        (&[1, 2, 3], None, Some(""), invalid.clone()),
        (&[1, 2, 3], None, Some("two"), invalid.clone()),
        (&[1], None, Some("99999999999999999999"), invalid),
    ];
    for app in apps().await {
        let uri = app.at("namespaces/ns/tables");
        for (n, (allowed, default, wanted, expected)) in cases.iter().enumerate() {
            allow(&app, allowed, *default).await;
            let body = named(&format!("t{n}"), *wanted);
            let mut staged = named(&format!("s{n}"), *wanted);
            staged["stage-create"] = json!(true);
            for body in [body, staged] {
                let found = outcome(&app.post(&uri, &body).await);
                assert_eq!(&found, expected, "{allowed:?} {default:?} {wanted:?}");
            }
        }
    }
}

fn upgrade(to: u8, requirement: &Value) -> Value {
    json!({
        "requirements": [requirement],
        "updates": [{ "action": "upgrade-format-version", "format-version": to }],
    })
}

#[tokio::test]
async fn a_commit_upgrades_to_what_is_allowed_and_leaves_what_is_there() {
    for app in apps().await {
        let table = app
            .post(app.at("namespaces/ns/tables"), &named("t", Some("1")))
            .await;
        let table = table.expect(200);
        let same = json!({ "type": "assert-table-uuid", "uuid": table["metadata"]["table-uuid"] });
        let uri = app.at("namespaces/ns/tables/t");
        allow(&app, &[1, 2], None).await;
        let refused = json!([400, NOT_ALLOWED]);
        assert_eq!(outcome(&app.post(&uri, &upgrade(3, &same)).await), refused);
        let mut change = upgrade(3, &same);
        change["identifier"] = json!({ "namespace": ["ns"], "name": "t" });
        let transaction = json!({ "table-changes": [change] });
        let answer = app.post(app.at("transactions/commit"), &transaction).await;
        assert_eq!(outcome(&answer), refused);
        assert_eq!(app.load("ns", "t").await["metadata"]["format-version"], 1);
        assert_eq!(outcome(&app.post(&uri, &upgrade(2, &same)).await), json!(2));
        // A policy applies to new versions only: a table of a version that is no longer allowed can still be written to.
        allow(&app, &[1], None).await;
        let uuid = &table["metadata"]["table-uuid"];
        let set = crate::set_property(uuid, "a", "b");
        assert_eq!(outcome(&app.post(&uri, &set).await), json!(2));
    }
}

#[tokio::test]
async fn what_is_staged_is_looked_at_again_when_it_is_committed() {
    for app in apps().await {
        let mut staged = named("late", Some("3"));
        staged["stage-create"] = json!(true);
        let answer = app
            .post(app.at("namespaces/ns/tables"), &staged)
            .await
            .expect(200);
        allow(&app, &[1, 2], None).await;
        let metadata = &answer["metadata"];
        let commit = json!({
            "requirements": [{ "type": "assert-create" }],
            "updates": [
                { "action": "assign-uuid", "uuid": metadata["table-uuid"] },
                { "action": "upgrade-format-version", "format-version": 3 },
                { "action": "add-schema", "schema": metadata["schemas"][0] },
                { "action": "set-current-schema", "schema-id": -1 },
                { "action": "add-spec", "spec": metadata["partition-specs"][0] },
                { "action": "set-default-spec", "spec-id": -1 },
                { "action": "add-sort-order", "sort-order": metadata["sort-orders"][0] },
                { "action": "set-default-sort-order", "sort-order-id": -1 },
                { "action": "set-location", "location": metadata["location"] },
            ],
        });
        let uri = app.at("namespaces/ns/tables/late");
        let refused = json!([400, NOT_ALLOWED]);
        assert_eq!(outcome(&app.post(&uri, &commit).await), refused);
        assert_eq!(app.get(&uri).await.status, 404);
        allow(&app, &[3], None).await;
        assert_eq!(outcome(&app.post(&uri, &commit).await), json!(3));
    }
}

#[tokio::test]
async fn a_file_of_a_version_that_is_not_allowed_is_not_taken_in() {
    for app in apps().await {
        let table = app
            .post(app.at("namespaces/ns/tables"), &named("t", Some("3")))
            .await;
        let table = table.expect(200);
        app.delete(app.at("namespaces/ns/tables/t"))
            .await
            .expect(204);
        let body = json!({ "name": "t", "metadata-location": table["metadata-location"] });
        let uri = app.at("namespaces/ns/register");
        allow(&app, &[1, 2], None).await;
        assert_eq!(
            outcome(&app.post(&uri, &body).await),
            json!([400, NOT_ALLOWED])
        );
        allow(&app, &[3], None).await;
        assert_eq!(outcome(&app.post(&uri, &body).await), json!(3));
    }
}

#[tokio::test]
async fn a_policy_contradicts_neither_the_format_nor_itself() {
    for app in apps().await {
        let uri = format!(
            "/management/v1/warehouse/{}/format-version-policy",
            app.warehouse
        );
        for (allowed, default, kind) in [
            (json!([]), Value::Null, "BadRequestException"),
            (json!([0]), Value::Null, "BadRequestException"),
            (json!([4]), Value::Null, "BadRequestException"),
            (json!([1, 2]), json!(3), "DefaultFormatVersionNotAllowed"),
        ] {
            let body =
                json!({ "allowed-format-versions": allowed, "default-format-version": default });
            let (status, found, _) = app.post(&uri, &body).await.error();
            assert_eq!((status, found.as_str()), (400, kind), "{body}");
        }
    }
}
