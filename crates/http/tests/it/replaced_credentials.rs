//! Credentials of warehouses that are replaced while requests are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision, NamespaceAction};
use catalog::StorageTrial;
use model::Caller;
use serde_json::{Value, json};
use testkit::{TestApp, table};
use tokio::sync::Semaphore;

/// Allows everything; but once it is to hold, creations of tables only when they are let go.
#[derive(Debug)]
struct Holding {
    holds: AtomicBool,
    held: Semaphore,
    let_go: Semaphore,
}

#[async_trait]
impl Authorizer for Holding {
    fn name(&self) -> &'static str {
        "holding"
    }

    async fn decide(
        &self,
        _: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let creation = Action::Namespace(NamespaceAction::CreateTable);
        let creates = checks.iter().any(|check| check.action == creation);
        if creates && self.holds.swap(false, Ordering::SeqCst) {
            self.held.add_permits(1);
            self.let_go.acquire().await.unwrap().forget();
        }
        Ok(vec![Decision::Allow; checks.len()])
    }
}

fn credential(key: &str) -> Value {
    json!({
        "type": "s3", "credential-type": "access-key",
        "access-key-id": key, "secret-access-key": "hunter2",
    })
}

/// No request reaches this storage: requests to it are signed without it.
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

/// The warehouse is looked up, its credential replaced and deleted, then its storage opened.
#[tokio::test]
async fn a_request_that_is_under_way_goes_on_with_the_credential_that_is_there_now() {
    let authorizer = Arc::new(Holding {
        holds: AtomicBool::new(false),
        held: Semaphore::new(0),
        let_go: Semaphore::new(0),
    });
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

    authorizer.holds.store(true, Ordering::SeqCst);
    let signing = app.post(format!("/catalog/{endpoint}"), &wanted);
    let replacing = async {
        authorizer.held.acquire().await.unwrap().forget();
        let body = json!({ "new-storage-credential": credential("THE-NEW-KEY") });
        let uri = format!("/management/v1/warehouse/{id}/storage-credential");
        app.post(uri, &body).await.expect(200);
        authorizer.let_go.add_permits(1);
    };
    let (signed, ()) = futures::join!(signing.into_future(), replacing);
    let signed = signed.expect(200);
    assert!(signed.to_string().contains("THE-NEW-KEY"), "{signed}");
}
