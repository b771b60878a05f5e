//! Signing of requests to S3 for engines that have no key.

#![expect(
    clippy::print_stderr,
    reason = "a test that is skipped for want of an S3 says so"
)]

use std::sync::Arc;

use objects::BulkDeletes;
use serde_json::{Value, json};
use testkit::{Action, Answer, RecordingAuthorizer, TableAction, TestApp, Verdict, table};

/// A warehouse on a real S3 server with tables `t` and `t2` in `ns`.
pub(crate) struct OnS3 {
    pub(crate) app: TestApp,
    pub(crate) authorizer: Arc<RecordingAuthorizer>,
    pub(crate) warehouse: String,
    endpoint: String,
    region: String,
    pub(crate) loaded: Value,
}

impl OnS3 {
    pub(crate) async fn start(settings: Value) -> Option<Self> {
        Self::start_with(settings, BulkDeletes::Refused).await
    }

    /// `None`, with a message, if the environment names no S3 server.
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

    /// The URI of an object below the location of `t`.
    fn uri(&self, rest: &str) -> String {
        self.uri_of(self.loaded["metadata"]["location"].as_str().unwrap(), rest)
    }

    pub(crate) fn uri_of(&self, location: &str, rest: &str) -> String {
        let key = location.strip_prefix("s3://").unwrap();
        format!("{}/{key}{rest}", self.endpoint.trim_end_matches('/'))
    }

    /// The two paths that sign for `t`: by its name, and by its id.
    fn paths(&self) -> [String; 2] {
        let warehouse = &self.warehouse;
        let id = self.loaded["metadata"]["table-uuid"].as_str().unwrap();
        [
            format!("/catalog/v1/{warehouse}/namespaces/ns/tables/t/sign"),
            format!("/catalog/v1/signer/{warehouse}/tabular-id/{id}/v1/aws/s3/sign"),
        ]
    }

    pub(crate) async fn sign(&self, path: &str, method: &str, uri: &str) -> Answer {
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
            (on.uri(""), 403),
            (on.uri("/../a"), 400),
            (on.uri("/a?acl"), 400),
            ("https://evil.example/a".to_owned(), 400),
        ] {
            let (found, _, message) = on.sign(&path, "GET", &uri).await.error();
            assert_eq!(found, status, "{uri}: {message}");
        }
    }
    let [by_name, by_id] = on.paths();
    let neighbour = on.uri("2/a");
    let (status, _, message) = on.sign(&by_name, "GET", &neighbour).await.error();
    assert_eq!(status, 403, "{message}");
    // Signing by id also looks for other tables at the location, and finds none.
    let (status, kind, _) = on.sign(&by_id, "GET", &neighbour).await.error();
    assert_eq!(
        (status, kind.as_str()),
        (400, "NoSuchTableLocationException")
    );
    let path = format!(
        "/catalog/v1/{}/namespaces/ns/tables/none/sign",
        on.warehouse
    );
    let (status, kind, _) = on.sign(&path, "GET", &on.uri("/a")).await.error();
    assert_eq!((status, kind.as_str()), (404, "NoSuchTableException"));
}

impl OnS3 {
    /// The paths that sign for whichever table the URI of the request belongs to.
    fn open_paths(&self) -> [String; 3] {
        let warehouse = &self.warehouse;
        let nobody = uuid::Uuid::new_v4();
        [
            format!("/catalog/v1/{warehouse}/v1/aws/s3/sign"),
            format!("/catalog/{warehouse}/v1/aws/s3/sign"),
            format!("/catalog/v1/signer/{warehouse}/tabular-id/{nobody}/v1/aws/s3/sign"),
        ]
    }

