//! `GET /v1/config`, the API descriptions, and the paths beside the APIs.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use testkit::TestApp;
use tower::ServiceExt as _;

use crate::operations;

#[tokio::test]
async fn config_lists_exactly_the_operations_of_the_catalog_api() {
    let app = TestApp::start().await;
    let config = app
        .get("/catalog/v1/config?warehouse=demo")
        .await
        .expect(200);
    let listed = config["endpoints"].as_array().unwrap().iter();
    let listed: BTreeSet<String> = listed.map(|one| one.as_str().unwrap().to_owned()).collect();
    let routed = operations::all(&app)
        .await
        .into_iter()
        .filter_map(|operation| {
            let (method, path) = operation.split_once(" /catalog")?;
            Some(format!("{method} {path}"))
        });
    let mut routed: BTreeSet<String> = routed.collect();
    assert!(routed.remove("GET /v1/config"));
    assert_eq!(listed, routed);
    assert!(!listed.iter().any(|endpoint| endpoint.contains("plan")));
}

#[tokio::test]
async fn config_finds_the_warehouse_by_name_by_id_by_project_and_alone() {
    let app = TestApp::start().await;
    let nil = "00000000-0000-0000-0000-000000000000";
    for query in [
        "?warehouse=demo".to_owned(),
        "?warehouse=DEMO".to_owned(),
        format!("?warehouse={}", app.warehouse),
        format!("?warehouse={nil}/demo"),
        format!("?warehouse={nil}%2Fdemo"),
        String::new(),
    ] {
        let config = app
            .get(format!("/catalog/v1/config{query}"))
            .await
            .expect(200);
        assert_eq!(
            config["defaults"]["prefix"],
            Value::from(app.warehouse.as_str()),
            "{query}"
        );
        assert_eq!(config["overrides"]["namespace-separator"], "%1F");
        assert_eq!(config["idempotency-key-lifetime"], "PT30M");
        assert_eq!(config["overrides"]["uri"], "http://catalog.test/catalog");
    }
    let (status, kind, message) = app.get("/catalog/v1/config?warehouse=nope").await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchWarehouseException"));
    assert_eq!(message, "Warehouse does not exist: nope");
}

#[tokio::test]
async fn an_unknown_path_and_an_unknown_method_are_errors_in_the_model() {
    let app = TestApp::start().await;
    for path in ["/nowhere", "/catalog", "/management/v1/warehouses"] {
        let (status, kind, message) = app.get(path).await.error();
        assert_eq!((status, kind.as_str()), (404, "NotFoundException"));
        assert!(message.contains("`/swagger-ui`"), "{message}");
    }
    assert_eq!(app.get("/catalog/v1/nowhere").await.error().0, 404);
    let (status, kind, _) = app.delete("/catalog/v1/config").await.error();
    assert_eq!((status, kind.as_str()), (405, "MethodNotAllowed"));
}

#[tokio::test]
async fn health_says_that_the_database_answers() {
    let app = TestApp::start().await;
    let health = app.get("/health").await.expect(200);
    assert_eq!(health["health"], "healthy");
}

#[tokio::test]
async fn a_request_id_is_kept_if_it_is_a_word_and_made_if_not() {
    let app = TestApp::start().await;
    let given = app.get("/health").header("x-request-id", "abc-1").await;
    assert_eq!(given.header("x-request-id"), Some("abc-1"));
    let long = "x".repeat(4_000);
    let made = app.get("/health").header("x-request-id", &long).await;
    assert!(made.header("x-request-id").unwrap().len() < 100);
}

#[tokio::test]
async fn links_are_made_from_what_a_proxy_says_if_it_is_believed() {
    for (trusts, expected) in [
        (true, "https://lake.example/ice/catalog"),
        (false, "http://catalog.test/catalog"),
    ] {
        let builder = TestApp::builder().http(|http| http.trusts_forwarded_headers = trusts);
        let app = builder.start().await;
        let call = app.get("/catalog/v1/config?warehouse=demo");
        let call = call.header("x-forwarded-host", "lake.example");
        let config = call.header("x-forwarded-prefix", "/ice").await.expect(200);
        assert_eq!(config["overrides"]["uri"], expected);
    }
}

/// An HTTP/2 request has no `host` header (RFC 9113, section 8.3.1).
#[tokio::test]
async fn links_are_made_from_the_address_that_was_asked_where_no_header_names_the_host() {
    let app = TestApp::start().await;
    let asked = "http://lake.example:8181/catalog/v1/config?warehouse=demo";
    let request = Request::builder().uri(asked).body(Body::empty());
    let answer = app.service.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let config: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        config["overrides"]["uri"],
        "http://lake.example:8181/catalog"
    );
}

#[tokio::test]
async fn the_swagger_page_needs_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let page = app.get("/swagger-ui/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("https://"), "{}", page.text());
    let builder = TestApp::builder().http(|http| http.serves_swagger_ui = false);
    let quiet = builder.start().await;
    assert_eq!(quiet.get("/swagger-ui/").await.error().0, 404);
}

#[tokio::test]
async fn the_descriptions_say_where_a_token_and_a_project_go() {
    let app = TestApp::builder().build();
    for api in ["catalog", "generic-table", "management"] {
        let uri = format!("/api-docs/{api}/v1/openapi.json");
        let description = app.get(uri).await.expect(200);
        let scheme = &description["components"]["securitySchemes"]["bearer"];
        assert_eq!(scheme["scheme"], "bearer", "{api}");
        assert_eq!(description["security"], json!([{ "bearer": [] }, {}]));
    }
    let uri = "/api-docs/management/v1/openapi.json";
    let description = app.get(uri).await.expect(200);
    for (method, path, expected) in [
        ("post", "/v1/role", 1),
        ("get", "/v1/warehouse", 1),
        ("get", "/v1/grants", 1),
        ("get", "/v1/user/{user_id}/roles", 1),
        ("get", "/v1/warehouse/{warehouse_id}", 0),
        ("get", "/v1/project-list", 0),
        ("get", "/v1/info", 0),
    ] {
        let parameters = description["paths"][path][method]["parameters"].as_array();
        let names = parameters.into_iter().flatten();
        let headers = names.filter(|one| one["name"] == "x-project-id");
        assert_eq!(headers.count(), expected, "{method} {path}");
    }
    // Whoever describes their first warehouse begins with the example.
    let created = &description["components"]["schemas"]["CreateWarehouseRequest"];
    let profile = &created["example"]["storage-profile"];
    assert!(
        objects::StorageProfile::from_request(profile).is_ok(),
        "{created}"
    );
    let credential = &created["example"]["storage-credential"];
    assert_eq!(credential["credential-type"], "access-key");
}
