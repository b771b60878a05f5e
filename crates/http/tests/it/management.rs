//! The management API: server, projects, warehouses.

use serde_json::{Value, json};
use testkit::TestApp;

const NIL: &str = "00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn bootstrap_needs_acceptance_and_works_once() {
    let app = TestApp::builder().build();
    let info = app.get("/management/v1/info").await.expect(200);
    assert_eq!(info["bootstrapped"], false);
    let refusal = json!({ "accept-terms-of-use": false });
    let refused = app.post("/management/v1/bootstrap", &refusal).await;
    assert_eq!(refused.error().0, 400);
    assert_eq!(refused.error().1, "TermsOfUseNotAccepted");
    app.bootstrap().await;
    let accepted = json!({ "accept-terms-of-use": true, "is-operator": true, "user-name": null });
    let (status, kind, _) = app
        .post("/management/v1/bootstrap", &accepted)
        .await
        .error();
    assert_eq!((status, kind.as_str()), (400, "CatalogAlreadyBootstrapped"));
    let after = app.get("/management/v1/info").await.expect(200);
    assert_eq!(after["bootstrapped"], true);
    assert_eq!(after["server-id"], info["server-id"]);
    assert_eq!(after["authz-backend"], "allow-all");
    assert_eq!(after["default-project-id"], NIL);
}

#[tokio::test]
async fn before_the_bootstrap_it_is_asked_for() {
    let app = TestApp::builder().build();
    let body = app.warehouse_body("demo");
    let refused = app.post("/management/v1/warehouse", &body).await.error();
    assert_eq!((refused.0, refused.1.as_str()), (404, "ProjectNotFound"));
    let remedy = "`POST /management/v1/bootstrap`";
    assert!(refused.2.contains(remedy), "{}", refused.2);
    let other = app.get("/management/v1/project/elsewhere").await.error();
    assert_eq!(other.2, "Project does not exist: elsewhere");
}

#[tokio::test]
async fn without_authentication_there_is_nobody_to_be() {
    let app = TestApp::start().await;
    let (status, kind, _) = app.get("/management/v1/whoami").await.error();
    assert_eq!((status, kind.as_str()), (401, "GetMyUserWithoutToken"));
}