    /// The path that signs for `t2` by its id: `PyIceberg` uses the signing endpoint of the first loaded table for all tables.
    async fn path_of_the_other(&self) -> String {
        let tables = format!("/catalog/v1/{}/namespaces/ns/tables", self.warehouse);
        let other = self.app.get(format!("{tables}/t2")).await.expect(200);
        let id = other["metadata"]["table-uuid"].as_str().unwrap();
        format!(
            "/catalog/v1/signer/{}/tabular-id/{id}/v1/aws/s3/sign",
            self.warehouse
        )
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.authorizer.take();
        asked.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn the_table_is_found_by_where_the_request_leads_to() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let mut paths = on.open_paths().to_vec();
    paths.push(on.path_of_the_other().await);
    on.authorizer.take();
    for path in &paths {
        for (method, action) in [("GET", "table:read_data"), ("PUT", "table:write_data")] {
            let uri = on.uri("/data/a.parquet");
            let signed = on.sign(path, method, &uri).await.expect(200);
            assert_eq!(signed["uri"], uri);
            assert_eq!(on.asked(), [action], "{path}");
        }
        let refused = on.sign(path, "GET", &on.uri("2/a")).await;
        let (status, kind, _) = refused.error();
        let kind = kind.as_str();
        assert_eq!((status, kind), (400, "NoSuchTableLocationException"));
        let (status, _, message) = on.sign(path, "GET", &on.uri("")).await.error();
        assert_eq!(status, 403, "the folder itself: {message}");
        on.authorizer.take();
    }
    let [path, ..] = on.open_paths();
    let (status, _, message) = on.sign(&path, "GET", &on.uri("/a?acl")).await.error();
    assert_eq!(status, 400, "{message}");
    assert_eq!(on.asked(), ["warehouse:get_config"]);
}

#[tokio::test]
async fn a_table_that_moved_is_found_by_where_it_has_been() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let table = format!("/catalog/v1/{}/namespaces/ns/tables/t", on.warehouse);
    let location = on.loaded["metadata"]["location"].as_str().unwrap();
    let update = json!({ "action": "set-location", "location": format!("{location}-moved") });
    let commit = json!({ "requirements": [], "updates": [update] });
    on.app.post(&table, &commit).await.expect(200);
    for path in on.open_paths() {
        for rest in ["/data/a", "-moved/data/a"] {
            on.sign(&path, "GET", &on.uri(rest)).await.expect(200);
        }
        let (status, _, _) = on.sign(&path, "GET", &on.uri("-mo/data/a")).await.error();
        assert_eq!(status, 400);
    }
}

#[tokio::test]
async fn a_table_is_signed_for_by_its_id_as_it_is_now() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let [_, by_id] = on.paths();
    let table = format!("/catalog/v1/{}/namespaces/ns/tables/t", on.warehouse);
    let uri = on.uri("/data/a");
    on.sign(&by_id, "GET", &uri).await.expect(200);
    // The table is cached by its id, but must not be found in another warehouse.
    let elsewhere = by_id.replace(&on.warehouse, &on.app.warehouse);
    assert!(on.sign(&elsewhere, "GET", &uri).await.error().0 < 500);
    let properties = json!({ "action": "set-properties", "updates": { "a": "b" } });
    let commit = json!({ "requirements": [], "updates": [properties] });
    on.app.post(&table, &commit).await.expect(200);
    on.sign(&by_id, "GET", &uri).await.expect(200);
    let other = json!({ "namespace": ["ns"], "name": "renamed" });
    let rename = json!({ "source": { "namespace": ["ns"], "name": "t" }, "destination": other });
    let renames = format!("/catalog/v1/{}/tables/rename", on.warehouse);
    on.app.post(&renames, &rename).await.expect(204);
    on.sign(&by_id, "GET", &uri).await.expect(200);
    let dropped = format!("/catalog/v1/{}/namespaces/ns/tables/renamed", on.warehouse);
    on.app.delete(&dropped).await.expect(204);
    let (status, kind, _) = on.sign(&by_id, "GET", &uri).await.error();
    let kind = kind.as_str();
    assert_eq!((status, kind), (400, "NoSuchTableLocationException"));
}

#[tokio::test]
async fn nothing_is_signed_for_what_is_soft_deleted() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let warehouse = format!("/management/v1/warehouse/{}", on.warehouse);
    let soft = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 604_800 } });
    let profile = on.app.post(format!("{warehouse}/delete-profile"), &soft);
    profile.await.expect(200);
    let table = format!("/catalog/v1/{}/namespaces/ns/tables/t", on.warehouse);
    on.app.delete(&table).await.expect(204);
    let [_, by_id] = on.paths();
    for path in on.open_paths().iter().chain([&by_id]) {
        for method in ["GET", "PUT", "DELETE"] {
            let (status, kind, _) = on.sign(path, method, &on.uri("/data/a")).await.error();
            let kind = kind.as_str();
            assert_eq!((status, kind), (400, "NoSuchTableLocationException"));
        }
    }
}

