//! Resources that a caller may not see leave no trace: not in pages, not in counts, not in the order of checks.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use model::{Privilege, Securable, TabularKind};
use serde_json::{Value, json};
use testkit::Answer;
use uuid::Uuid;

use crate::grants::Lake;
use crate::{generic_tables, set_property};

/// What a list shows of an item, and its page token contains: its name, the levels of its path, or its id.
fn shown(item: &Value) -> String {
    if let Some(levels) = item.as_array() {
        let levels: Vec<_> = levels.iter().filter_map(Value::as_str).collect();
        return levels.join("\u{1f}");
    }
    let shown = item.get("deleted-at").map_or("name", |_| "id");
    item[shown].as_str().unwrap().to_owned()
}

/// Reads all pages of a list as `user`. Each page but the last is full, and its token names its last item.
async fn walk(lake: &Lake, user: &str, (uri, field): (&str, &str), size: usize) -> Vec<String> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let and = if uri.contains('?') { '&' } else { '?' };
        let page = format!("{uri}{and}pageToken={token}&pageSize={size}");
        let (status, page) = lake.as_user(user, &page).await;
        assert_eq!(status, 200, "{uri}: {page}");
        let items: Vec<_> = page[field].as_array().unwrap().iter().map(shown).collect();
        all.extend(items.iter().cloned());
        let Some(next) = page["next-page-token"].as_str() else {
            assert!(items.len() <= size, "{uri} by {size}: {items:?}");
            return all;
        };
        let told = String::from_utf8(URL_SAFE_NO_PAD.decode(next).unwrap()).unwrap();
        assert_eq!(items.last(), Some(&told), "{uri} by {size}");
        assert_eq!(items.len(), size, "{uri} by {size}");
        next.clone_into(&mut token);
    }
}

/// Adds six tables, views and generic tables to `c`, and six namespaces. Of each kind, `eve` may see the third and the fifth.
async fn with_some_hidden(lake: &Lake) {
    let app = &lake.app;
    let generic = generic_tables::at(app, "namespaces/c/generic-tables");
    for n in 1..=6 {
        let is_seen = n == 3 || n == 5;
        let table = app.table("c", &format!("t{n}")).await;
        let view = app.view("c", &format!("v{n}")).await;
        let body = json!({ "name": format!("g{n}"), "format": "lance" });
        app.post(&generic, &body).await.expect(200);
        let namespace = app.namespace(&format!("n{n}")).await;
        if !is_seen {
            continue;
        }
        let on = Securable::Namespace(namespace.parse().unwrap());
        lake.give("eve", Privilege::Describe, on).await;
        let listed = app.get(&generic).await.expect(200);
        let listed = listed["identifiers"].as_array().unwrap().last().unwrap();
        for (kind, id) in [
            (TabularKind::Table, &table["metadata"]["table-uuid"]),
            (TabularKind::View, &view["metadata"]["view-uuid"]),
            (TabularKind::GenericTable, &listed["id"]),
        ] {
            let on = Securable::Tabular(kind, id.as_str().unwrap().parse().unwrap());
            lake.give("eve", Privilege::Describe, on).await;
        }
    }
}

