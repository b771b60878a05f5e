//! Warehouses on the S3 server that the variables `LAKEKEEPER_TEST_S3_*` name. Without one, the tests pass without doing anything.

use axum::Router;
use axum::routing::any;
use objects::{Permission, Scope, StorageCredential, StorageProfile};
use serde_json::{Value, json};
use testkit::TestApp;

use crate::validation::creation;

/// A body that creates a warehouse on this server, in a folder of its own, with vended credentials.
pub(crate) fn warehouse() -> Option<Value> {
    let get = |name: &str| {
        let value = std::env::var_os(format!("LAKEKEEPER_TEST_S3_{name}"))?;
        value.into_string().ok()
    };
    Some(json!({
        "warehouse-name": "w",
        "storage-profile": {
            "type": "s3", "bucket": get("BUCKET")?, "region": get("REGION")?, "endpoint": get("ENDPOINT")?,
            "flavor": "s3-compat", "path-style-access": true, "sts-enabled": true,
            "key-prefix": format!("http-tests/{}", uuid::Uuid::new_v4()),
        },
        "storage-credential": {
            "type": "s3", "credential-type": "access-key",
            "access-key-id": get("ACCESS_KEY_ID")?, "secret-access-key": get("SECRET_ACCESS_KEY")?,
        },
    }))
}

const VENDED: [&str; 3] = [
    "vended-credentials-issued",
    "vended-credentials-read-write",
    "vended-credentials-scope-enforced",
];

#[tokio::test]
async fn a_bucket_that_works_passes_with_and_without_vended_credentials() {
    let Some(mut body) = warehouse() else { return };
    let app = TestApp::start().await;
    let report = creation(&app, &body).await;
    assert!(report.is_valid());
    let passed = report.with("passed");
    assert!(
        VENDED.iter().all(|check| passed.contains(check)),
        "{passed:?}"
    );

    body["storage-profile"]["sts-enabled"] = json!(false);
    let report = creation(&app, &body).await;
    assert!(report.is_valid());
    let skipped = report.with("skipped");
    assert!(
        VENDED.iter().all(|check| skipped.contains(check)),
        "{skipped:?}"
    );
}

#[tokio::test]
async fn a_wrong_secret_is_told_and_not_repeated() {
    let Some(mut body) = warehouse() else { return };
    let app = TestApp::start().await;
    body["storage-credential"]["secret-access-key"] = json!("a-wrong-secret");
    let report = creation(&app, &body).await;
    let failed = report.with("failed");
    assert_eq!(
        failed,
        ["lakekeeper-read-write", "vended-credentials-issued"]
    );
    for check in failed {
        let message = report.message(check);
        assert!(
            message.contains("signature we calculated does not match"),
            "{message}"
        );
        assert!(!message.contains("a-wrong-secret"), "{message}");
    }
    let skipped = report.with("skipped");
    assert!(
        skipped.ends_with(&[VENDED[1], VENDED[2], "cleanup"]),
        "{skipped:?}"
    );
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    let Some(mut body) = warehouse() else { return };
    let app = TestApp::start().await;
    body["storage-profile"]["bucket"] = json!("no-such-bucket-of-lakekeeper");
    let report = creation(&app, &body).await;
    assert_eq!(report.with("failed"), ["lakekeeper-read-write"]);
    let message = report.message("lakekeeper-read-write");
    assert!(message.contains("NoSuchBucket"), "{message}");
}

#[tokio::test]
async fn a_warehouse_is_validated_with_what_it_has_and_what_it_would_have() {
    let Some(body) = warehouse() else { return };
    let app = TestApp::start().await;
    let created = app
        .post("/management/v1/warehouse", &body)
        .await
        .expect(201);
    let id = created["warehouse-id"].as_str().unwrap();
    let validate = async |what: &str, body: &Value| {
        let uri = format!("/management/v1/warehouse/{id}/storage/{what}");
        let answer = app.post(uri, body).await;
        assert!(
            !answer.text().contains("a-wrong-secret"),
            "{}",
            answer.text()
        );
        crate::validation::Report::of(answer.expect(200))
    };
    assert!(validate("validate-access", &json!({})).await.is_valid());
    let mut key = json!({ "new-storage-credential": body["storage-credential"] });
    assert!(validate("validate-credential", &key).await.is_valid());
    key["new-storage-credential"]["secret-access-key"] = json!("a-wrong-secret");
    let refused = validate("validate-credential", &key).await;
    let expected = ["lakekeeper-read-write", "vended-credentials-issued"];
    assert_eq!(refused.with("failed"), expected);
    // The stored credential has not changed.
    assert!(validate("validate-access", &json!({})).await.is_valid());
    let mut change = json!({
        "storage-profile": body["storage-profile"], "storage-credential": body["storage-credential"],
    });
    change["storage-profile"]["sts-token-validity-seconds"] = json!(900);
    assert!(validate("validate-profile", &change).await.is_valid());
    change["storage-profile"]["key-prefix"] = json!("elsewhere");
    let refused = validate("validate-profile", &change).await;
    assert_eq!(refused.with("failed"), ["profile-compatible"]);
}

/// Starts a token service that always vends credentials for the warehouse's whole folder; returns its address.
async fn careless_sts(body: &Value) -> String {
    let profile = StorageProfile::from_json(&body["storage-profile"]).unwrap();
    let credential = StorageCredential::from_json(&body["storage-credential"]).unwrap();
    let vendor = objects::vendor(&profile, Some(&credential))
        .unwrap()
        .unwrap();
    let scope = Scope {
        folder: profile.base_location(),
        permission: Permission::Write,
    };
    let vended = vendor.vend(&scope).await.unwrap();
    let get = |name: &str| {
        let found = vended.config.iter().find(|(given, _)| given == name);
        found.unwrap().1.expose().clone()
    };
    let answer = format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{}</AccessKeyId>\
         <SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        get("s3.access-key-id"),
        get("s3.secret-access-key"),
        get("s3.session-token"),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Router::new().fallback(any(async move || answer));
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_token_service_that_does_not_narrow_is_told_and_keeps_a_warehouse_from_being_created() {
    let Some(mut body) = warehouse() else { return };
    let app = TestApp::start().await;
    let address = careless_sts(&body).await;
    body["storage-profile"]["sts-endpoint"] = json!(address);
    let report = creation(&app, &body).await;
    assert_eq!(report.with("failed"), ["vended-credentials-scope-enforced"]);
    let message = report.message("vended-credentials-scope-enforced");
    assert!(message.contains("was not denied"), "{message}");
    let refused = app.post("/management/v1/warehouse", &body).await.error();
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (400, "InvalidStorageProfile")
    );
    assert!(
        refused.2.contains("is not confined to its folder"),
        "{}",
        refused.2
    );
}