#[tokio::test]
async fn what_is_hidden_is_as_if_it_were_not_there() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    let unknown = on.uri("2/a");
    for path in on.open_paths() {
        let none = on.sign(&path, "GET", &unknown).await.error();
        let hidden = [
            TableAction::GetMetadata,
            TableAction::ReadData,
            TableAction::WriteData,
        ];
        on.authorizer.forbid(hidden.map(Action::Table));
        for method in ["GET", "PUT"] {
            let (status, kind, message) = on.sign(&path, method, &on.uri("/a")).await.error();
            assert_eq!((status, &kind), (none.0, &none.1));
            assert_eq!(message.replace("/a`", "2/a`"), none.2);
        }
        // If the warehouse is hidden too, the answer does not reveal whether a URI belongs to its storage.
        on.authorizer.set(Verdict::Deny);
        for uri in [&on.uri("/a"), &unknown, "https://evil.example/a"] {
            let (status, kind, _) = on.sign(&path, "GET", uri).await.error();
            assert_eq!((status, kind.as_str()), (404, "NoSuchWarehouseException"));
        }
        on.authorizer.set(Verdict::Allow);
        on.authorizer.forbid([]);
    }
}

#[tokio::test]
async fn without_a_warehouse_nothing_is_signed() {
    let app = TestApp::start().await;
    let body =
        json!({ "method": "GET", "uri": "https://s3.example/b/a", "region": "r", "headers": {} });
    let refused = app.post("/catalog/v1/aws/s3/sign", &body).await;
    let (status, kind, message) = refused.error();
    assert_eq!((status, kind.as_str()), (400, "NoPrefixProvided"));
    assert!(message.contains("GET /v1/config"), "{message}");
    for path in [
        "/catalog/v1/nope/v1/aws/s3/sign",
        "/catalog/nope/v1/aws/s3/sign",
    ] {
        let (status, kind, _) = app.post(path, &body).await.error();
        assert_eq!((status, kind.as_str()), (400, "PrefixIsNotWarehouseID"));
    }
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
async fn with_sts_requests_are_signed_by_sessions_that_reach_the_table_alone() {
    let Some(on) = OnS3::start(json!({ "sts-enabled": true })).await else {
        return;
    };
    let token = |signed: &Value| signed["headers"]["x-amz-security-token"][0].clone();
    let uri = on.uri("/data/a.parquet");
    for path in on.paths() {
        let written = on.sign(&path, "PUT", &uri).await.expect(200);
        let read = on.sign(&path, "GET", &uri).await.expect(200);
        for signed in [&written, &read] {
            assert!(token(signed).is_string(), "{signed}");
            let authorization = signed["headers"]["Authorization"][0].as_str().unwrap();
            assert!(authorization.contains(";x-amz-security-token,"));
        }
        assert_ne!(
            token(&written),
            token(&read),
            "whoever reads gets no session that writes"
        );
        let again = on.sign(&path, "PUT", &uri).await.expect(200);
        assert_eq!(token(&written), token(&again), "a session serves many");
        let (status, _, message) = on.sign(&path, "PUT", &on.uri("")).await.error();
        assert_eq!(status, 403, "{message}");
    }
}

#[tokio::test]
async fn a_write_that_the_warehouses_key_signs_stays_a_write() {
    let Some(on) = OnS3::start(json!({})).await else {
        return;
    };
    for path in on.paths() {
        let signed = on.sign(&path, "PUT", &on.uri("/a")).await.expect(200);
        let headers = &signed["headers"];
        assert_eq!(
            headers["x-amz-meta-snowball-auto-extract"],
            json!(["false"])
        );
        assert!(headers["x-amz-copy-source-if-match"][0].is_string());
        let authorization = headers["Authorization"][0].as_str().unwrap();
        assert!(authorization.contains(";x-amz-copy-source-if-match;"));
    }
}

#[tokio::test]
async fn a_warehouse_can_be_without_signing() {
    let Some(on) = OnS3::start(json!({ "remote-signing-enabled": false })).await else {
        return;
    };
    for path in on.paths() {
        let (status, kind, message) = on.sign(&path, "GET", &on.uri("/a")).await.error();
        assert_eq!((status, kind.as_str()), (403, "RemoteSigningDisabled"));
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