#[tokio::test]
async fn pages_are_full_and_their_tokens_name_only_what_is_seen() {
    for lake in Lake::on_each_store().await {
        let app = &lake.app;
        with_some_hidden(&lake).await;
        let generic = generic_tables::at(app, "namespaces/c/generic-tables");
        for (uri, field, expected) in [
            (
                app.at("namespaces/c/tables"),
                "identifiers",
                &["t3", "t5"][..],
            ),
            (app.at("namespaces/c/views"), "identifiers", &["v3", "v5"]),
            (generic, "identifiers", &["g3", "g5"]),
            (app.at("namespaces"), "namespaces", &["c", "n3", "n5"]),
        ] {
            for size in 1..=4 {
                let seen = walk(&lake, "eve", (&uri, field), size).await;
                assert_eq!(seen, expected, "{uri} by {size}");
            }
            let (_, all) = lake.as_user("eve", &uri).await;
            let all: Vec<_> = all[field].as_array().unwrap().iter().map(shown).collect();
            assert_eq!(all, expected, "{uri}");
        }
        let warehouse = format!("/management/v1/warehouse/{}", app.warehouse);
        let soft = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 3_600 } });
        app.post(format!("{warehouse}/delete-profile"), &soft)
            .await
            .expect(200);
        for n in 1..=6 {
            for at in [format!("tables/t{n}"), format!("views/v{n}")] {
                let at = app.at(&format!("namespaces/c/{at}"));
                app.delete(at).await.expect(204);
            }
        }
        let uri = format!("{warehouse}/deleted-tabulars");
        for size in 1..=5 {
            let seen = walk(&lake, "eve", (&uri, "tabulars"), size).await;
            assert_eq!(seen.len(), 4, "by {size}");
        }
        for size in [1, 5, 12] {
            let all = walk(&lake, "admin", (&uri, "tabulars"), size).await;
            assert_eq!(all.len(), 12, "by {size}");
        }
    }
}

/// The status and body, with the requested id masked.
fn told(answer: &Answer, id: &str) -> (u16, String) {
    (answer.status.as_u16(), answer.text().replace(id, "…"))
}

#[tokio::test]
async fn config_without_a_name_looks_only_at_what_the_caller_may_see() {
    let lake = Lake::start().await;
    let app = &lake.app;
    let config = async |user: &str, project: &str| {
        let call = app.get("/catalog/v1/config").token(&lake.idp.token(user));
        call.header("x-project-id", project).await
    };
    let own = model::ProjectId::nil().to_string();
    let unknown = Uuid::now_v7().to_string();
    let nothing = told(&config("eve", &unknown).await, &unknown);
    assert_eq!(nothing.0, 400, "{}", nothing.1);
    assert_eq!(told(&config("eve", &own).await, &own), nothing, "one");
    config("admin", &own).await.expect(200);
    app.create_warehouse("second").await;
    assert_eq!(told(&config("eve", &own).await, &own), nothing, "two");
    let (status, _, message) = config("admin", &own).await.error();
    assert_eq!(status, 400);
    assert!(message.contains("more than one"), "{message}");
    lake.give("eve", Privilege::Describe, lake.warehouse())
        .await;
    let found = config("eve", &own).await.expect(200);
    assert_eq!(found["defaults"]["prefix"], app.warehouse.as_str());
}

#[tokio::test]
async fn an_undrop_of_nothing_or_of_something_twice_tells_nothing_of_the_warehouse() {
    let lake = Lake::start().await;
    let (one, unknown) = (Uuid::now_v7(), Uuid::now_v7().to_string());
    let target = json!({ "type": "table", "id": one });
    let undrop = async |user: &str, warehouse: &str, targets: &Value| {
        let uri = format!("/management/v1/warehouse/{warehouse}/deleted-tabulars/undrop");
        let call = lake.app.post(uri, &json!({ "targets": targets }));
        let answer = call.token(&lake.idp.token(user)).await;
        told(&answer, warehouse)
    };
    let known = lake.app.warehouse.as_str();
    let many: Vec<_> = (0..=model::Bounds::UNDROPPED_TABULARS)
        .map(|_| json!({ "type": "table", "id": Uuid::now_v7() }))
        .collect();
    for (targets, status) in [
        (json!([]), 404),
        (json!([target]), 404),
        (json!([target, target]), 400),
        (json!(many), 400),
    ] {
        let hidden = undrop("eve", known, &targets).await;
        assert_eq!(hidden.0, status, "{}", hidden.1);
        assert_eq!(hidden, undrop("eve", &unknown, &targets).await);
    }
    assert_eq!(undrop("admin", known, &json!([])).await.0, 204);
    assert_eq!(undrop("admin", &unknown, &json!([])).await.0, 404);
}

