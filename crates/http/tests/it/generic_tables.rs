//! Generic tables: tables of other formats than Iceberg.

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, TestApp};
use uuid::Uuid;

use crate::signing::OnS3;

/// A path of the generic table API in the warehouse `demo`.
pub(crate) fn at(app: &TestApp, rest: &str) -> String {
    format!("/lakekeeper/v1/{}/{rest}", app.warehouse)
}

const IN_NS: &str = "namespaces/ns/generic-tables";

async fn create(app: &TestApp, body: &Value) -> Answer {
    app.post(at(app, IN_NS), body).await
}

async fn created(app: &TestApp, name: &str) -> Value {
    let body = json!({ "name": name, "format": "lance" });
    create(app, &body).await.expect(200)
}

async fn names(app: &TestApp, query: &str) -> (Vec<String>, Value) {
    let list = app.get(at(app, &format!("{IN_NS}{query}"))).await;
    let list = list.expect(200);
    let found = list["identifiers"].as_array().unwrap().iter();
    let found = found.map(|one| one["name"].as_str().unwrap().to_owned());
    (found.collect(), list["next-page-token"].clone())
}

#[tokio::test]
async fn a_generic_table_lives_and_dies() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let body = json!({
        "name": "Vectors", "format": "lance", "doc": "embeddings", "properties": { "team": "ml" },
        "schema": { "fields": [ { "name": "v", "type": "fixed[768]" } ], "odd": 1.5 },
        "statistics": [1, null],
    });
    let sent = body.to_string().replace("1.5", "1.50");
    let call = app.call(Method::POST, at(&app, IN_NS)).body(sent);
    let created = call.header("content-type", "application/json").await;
    let table = created.expect(200)["table"].clone();
    for field in [
        "name",
        "format",
        "doc",
        "properties",
        "schema",
        "statistics",
    ] {
        assert_eq!(table[field], body[field], "{field}");
    }
    assert_eq!(table["protected"], false);
    let location = table["base-location"].as_str().unwrap();
    assert!(
        location.starts_with("file://") && !location.ends_with('/'),
        "{location}"
    );
    let uri = at(&app, &format!("{IN_NS}/vectors"));
    let answer = app.get(&uri).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // Numbers in the schema come back exactly as they were sent.
    assert!(answer.text().contains("\"odd\":1.50"), "{}", answer.text());
    let loaded = answer.expect(200);
    let named = json!({ "name": "vectors", "table": loaded["table"] });
    let mut expected = table.clone();
    expected["name"] = named["name"].clone();
    assert_eq!(named["table"], expected);
    assert_eq!(loaded["config"], json!({}));
    assert!(loaded.get("storage-credentials").is_none());
    let list = app.get(at(&app, IN_NS)).await.expect(200);
    let id = list["identifiers"][0]["id"].clone();
    let listed = json!([{ "namespace": ["ns"], "name": "Vectors", "format": "lance", "id": id }]);
    assert_eq!(list["identifiers"], listed);
    assert!(id.as_str().unwrap().parse::<Uuid>().is_ok());
    app.delete(&uri).await.expect(204);
    let (status, kind, message) = app.get(&uri).await.error();
    assert_eq!((status, kind.as_str()), (404, "GenericTableNotFound"));
    assert_eq!(message, "Generic table does not exist: ns.vectors");
    assert_eq!(app.delete(&uri).await.error().1, "GenericTableNotFound");
}

#[tokio::test]
async fn what_a_generic_table_cannot_be_is_refused() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let (fits, too_long) = ("x".repeat((1 << 20) - 2), "x".repeat((1 << 20) - 1));
    let many: serde_json::Map<_, _> = (0..1_001)
        .map(|n| (n.to_string(), Value::from("x")))
        .collect();
    let at_the_bound = json!({ "name": "fits", "format": "f", "schema": fits, "statistics": fits });
    create(&app, &at_the_bound).await.expect(200);
    for (body, expected) in [
        (json!({ "name": "", "format": "lance" }), "InvalidName"),
        (
            json!({ "name": "a\u{0}", "format": "lance" }),
            "InvalidName",
        ),
        (json!({ "name": "t", "format": "" }), "InvalidFormat"),
        (json!({ "name": "t", "format": "Lance" }), "InvalidFormat"),
        (
            json!({ "name": "t", "format": "x".repeat(65) }),
            "InvalidFormat",
        ),
        (json!({ "name": "t" }), "BadRequestException"),
        (
            json!({ "name": "t", "format": "f", "schema": too_long }),
            "PayloadTooLarge",
        ),
        (
            json!({ "name": "t", "format": "f", "statistics": too_long }),
            "PayloadTooLarge",
        ),
        (
            json!({ "name": "t", "format": "f", "doc": format!("{too_long}xx") }),
            "PayloadTooLarge",
        ),
        (
            json!({ "name": "t", "format": "f", "properties": many }),
            "BadRequestException",
        ),
        (
            json!({ "name": "t", "format": "f", "base-location": "s3://elsewhere/t" }),
            "InvalidLocation",
        ),
    ] {
        let (status, kind, message) = create(&app, &body).await.error();
        assert_eq!((status, kind.as_str()), (400, expected), "{message}");
    }
    let nowhere = app.post(
        at(&app, "namespaces/nope/generic-tables"),
        &json!({ "name": "t", "format": "f" }),
    );
    assert_eq!(nowhere.await.error().1, "NoSuchNamespaceException");
    assert_eq!(names(&app, "").await.0, ["fits"]);
}

