//! The credential of a warehouse is replaced while a request is in progress.

use std::sync::Arc;

use authz::{Action, NamespaceAction};
use catalog::StorageTrial;
use serde_json::{Value, json};
use testkit::{TestApp, table};

use crate::holding::Holding;

fn credential(key: &str) -> Value {
    json!({
        "type": "s3", "credential-type": "access-key",
        "access-key-id": key, "secret-access-key": "hunter2",
    })
}

/// A warehouse on storage that does not exist: signing needs no call to it.
fn warehouse() -> Value {
    json!({
        "warehouse-name": "w",
        "storage-profile": {
            "type": "s3", "bucket": "bucket", "region": "local-01", "endpoint": "http://127.0.0.1:9",
            "path-style-access": true, "flavor": "s3-compat", "sts-enabled": false,
        },
        "storage-credential": credential("THE-FORMER-KEY"),
    })
}

/// The request has looked up the warehouse; then the credential is replaced and the old one deleted; then the request needs it.
#[tokio::test]
async fn a_request_that_is_under_way_goes_on_with_the_credential_that_is_there_now() {
    let authorizer = Holding::at(Action::Namespace(NamespaceAction::CreateTable));
    let builder = TestApp::builder().authorizer(Arc::<Holding>::clone(&authorizer));
    let app = builder.settings(|settings| settings.storage_trial = StorageTrial::Skipped);
    let app = app.start().await;
    let created = app.post("/management/v1/warehouse", &warehouse()).await;
    let id = created.expect(201)["warehouse-id"].take();
    let id = id.as_str().unwrap();
    let at = format!("/catalog/v1/{id}/namespaces");
    let namespace = json!({ "namespace": ["ns"] });
    app.post(&at, &namespace).await.expect(200);
    let mut body = table("t");
    body["stage-create"] = json!(true);
    let staged = app.post(format!("{at}/ns/tables"), &body).await.expect(200);
    let endpoint = staged["config"]["signer.endpoint"].as_str().unwrap();
    let location = staged["metadata"]["location"].as_str().unwrap();
    let key = location.strip_prefix("s3://").unwrap();
    let wanted = json!({
        "method": "GET", "uri": format!("http://127.0.0.1:9/{key}/data/a"), "region": "local-01",
        "provider": "s3", "headers": {}, "properties": {},
    });

    let signing = app.post(format!("/catalog/{endpoint}"), &wanted);
    let replacing = async {
        let body = json!({ "new-storage-credential": credential("THE-NEW-KEY") });
        let uri = format!("/management/v1/warehouse/{id}/storage-credential");
        app.post(uri, &body).await.expect(200);
    };
    let signed = authorizer.hold(signing, replacing).await;
    let signed = signed.expect(200);
    assert!(signed.to_string().contains("THE-NEW-KEY"), "{signed}");
}
