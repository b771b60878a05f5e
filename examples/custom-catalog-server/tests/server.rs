//! The whole server, called over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::time::{Duration, Instant};

use authn::stand_in::{AUDIENCE, Idp};
use custom_catalog_server::{Own, build};
use lakekeeper::config::{Config, Needs, Sources};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Server {
    idp: Idp,
    home: TempDir,
    uri: String,
    client: reqwest::Client,
    stop: CancellationToken,
    served: JoinHandle<Result<(), lakekeeper::Error>>,
}

impl Server {
    async fn start() -> Self {
        let (idp, home) = (Idp::start().await, TempDir::new().unwrap());
        let database = home.path().join("catalog.sqlite");
        let mut sources = Sources::default();
        for (name, value) in [
            ("BIND_IP", "127.0.0.1"),
            ("LISTEN_PORT", "0"),
            ("METRICS_PORT", "0"),
            ("ENABLE_LOCAL_STORAGE", "true"),
            ("SKIP_STORAGE_VALIDATION", "true"),
            ("SQLITE_PATH", database.to_str().unwrap()),
            ("OPENID_PROVIDER_URI", &idp.issuer()),
            ("OPENID_AUDIENCE", AUDIENCE),
        ] {
            sources.implied.insert(name, value.to_owned());
        }
        let own = Own {
            secret_folder: home.path().join("secrets"),
            event_file: home.path().join("events.jsonl"),
            suspended: vec!["oidc~mallory".parse().unwrap()],
        };
        let config = Config::load(&sources, Needs::Database).unwrap();
        let bound = build(config, own).await.unwrap().bind().await.unwrap();
        let uri = format!("http://{}", bound.api_address().unwrap());
        let stop = CancellationToken::new();
        Self {
            idp,
            home,
            uri,
            client: reqwest::Client::new(),
            served: tokio::spawn(bound.serve(stop.clone())),
            stop,
        }
    }

    async fn call(
        &self,
        user: &str,
        (method, path): (Method, &str),
        body: &Value,
    ) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("{}{path}", self.uri));
        let request = request.bearer_auth(self.idp.token(user));
        let answer = request.json(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.call("alice", (Method::POST, path), body).await
    }

    async fn warehouse(&self, profile: Value, credential: Option<Value>) -> Value {
        let body = json!({
            "warehouse-name": profile["type"],
            "storage-profile": profile,
            "storage-credential": credential,
        });
        let (status, made) = self.post("/management/v1/warehouse", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["warehouse-id"].clone()
    }

    /// The types of the events in the file, once it has at least `count` (or after 20 seconds).
    async fn told(&self, count: usize) -> Vec<String> {
        let since = Instant::now();
        loop {
            let path = self.home.path().join("events.jsonl");
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let of_line = |line: &str| {
                let event: Value = serde_json::from_str(line).unwrap();
                event["type"].as_str().unwrap().to_owned()
            };
            let types: Vec<_> = text.lines().map(of_line).collect();
            if types.len() >= count || since.elapsed() > Duration::from_secs(20) {
                return types;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn end(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn all_of_its_parts_are_at_work() {
    let server = Server::start().await;
    let terms = json!({ "accept-terms-of-use": true });
    let (status, _) = server.post("/management/v1/bootstrap", &terms).await;
    assert_eq!(status, StatusCode::NO_CONTENT);

    // The secret folder.
    let s3 = json!({ "type": "s3", "bucket": "bucket", "region": "eu-1", "sts-enabled": false });
    let key = json!({
        "type": "s3",
        "credential-type": "access-key",
        "aws-access-key-id": "id",
        "aws-secret-access-key": "hunter2",
    });
    server.warehouse(s3, Some(key)).await;
    let secrets = std::fs::read_dir(server.home.path().join("secrets")).unwrap();
    let secrets: Vec<_> = secrets.map(|file| file.unwrap().path()).collect();
    assert_eq!(secrets.len(), 1);
    let kept = std::fs::read_to_string(&secrets[0]).unwrap();
    assert!(kept.contains("hunter2"));

    // The verifier.
    let root = server.home.path().canonicalize().unwrap().join("files");
    std::fs::create_dir(&root).unwrap();
    let local = json!({ "type": "local", "root": root });
    let warehouse = server.warehouse(local, None).await;
    let at = format!("/catalog/v1/{}/namespaces", warehouse.as_str().unwrap());
    let (status, _) = server.post(&at, &json!({ "namespace": ["ns"] })).await;
    assert_eq!(status, StatusCode::OK);
    let field =
        |id: u32, name: &str| json!({ "id": id, "name": name, "type": "long", "required": false });
    let table = json!({
        "name": "t",
        "schema": { "type": "struct", "fields": [field(1, "id"), field(2, "amount")] },
    });
    let (status, _) = server.post(&format!("{at}/ns/tables"), &table).await;
    assert_eq!(status, StatusCode::OK);
    let schema = |fields: Value| {
        json!({ "requirements": [], "updates": [
            { "action": "add-schema", "schema": { "type": "struct", "fields": fields } },
            { "action": "set-current-schema", "schema-id": -1 },
        ] })
    };
    let at_table = format!("{at}/ns/tables/t");
    let narrow = schema(json!([field(1, "id")]));
    let (status, refused) = server.post(&at_table, &narrow).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");
    let told = refused["error"]["message"].as_str().unwrap();
    assert!(told.contains("column `amount` of `ns.t`"), "{told}");
    let wide = schema(json!([
        field(1, "id"),
        field(2, "renamed"),
        field(3, "new")
    ]));
    let (status, answer) = server.post(&at_table, &wide).await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    // The authorizer.
    let load = (Method::GET, at_table.as_str());
    let (status, _) = server.call("mallory", load, &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    // The publisher.
    let told = server.told(5).await;
    let tail = ["createNamespace", "createTable", "updateTable"];
    assert_eq!(told[told.len() - 3..], tail, "{told:?}");
    server.end().await;
}