#[tokio::test]
async fn names_and_places_are_shared_with_tables_and_views() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    app.view("ns", "v").await;
    let location = created(&app, "g").await["table"]["base-location"].clone();
    for (name, kind, message) in [
        (
            "T",
            "AlreadyExistsException",
            "Table with same name already exists: ns.T",
        ),
        (
            "V",
            "AlreadyExistsException",
            "View with same name already exists: ns.V",
        ),
        (
            "G",
            "GenericTableAlreadyExists",
            "Generic table already exists: ns.G",
        ),
    ] {
        let taken = create(&app, &json!({ "name": name, "format": "f" })).await;
        assert_eq!(taken.error(), (409, kind.to_owned(), message.to_owned()));
    }
    for (uri, body) in [
        ("tables", testkit::table("G")),
        ("views", testkit::view("G", "ns")),
    ] {
        let uri = app.at(&format!("namespaces/ns/{uri}"));
        let (status, kind, message) = app.post(&uri, &body).await.error();
        assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
        assert_eq!(message, "Generic table with same name already exists: ns.G");
    }
    let mut inside = testkit::table("inside");
    inside["location"] = json!(format!("{}/in", location.as_str().unwrap()));
    let refused = app.post(app.at("namespaces/ns/tables"), &inside).await;
    assert_eq!(refused.error().1, "LocationAlreadyTaken");
    let same = json!({ "name": "same", "format": "f", "base-location": location });
    assert_eq!(create(&app, &same).await.error().1, "LocationAlreadyTaken");
    // A generic table is not found as a table, nor a table as a generic table.
    let as_table = app.get(app.at("namespaces/ns/tables/g")).await;
    assert_eq!(as_table.error().1, "NoSuchTableException");
    let table = app.get(at(&app, &format!("{IN_NS}/t"))).await;
    assert_eq!(table.error().1, "GenericTableNotFound");
    let tables = app.get(app.at("namespaces/ns/tables")).await.expect(200);
    assert_eq!(tables["identifiers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn lists_are_complete_or_in_pages() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    for name in ["c", "A", "b"] {
        created(&app, name).await;
    }
    assert_eq!(
        names(&app, "").await,
        (vec!["A".into(), "b".into(), "c".into()], Value::Null)
    );
    let (first, token) = names(&app, "?pageToken=&pageSize=2").await;
    assert_eq!(first, ["A", "b"]);
    let token = token.as_str().unwrap();
    let rest = names(&app, &format!("?pageToken={token}&pageSize=2")).await;
    assert_eq!(rest, (vec!["c".into()], Value::Null));
}

#[tokio::test]
async fn a_generic_table_is_renamed_into_another_namespace() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.namespace("other").await;
    let before = created(&app, "g").await["table"].clone();
    app.table("ns", "t").await;
    let rename = async |from: &str, (namespace, to): (&str, &str)| {
        let body = json!({
            "source": { "namespace": ["ns"], "name": from },
            "destination": { "namespace": [namespace], "name": to },
        });
        app.post(at(&app, "generic-tables/rename"), &body).await
    };
    assert_eq!(rename("g", ("ns", "t")).await.error().0, 409);
    assert_eq!(
        rename("t", ("ns", "u")).await.error().1,
        "GenericTableNotFound"
    );
    assert_eq!(
        rename("g", ("nope", "u")).await.error().1,
        "NoSuchNamespaceException"
    );
    rename("g", ("other", "moved")).await.expect(204);
    let uri = at(&app, "namespaces/other/generic-tables/moved");
    let after = app.get(&uri).await.expect(200)["table"].clone();
    assert_eq!(after["base-location"], before["base-location"]);
    assert!(names(&app, "").await.0.is_empty());
}

