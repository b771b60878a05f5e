//! Requests to S3, signed for engines that have no key.

#![expect(
    clippy::print_stderr,
    reason = "a test that is skipped for want of an S3 says so"
)]

use std::sync::Arc;

use objects::BulkDeletes;
use serde_json::{Value, json};
use testkit::{Answer, RecordingAuthorizer, TestApp, table};

/// A table in a warehouse on a real S3.
struct OnS3 {
    app: TestApp,
    authorizer: Arc<RecordingAuthorizer>,
    warehouse: String,
    endpoint: String,
    region: String,
    loaded: Value,
}

impl OnS3 {
    async fn start(settings: Value) -> Option<Self> {
        Self::start_with(settings, BulkDeletes::Refused).await
    }

    /// None, said aloud, where there is no S3.
    async fn start_with(settings: Value, bulk_deletes: BulkDeletes) -> Option<Self> {
        let get = |name: &str| {
            let name = format!("LAKEKEEPER_TEST_S3_{name}");
            std::env::var_os(name)?.into_string().ok()
        };
        let Some(endpoint) = get("ENDPOINT") else {
            eprintln!("SKIPPED: no LAKEKEEPER_TEST_S3_ENDPOINT");
            return None;
        };
        let authorizer = Arc::new(RecordingAuthorizer::default());
        let builder = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
        let builder =
            builder.settings(|settings| settings.storage_policy.bulk_deletes = bulk_deletes);
        let app = builder.start().await;
        let region = get("REGION").unwrap();
        let mut body = json!({
            "warehouse-name": "on-s3",
            "storage-profile": {
                "type": "s3", "bucket": get("BUCKET").unwrap(), "region": region, "endpoint": endpoint,
                "path-style-access": true, "flavor": "s3-compat", "sts-enabled": false,
                "key-prefix": format!("http-tests/{}", uuid::Uuid::new_v4()),
            },
            "storage-credential": {
                "type": "s3", "credential-type": "access-key",
                "access-key-id": get("ACCESS_KEY_ID").unwrap(),
                "secret-access-key": get("SECRET_ACCESS_KEY").unwrap(),
            },
        });
        for (name, value) in settings.as_object().unwrap() {
            body["storage-profile"][name] = value.clone();
        }
        let created = app
            .post("/management/v1/warehouse", &body)
            .await
            .expect(201);
        let warehouse = created["warehouse-id"].as_str().unwrap().to_owned();
        let at = format!("/catalog/v1/{warehouse}/namespaces");
        let namespace = json!({ "namespace": ["ns"] });
        app.post(&at, &namespace).await.expect(200);
        let tables = format!("{at}/ns/tables");
        let loaded = app.post(&tables, &table("t")).await.expect(200);
        app.post(&tables, &table("t2")).await.expect(200);
        authorizer.take();
        Some(Self {
            app,
            authorizer,
            warehouse,
            endpoint,
            region,
            loaded,
        })
    }

    /// The URI of what lies below the table's location.
    fn uri(&self, rest: &str) -> String {
        let location = self.loaded["metadata"]["location"].as_str().unwrap();
        let key = location.strip_prefix("s3://").unwrap();
        format!("{}/{key}{rest}", self.endpoint.trim_end_matches('/'))
    }

    /// Both paths to a signature for the table.
    fn paths(&self) -> [String; 2] {
        let warehouse = &self.warehouse;
        let id = self.loaded["metadata"]["table-uuid"].as_str().unwrap();
        [
            format!("/catalog/v1/{warehouse}/namespaces/ns/tables/t/sign"),
            format!("/catalog/v1/signer/{warehouse}/tabular-id/{id}/v1/aws/s3/sign"),
        ]
    }

    async fn sign(&self, path: &str, method: &str, uri: &str) -> Answer {
        let body = json!({
            "method": method, "uri": uri, "region": self.region, "provider": "s3",
            "headers": { "User-Agent": ["an-engine"] }, "properties": {},
        });
        self.app.post(path, &body).await
    }
}

