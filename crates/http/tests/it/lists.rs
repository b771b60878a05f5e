//! Lists and their pages.

use serde_json::{Value, json};
use testkit::{Answer, TestApp};

/// All pages of a list from its beginning, each with at most two items.
async fn pages(app: &TestApp, uri: &str, field: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let and = if uri.contains('?') { '&' } else { '?' };
        let uri = format!("{uri}{and}pageToken={token}&pageSize=2");
        let page = app.get(uri).await.expect(200);
        pages.push(page[field].as_array().unwrap().clone());
        match page["next-page-token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return pages,
        }
    }
}

async fn five(app: &TestApp) {
    for name in ["e", "B", "a", "d", "C"] {
        app.namespace(name).await;
    }
    for name in ["e", "B", "a", "d", "C"] {
        app.table("a", name).await;
        app.view("d", name).await;
    }
}

#[tokio::test]
async fn a_list_without_a_token_is_complete_and_pages_add_up_to_it() {
    let app = TestApp::start().await;
    five(&app).await;
    for (uri, field) in [
        ("namespaces", "namespaces"),
        ("namespaces/a/tables", "identifiers"),
        ("namespaces/d/views", "identifiers"),
    ] {
        let uri = app.at(uri);
        let all = app.get(&uri).await.expect(200);
        assert_eq!(all[field].as_array().unwrap().len(), 5);
        assert_eq!(all["next-page-token"], Value::Null);
        // A size without a token is ignored: a client that does not page must not take a part for the whole list.
        let sized = app.get(format!("{uri}?pageSize=2")).await.expect(200);
        assert_eq!(sized[field], all[field]);
        let pages = pages(&app, &uri, field).await;
        assert!(pages.iter().all(|page| page.len() <= 2), "{pages:?}");
        assert_eq!(json!(pages.concat()), all[field]);
    }
}

#[tokio::test]
async fn pages_stay_right_while_the_list_changes() {
    let app = TestApp::start().await;
    five(&app).await;
    let uri = app.at("namespaces/a/tables");
    let first = app
        .get(format!("{uri}?pageToken=&pageSize=2"))
        .await
        .expect(200);
    let token = first["next-page-token"].as_str().unwrap();
    let second_uri = format!("{uri}?pageToken={token}&pageSize=2");
    let second = app.get(&second_uri).await.expect(200);
    // Dropping the items of the first page, even the one that the token names, does not shift the second page.
    for one in first["identifiers"].as_array().unwrap() {
        let name = one["name"].as_str().unwrap();
        app.delete(app.at(&format!("namespaces/a/tables/{name}")))
            .await
            .expect(204);
    }
    assert_eq!(app.get(&second_uri).await.expect(200), second);
}

#[tokio::test]
async fn a_token_that_no_list_has_answered_is_400() {
    let app = TestApp::start().await;
    for token in ["%21", "%FF", "AA", "AGE"] {
        let answer = app
            .get(app.at(&format!("namespaces?pageToken={token}")))
            .await;
        let (status, kind, _) = answer.error();
        assert_eq!(
            (status, kind.as_str()),
            (400, "InvalidPaginationToken"),
            "{token}"
        );
    }
    for size in ["-1", "x", "99999999999999999999999"] {
        let uri = app.at(&format!("namespaces?pageToken=&pageSize={size}"));
        assert_eq!(app.get(uri).await.error().0, 400, "{size}");
    }
    app.get(app.at("namespaces?pageToken=&pageSize=0"))
        .await
        .expect(200);
    let huge = app.at(&format!("namespaces?pageToken=&pageSize={}", u64::MAX));
    app.get(huge).await.expect(200);
}

#[tokio::test]
async fn ids_and_protection_come_on_request_in_the_order_of_the_names() {
    let app = TestApp::start().await;
    let id = app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let flags = "returnUuids=true&returnProtectionStatus=true";
    let namespaces = app
        .get(app.at(&format!("namespaces?{flags}")))
        .await
        .expect(200);
    assert_eq!(namespaces["namespace-uuids"], json!([id]));
    assert_eq!(namespaces["protection-status"], json!([false]));
    let tables = app
        .get(app.at(&format!("namespaces/ns/tables?{flags}")))
        .await
        .expect(200);
    assert_eq!(
        tables["table-uuids"],
        json!([table["metadata"]["table-uuid"]])
    );
    assert_eq!(tables["protection-status"], json!([false]));
    let plain: Answer = app.get(app.at("namespaces")).await;
    assert_eq!(
        plain.json().as_object().unwrap().len(),
        2,
        "{}",
        plain.text()
    );
}

#[tokio::test]
async fn the_functions_of_a_namespace_are_none() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let functions = app.get(app.at("namespaces/ns/functions")).await.expect(200);
    assert_eq!(functions["identifiers"], json!([]));
    let (status, kind, _) = app.get(app.at("namespaces/ns/functions/f")).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchFunctionException"));
    let missing = app.get(app.at("namespaces/nope/functions")).await.error();
    assert_eq!(missing.1, "NoSuchNamespaceException");
}