#[tokio::test]
async fn a_request_that_comes_again_is_answered_as_before() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let key = Uuid::now_v7().to_string();
    let body = json!({ "name": "g", "format": "lance", "properties": { "a": "1" } });
    let send = || {
        app.post(at(&app, IN_NS), &body)
            .header("idempotency-key", &key)
    };
    let first = send().await.expect(200);
    assert_eq!(send().await.expect(200), first);
    let rename = json!({
        "source": { "namespace": ["ns"], "name": "g" },
        "destination": { "namespace": ["ns"], "name": "h" },
    });
    let renamed = app.post(at(&app, "generic-tables/rename"), &rename);
    renamed.await.expect(204);
    assert_eq!(send().await.expect(200), first);
    let uri = at(&app, &format!("{IN_NS}/h"));
    let dropping = Uuid::now_v7().to_string();
    for _ in 0..2 {
        let drop = app.delete(&uri).header("idempotency-key", &dropping);
        drop.await.expect(204);
    }
    assert_eq!(send().await.expect(200), first);
}

#[tokio::test]
async fn a_drop_purges_when_asked_and_a_namespace_keeps_the_files_of_its_generic_tables() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let mut files = Vec::new();
    for name in ["kept", "purged", "with_namespace"] {
        let location = created(&app, name).await["table"]["base-location"].clone();
        let folder = location.as_str().unwrap().strip_prefix("file://").unwrap();
        std::fs::create_dir_all(folder).unwrap();
        let file = std::path::Path::new(folder).join("data.lance");
        std::fs::write(&file, "rows").unwrap();
        files.push(file);
    }
    app.delete(at(&app, &format!("{IN_NS}/kept")))
        .await
        .expect(204);
    let purge = at(&app, &format!("{IN_NS}/purged?purgeRequested=true"));
    app.delete(purge).await.expect(204);
    let plain = app.delete(app.at("namespaces/ns")).await;
    assert_eq!(plain.error().1, "NamespaceNotEmptyException");
    let all = app.at("namespaces/ns?recursive=true&purge=true");
    app.delete(all).await.expect(204);
    app.work_until(|| !files[1].exists()).await;
    assert!(files[0].exists() && files[2].exists());
}

/// The signer asks for the same actions as for a table, but those of generic tables.
#[tokio::test]
async fn engines_get_at_the_files_of_a_generic_table_as_at_those_of_a_table() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let (app, warehouse) = (&on.app, &on.warehouse);
    let tables = format!("/lakekeeper/v1/{warehouse}/{IN_NS}");
    let body = json!({ "name": "g", "format": "lance" });
    app.post(&tables, &body).await.expect(200);
    let loaded = app.get(format!("{tables}/g")).await.expect(200);
    assert_eq!(loaded["config"]["s3.remote-signing-enabled"], "true");
    assert!(loaded.get("storage-credentials").is_none());
    let credentials = app.get(format!("{tables}/g/credentials")).await.expect(200);
    assert_eq!(credentials, json!({ "storage-credentials": [] }));
    let endpoint = loaded["config"]["signer.endpoint"].as_str().unwrap();
    let location = loaded["table"]["base-location"].as_str().unwrap();
    on.authorizer.take();
    for path in [
        format!("/catalog/{endpoint}"),
        format!("/catalog/v1/{warehouse}/v1/aws/s3/sign"),
    ] {
        for (method, action) in [
            ("GET", "generic-table:read_data"),
            ("PUT", "generic-table:write_data"),
        ] {
            let signed = on
                .sign(&path, method, &on.uri_of(location, "/data/a"))
                .await;
            signed.expect(200);
            let asked = on.authorizer.take();
            let asked: Vec<_> = asked.iter().map(ToString::to_string).collect();
            assert_eq!(asked, [action], "{path}");
        }
    }
}

#[tokio::test]
async fn vended_keys_are_for_the_folder_of_the_generic_table() {
    let Some(on) = OnS3::start(json!({ "sts-enabled": true })).await else {
        return;
    };
    let tables = format!("/lakekeeper/v1/{}/{IN_NS}", on.warehouse);
    let body = json!({ "name": "g", "format": "lance" });
    on.app.post(&tables, &body).await.expect(200);
    let loaded = on.app.get(format!("{tables}/g")).await.expect(200);
    let entry = &loaded["storage-credentials"][0];
    let location = loaded["table"]["base-location"].as_str().unwrap();
    assert_eq!(entry["prefix"], json!(format!("{location}/")));
    let renewed_at = entry["config"]["client.refresh-credentials-endpoint"].as_str();
    let path = renewed_at
        .unwrap()
        .strip_prefix("http://catalog.test")
        .unwrap();
    assert_eq!(path, format!("{tables}/g/credentials"));
    let renewed = on.app.get(path).await.expect(200);
    assert_eq!(renewed["storage-credentials"][0], *entry);
    assert_eq!(
        loaded["config"]["s3.access-key-id"],
        entry["config"]["s3.access-key-id"]
    );
}