#[tokio::test]
async fn requests_to_the_tables_files_are_signed() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    for path in on.paths() {
        for (method, cached, action) in [
            ("GET", "private", "table:read_data"),
            ("PUT", "no-cache", "table:write_data"),
        ] {
            let answer = on.sign(&path, method, &on.uri("/data/a.parquet")).await;
            assert_eq!(answer.header("cache-control"), Some(cached));
            let signed = answer.expect(200);
            assert_eq!(signed["uri"], on.uri("/data/a.parquet"));
            assert_eq!(signed["headers"]["User-Agent"], json!(["an-engine"]));
            let authorization = signed["headers"]["Authorization"][0].as_str().unwrap();
            assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential="));
            let asked = on.authorizer.take();
            assert_eq!(
                asked.iter().map(ToString::to_string).collect::<Vec<_>>(),
                [action]
            );
        }
    }
}

#[tokio::test]
async fn what_is_outside_or_cannot_be_understood_is_not_signed() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    for path in on.paths() {
        for (uri, status) in [
            (on.uri("2/a"), 403),
            (on.uri(""), 403),
            (on.uri("/../a"), 400),
            (on.uri("/a?acl"), 400),
            ("https://evil.example/a".to_owned(), 400),
        ] {
            let (found, _, message) = on.sign(&path, "GET", &uri).await.error();
            assert_eq!(found, status, "{uri}: {message}");
        }
    }
    let path = format!(
        "/catalog/v1/{}/namespaces/ns/tables/none/sign",
        on.warehouse
    );
    let (status, kind, _) = on.sign(&path, "GET", &on.uri("/a")).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchTableException"));
}

#[tokio::test]
async fn a_compatible_store_deletes_several_only_if_the_operator_accepts_it() {
    for (bulk_deletes, expected) in [(BulkDeletes::Refused, 403), (BulkDeletes::Signed, 200)] {
        let Some(on) = OnS3::start_with(json!({}), bulk_deletes).await else {
            return;
        };
        let (endpoint, uri) = (on.endpoint.trim_end_matches('/'), on.uri("/data/a"));
        let below = uri.strip_prefix(endpoint).unwrap().trim_start_matches('/');
        let (bucket, key) = below.split_once('/').unwrap();
        for path in on.paths() {
            let body = json!({
                "method": "POST", "uri": format!("{endpoint}/{bucket}?delete"), "region": on.region, "headers": {},
                "body": format!("<Delete><Object><Key>{key}</Key></Object></Delete>"),
            });
            let answer = on.app.post(&path, &body).await;
            if expected == 200 {
                answer.expect(200);
                continue;
            }
            let (status, kind, message) = answer.error();
            assert_eq!((status, kind.as_str()), (403, "ForbiddenException"));
            let setting = "LAKEKEEPER__S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES=true";
            assert!(message.contains(setting), "{message}");
        }
    }
}

#[tokio::test]
async fn a_warehouse_can_be_without_signing() {
    let Some(on) = OnS3::start(json!({ "remote-signing-enabled": false })).await else {
        return;
    };
    for path in on.paths() {
        let (status, kind, message) = on.sign(&path, "GET", &on.uri("/a")).await.error();
        assert_eq!((status, kind.as_str()), (403, "ForbiddenException"));
        assert!(message.contains("remote-signing-enabled"), "{message}");
    }
}

#[tokio::test]
async fn only_requests_to_s3_are_signed() {
    let app = TestApp::start().await;
    app.namespace("ns").await;
    app.table("ns", "t").await;
    let sign = |provider: &'static str| {
        let body = json!({
            "method": "GET", "uri": "https://s3.example/b/a", "region": "r", "headers": {}, "provider": provider,
        });
        app.post(app.at("namespaces/ns/tables/t/sign"), &body)
    };
    let (status, _, message) = sign("s3").await.error();
    assert_eq!(status, 400);
    assert!(message.contains("storage of type `local`"), "{message}");
    let (status, _, message) = sign("gcs").await.error();
    assert_eq!(status, 400);
    assert!(message.contains("`provider` is `gcs`"), "{message}");
}
