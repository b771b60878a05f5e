//! Storage profiles and credentials of warehouses in the management API.

use catalog::StorageTrial;
use objects::GcpIdentity;
use serde_json::{Value, json};
use testkit::TestApp;

use crate::real_s3;

#[tokio::test]
async fn the_servers_own_identity_is_refused_where_the_operator_has_not_allowed_it() {
    let app = TestApp::start().await;
    let body = json!({
        "warehouse-name": "w",
        "storage-profile": {
            "type": "s3", "bucket": "bucket", "region": "eu-central-1", "sts-enabled": true,
            "assume-role-arn": "arn:aws:iam::1:role/r",
        },
        "storage-credential": {
            "type": "s3", "credential-type": "aws-system-identity", "external-id": "hunter2",
        },
    });
    let (status, _, message) = app.post("/management/v1/warehouse", &body).await.error();
    assert_eq!(status, 400);
    let setting = "LAKEKEEPER__ENABLE_AWS_SYSTEM_CREDENTIALS=true";
    assert!(
        message.contains("`credential-type` is `aws-system-identity`")
            && message.contains(setting)
            && !message.contains("hunter2"),
        "{message}"
    );
}

#[tokio::test]
async fn a_warehouse_shows_its_kind_of_credential_and_what_that_decided() {
    let Some(mut body) = real_s3::warehouse() else {
        return;
    };
    let profile = &mut body["storage-profile"];
    profile["sts-enabled"] = json!(false);
    profile["assume-role-arn"] = json!("arn:aws:iam::000000000000:role/r");
    let key = body["storage-credential"].clone();
    let credential = &mut body["storage-credential"];
    credential["credential-type"] = json!("cloudflare-r2");
    credential["account-id"] = json!("0a1b");
    credential["token"] = json!("hunter2");
    // No Cloudflare service is available here to vend credentials.
    let builder = TestApp::builder();
    let builder = builder.settings(|settings| settings.storage_trial = StorageTrial::Skipped);
    let app = builder.start().await;
    let created = app
        .post("/management/v1/warehouse", &body)
        .await
        .expect(201);
    let uri = format!(
        "/management/v1/warehouse/{}",
        created["warehouse-id"].as_str().unwrap()
    );
    let kind = |name: &str| json!({ "type": "s3", "credential-type": name });
    let shown = app.get(&uri).await.expect(200);
    assert_eq!(shown["storage-credential-type"], kind("cloudflare-r2"));
    let profile = &shown["storage-profile"];
    assert_eq!(profile["flavor"], "s3-compat");
    assert_eq!(profile["sts-enabled"], true);
    assert_eq!(profile["assume-role-arn"], Value::Null);

    let body = json!({ "new-storage-credential": key });
    let changed = app.post(format!("{uri}/storage-credential"), &body).await;
    changed.expect(200);
    let shown = app.get(&uri).await.expect(200);
    assert_eq!(shown["storage-credential-type"], kind("access-key"));
    assert!(!shown.to_string().contains("hunter2"), "{shown}");
}

/// Neither Google's metadata server, which is not available here, nor the bucket is called.
#[tokio::test]
async fn a_warehouse_with_the_machines_identity_comes_where_no_storage_is_tried() {
    let builder = TestApp::builder().settings(|settings| {
        settings.storage_trial = StorageTrial::Skipped;
        settings.storage_policy.gcp_identity = GcpIdentity::Allowed;
    });
    let app = builder.start().await;
    let body = json!({
        "warehouse-name": "w",
        "storage-profile": { "type": "gcs", "bucket": "a-bucket" },
        "storage-credential": { "type": "gcs", "credential-type": "gcp-system-identity" },
    });
    let created = app.post("/management/v1/warehouse", &body).await;
    created.expect(201);
}