#[tokio::test]
async fn a_project_is_created_found_renamed_and_deleted() {
    let app = TestApp::start().await;
    let created = app
        .post(
            "/management/v1/project",
            &json!({ "project-name": "sales" }),
        )
        .await;
    let id = created.expect(201)["project-id"]
        .as_str()
        .unwrap()
        .to_owned();
    let expected = json!({ "project-id": id, "project-name": "sales" });
    let by_id = format!("/management/v1/project/{id}");
    assert_eq!(app.get(&by_id).await.expect(200), expected);
    for header in ["x-project-id", "x-project-ident"] {
        let by_header = app.get("/management/v1/project").header(header, &id).await;
        assert_eq!(by_header.expect(200), expected);
    }
    let new_name = json!({ "new-name": "marketing" });
    app.post(format!("{by_id}/rename"), &new_name)
        .await
        .expect(200);
    let list = app.get("/management/v1/project-list").await.expect(200);
    let names: Vec<&Value> = list["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["project-name"])
        .collect();
    assert!(names.contains(&&json!("marketing")), "{names:?}");
    app.delete(&by_id).await.expect(204);
    let (status, kind, message) = app.get(&by_id).await.error();
    assert_eq!((status, kind.as_str()), (404, "ProjectNotFound"));
    assert_eq!(message, format!("Project does not exist: {id}"));
}

#[tokio::test]
async fn a_project_with_a_warehouse_is_not_deleted() {
    let app = TestApp::start().await;
    assert_eq!(app.delete("/management/v1/project").await.error().0, 409);
    app.get("/management/v1/project").await.expect(200);
}

#[tokio::test]
async fn a_malformed_project_id_is_400() {
    let app = TestApp::start().await;
    let wrong: [&[u8]; 3] = [b"a b", "ä".as_bytes(), b"\xff"];
    for value in wrong {
        let (status, kind, _) = app
            .get("/management/v1/project")
            .header("x-project-id", value)
            .await
            .error();
        assert_eq!(
            (status, kind.as_str()),
            (400, "MalformedProjectID"),
            "{value:?}"
        );
    }
}

#[tokio::test]
async fn a_warehouse_is_answered_with_all_its_fields() {
    let app = TestApp::start().await;
    let uri = format!("/management/v1/warehouse/{}", app.warehouse);
    let warehouse = app.get(&uri).await.expect(200);
    let profile = &app.warehouse_body("demo")["storage-profile"];
    assert_eq!(warehouse["storage-profile"]["root"], profile["root"]);
    for (field, value) in [
        ("id", json!(app.warehouse)),
        ("warehouse-id", json!(app.warehouse)),
        ("name", json!("demo")),
        ("project-id", json!(NIL)),
        ("status", json!("active")),
        ("protected", json!(false)),
        ("delete-profile", json!({ "type": "hard" })),
        ("allowed-format-versions", json!([1, 2, 3])),
        ("managed-by", json!("self-managed")),
        ("storage-credential-type", Value::Null),
    ] {
        assert_eq!(warehouse[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_warehouse_name_is_taken_without_regard_to_case() {
    let app = TestApp::start().await;
    let mut body = app.warehouse_body("other");
    body["warehouse-name"] = json!("DEMO");
    let (status, kind, _) = app.post("/management/v1/warehouse", &body).await.error();
    assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
}

#[tokio::test]
async fn a_renamed_warehouse_is_found_by_its_new_name_only() {
    let app = TestApp::start().await;
    // Caches the warehouse by its old name.
    app.get("/catalog/v1/config?warehouse=demo")
        .await
        .expect(200);
    let uri = format!("/management/v1/warehouse/{}/rename", app.warehouse);
    let renamed = app
        .post(uri, &json!({ "new-name": "lake" }))
        .await
        .expect(200);
    assert_eq!(renamed["name"], "lake");
    app.get("/catalog/v1/config?warehouse=lake")
        .await
        .expect(200);
    assert_eq!(
        app.get("/catalog/v1/config?warehouse=demo").await.error().0,
        404
    );
    let mut body = app.warehouse_body("other");
    body["warehouse-name"] = json!("demo");
    let other = app
        .post("/management/v1/warehouse", &body)
        .await
        .expect(201);
    for name in ["demo", "Demo"] {
        let uri = format!("/catalog/v1/config?warehouse={name}");
        let config = app.get(uri).await.expect(200);
        assert_eq!(config["defaults"]["prefix"], other["warehouse-id"]);
    }
}

#[tokio::test]
async fn an_inactive_warehouse_serves_nobody_and_is_listed_on_request() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.get("/catalog/v1/config?warehouse=demo")
        .await
        .expect(200);
    let uri = format!("/management/v1/warehouse/{}", app.warehouse);
    app.post(format!("{uri}/deactivate"), &json!({}))
        .await
        .expect(200);
    assert_eq!(app.get(app.at("namespaces")).await.error().0, 404);
    assert_eq!(
        app.get("/catalog/v1/config?warehouse=demo").await.error().0,
        404
    );
    let count = async |query: &str| {
        let uri = format!("/management/v1/warehouse{query}");
        let list = app.get(uri).await.expect(200);
        list["warehouses"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 0);
    assert_eq!(count("?warehouseStatus=active").await, 0);
    assert_eq!(count("?warehouseStatus=inactive").await, 1);
    assert_eq!(
        count("?warehouseStatus=active&warehouseStatus=inactive").await,
        1
    );
    app.post(format!("{uri}/activate"), &json!({}))
        .await
        .expect(200);
    app.get(app.at("namespaces/ns")).await.expect(200);
    let wrong = app
        .get("/management/v1/warehouse?warehouseStatus=asleep")
        .await;
    assert_eq!(wrong.error().0, 400);
}

#[tokio::test]
async fn a_warehouse_is_deleted_only_empty_and_unprotected_or_by_force() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    let uri = format!("/management/v1/warehouse/{}", app.warehouse);
    assert_eq!(app.delete(&uri).await.error().0, 409);
    app.delete(app.at("namespaces/ns")).await.expect(204);
    let protection = app
        .post(format!("{uri}/protection"), &json!({ "protected": true }))
        .await;
    assert_eq!(protection.expect(200)["protected"], true);
    let (status, kind, _) = app.delete(&uri).await.error();
    assert_eq!((status, kind.as_str()), (409, "WarehouseProtected"));
    app.delete(format!("{uri}?force=true")).await.expect(204);
    assert_eq!(app.get(&uri).await.error().0, 404);
}

#[tokio::test]
async fn what_this_build_cannot_do_is_refused_by_name() {
    let app = TestApp::start().await;
    let uri = format!("/management/v1/warehouse/{}", app.warehouse);
    let manager = json!({ "managed-by": "nobody" });
    let (status, _, message) = app
        .post(format!("{uri}/managed-by"), &manager)
        .await
        .error();
    assert_eq!(status, 400);
    assert!(message.contains("instance-admin"), "{message}");
}

#[tokio::test]
async fn an_endpoint_at_which_nobody_answers_is_named() {
    let app = TestApp::start().await;
    let body = json!({
        "warehouse-name": "w",
        "storage-profile": {
            "type": "s3", "bucket": "a-bucket", "region": "local-01", "endpoint": "http://127.0.0.1:1",
            "flavor": "s3-compat", "sts-enabled": false
        },
        "storage-credential": {
            "type": "s3", "credential-type": "access-key", "access-key-id": "id", "secret-access-key": "secret"
        },
    });
    let (status, kind, message) = app.post("/management/v1/warehouse", &body).await.error();
    assert_eq!((status, kind.as_str()), (400, "InvalidStorageProfile"));
    assert!(
        message.ends_with("; the `endpoint` is `http://127.0.0.1:1/`"),
        "{message}"
    );
}

#[tokio::test]
async fn a_secret_is_never_answered() {
    let app = TestApp::start().await;
    let secret = "very-secret-value-1234567890";
    let profiles = [
        json!({ "type": "s3", "bucket": "b", "region": "r", "sts-enabled": false }),
        json!({ "type": "local", "root": "/nowhere" }),
        json!({ "type": "s3" }),
        json!(secret),
    ];
    let credentials = [
        json!({ "type": "s3", "credential-type": "access-key", "access-key-id": secret, "secret-access-key": [secret] }),
        json!({ "type": "s3", "credential-type": "access-key", "access-key-id": "a", "secret-access-key": secret, "extra": secret }),
        json!([secret]),
        json!(secret),
    ];
    for profile in &profiles {
        for credential in &credentials {
            let mut body = json!({ "warehouse-name": "w", "storage-profile": profile });
            body["storage-credential"] = credential.clone();
            // An endpoint without a server, so that the trial of the storage fails at once.
            if body["storage-profile"]["bucket"] == "b" {
                body["storage-profile"]["endpoint"] = json!("http://127.0.0.1:1");
            }
            let answer = app.post("/management/v1/warehouse", &body).await;
            assert!(
                answer.status.is_client_error() || answer.status == 503,
                "{}",
                answer.text()
            );
            let said = answer.text();
            let leaks = said.contains(secret) && profile != &json!(secret);
            assert!(!leaks, "{credential} was answered with {said}");
        }
    }
}

#[tokio::test]
async fn a_misspelled_field_of_a_warehouse_is_refused_by_its_name() {
    let app = TestApp::start().await;
    let body = app.warehouse_body("w");
    let with = |at: &str, name: &str| {
        let mut body = body.clone();
        body.pointer_mut(at).unwrap()[name] = json!("x");
        body
    };
    let soft = json!({ "type": "soft", "expiration-seconds": 60 });
    let mut softly = body.clone();
    softly["delete-profile"] = soft;
    softly["delete-profile"]["expiration-secnds"] = json!(60);
    for (body, name) in [
        (with("", "delete-profle"), "delete-profle"),
        (with("/storage-profile", "key-prefx"), "key-prefx"),
        (softly, "expiration-secnds"),
    ] {
        let (status, _, message) = app.post("/management/v1/warehouse", &body).await.error();
        assert_eq!(status, 400, "{message}");
        assert!(
            message.contains(&format!("unknown field `{name}`")),
            "{message}"
        );
    }
}