#[tokio::test]
async fn what_the_caller_could_not_see_is_not_the_last_word_of_an_idempotency_key() {
    for lake in Lake::on_each_store().await {
        let app = &lake.app;
        let table = app.load("c", "v").await;
        let body = set_property(&table["metadata"]["table-uuid"], "a", "1");
        let other = set_property(&table["metadata"]["table-uuid"], "b", "1");
        let post = async |uri: &str, body: &Value, key: Uuid| {
            let call = app.post(app.at(uri), body).token(&lake.idp.token("eve"));
            call.header("idempotency-key", key.to_string()).await
        };
        let uri = "namespaces/c/tables/v";
        let (key, missing) = (Uuid::now_v7(), Uuid::now_v7());
        // The use of an idempotency key does not reveal either whether the table exists.
        for round in 0..2 {
            for (body, status) in [(&body, 404), (&other, 400)] {
                let hidden = post(uri, body, key).await;
                assert_eq!(hidden.status.as_u16(), status, "{round}: {}", hidden.text());
                let nothing = post("namespaces/c/tables/w", body, missing).await;
                let nothing = told(&nothing, &missing.to_string());
                assert_eq!(told(&hidden, &key.to_string()), nothing, "{round}");
            }
        }
        let on = lake.table("c", "v").await;
        lake.give("eve", Privilege::Modify, on.clone()).await;
        let first = post(uri, &body, key).await.expect(200);
        assert_eq!(first["metadata"]["properties"]["a"], "1");
        let again = post(uri, &body, key).await.expect(200);
        assert_eq!(again["metadata-location"], first["metadata-location"]);
        let reused = post(uri, &other, key).await.error();
        assert_eq!((reused.0, reused.1.as_str()), (400, "IdempotencyKeyReused"));
    }
}

#[tokio::test]
async fn that_a_warehouse_is_deactivated_is_not_the_last_word_of_an_idempotency_key() {
    let lake = Lake::start().await;
    let app = &lake.app;
    let key = Uuid::now_v7().to_string();
    let create = async || {
        let call = app.post(app.at("namespaces"), &json!({ "namespace": ["late"] }));
        call.header("idempotency-key", &key).await
    };
    let switch = async |to: &str| {
        let uri = format!("/management/v1/warehouse/{}/{to}", app.warehouse);
        let switched = app.call(Method::POST, uri).await;
        assert!(switched.status.is_success(), "{}", switched.text());
    };
    switch("deactivate").await;
    assert_eq!(create().await.error().1, "NoSuchWarehouseException");
    switch("activate").await;
    create().await.expect(200);
    create().await.expect(200);
}

#[tokio::test]
async fn a_transaction_of_nothing_is_one_of_the_warehouse_and_of_its_key() {
    let lake = Lake::start().await;
    let app = &lake.app;
    let unknown = Uuid::now_v7().to_string();
    let nothing = json!({ "table-changes": [] });
    let commit = async |user: &str, warehouse: &str, body: &Value, key: Uuid| {
        let uri = format!("/catalog/v1/{warehouse}/transactions/commit");
        let call = app.post(uri, body).token(&lake.idp.token(user));
        call.header("idempotency-key", key.to_string()).await
    };
    let new = Uuid::now_v7;
    let (status, kind, _) = commit("admin", &unknown, &nothing, new()).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchWarehouseException"));
    let hidden = commit("eve", &app.warehouse, &nothing, new()).await;
    assert_eq!(
        told(&hidden, &app.warehouse),
        told(&commit("eve", &unknown, &nothing, new()).await, &unknown)
    );
    let key = new();
    for _ in 0..2 {
        let done = commit("admin", &app.warehouse, &nothing, key).await;
        assert_eq!(done.status.as_u16(), 204, "{}", done.text());
    }
    let change = json!({
        "identifier": { "namespace": ["c"], "name": "v" }, "requirements": [],
        "updates": [{ "action": "set-properties", "updates": { "changed": "yes" } }],
    });
    let other = json!({ "table-changes": [change] });
    let reused = commit("admin", &app.warehouse, &other, key).await.error();
    assert_eq!((reused.0, reused.1.as_str()), (400, "IdempotencyKeyReused"));
}
