//! How engines get access to files, on the S3 server that `LAKEKEEPER_TEST_S3_*` name. Without one, the tests pass without doing anything.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::future::join_all;
use model::{Clock, ManualClock, SystemClock};
use objects::{
    Location, ObjectError, Objects, PageRequest, Permission, Scope, Secret, StorageProfile, Vended,
};
use serde_json::{Value, json};
use testkit::{Action, Answer, Call, RecordingAuthorizer, TableAction, TestApp, TestAppBuilder};

const HEADER: &str = "x-iceberg-access-delegation";

/// A warehouse that vends temporary keys. `None` if the environment names no S3 server.
struct Lake {
    app: TestApp,
    profile: StorageProfile,
}

impl Lake {
    async fn start(builder: TestAppBuilder) -> Option<Self> {
        Self::with(builder, &json!({ "sts-enabled": true })).await
    }

    async fn with(builder: TestAppBuilder, changes: &Value) -> Option<Self> {
        let get = |name: &str| {
            let value = std::env::var_os(format!("LAKEKEEPER_TEST_S3_{name}"))?;
            value.into_string().ok()
        };
        let mut profile = json!({
            "type": "s3", "bucket": get("BUCKET")?, "region": get("REGION")?, "endpoint": get("ENDPOINT")?,
            "path-style-access": true, "flavor": "s3-compat", "sts-enabled": false,
            "key-prefix": format!("delegation/{}", uuid::Uuid::new_v4()),
        });
        for (key, value) in changes.as_object()? {
            profile[key] = value.clone();
        }
        let body = json!({
            "warehouse-name": "lake", "storage-profile": profile,
            "storage-credential": {
                "type": "s3", "credential-type": "access-key",
                "access-key-id": get("ACCESS_KEY_ID")?, "secret-access-key": get("SECRET_ACCESS_KEY")?,
            },
        });
        let mut app = builder.start().await;
        let created = app.post("/management/v1/warehouse", &body).await;
        let id = created.expect(201)["warehouse-id"]
            .as_str()
            .map(str::to_owned);
        app.warehouse = id.unwrap();
        app.namespace("ns").await;
        let profile = StorageProfile::from_json(&profile).unwrap();
        Some(Self { app, profile })
    }

    fn load(&self, table: &str) -> Call {
        self.app
            .get(self.app.at(&format!("namespaces/ns/tables/{table}")))
    }

    /// Object storage, accessed with nothing but the credentials in this answer.
    fn client(&self, answer: &Value) -> Arc<dyn Objects> {
        let entry = &answer["storage-credentials"][0];
        let config = entry["config"].as_object().unwrap().iter();
        let config = config.map(|(key, value)| (key.clone(), Secret::new(text(value))));
        let folder = Location::parse(&text(&entry["prefix"])).unwrap();
        let vended = Vended {
            scope: Scope {
                folder,
                permission: Permission::Write,
            },
            config: config.collect(),
            expires_at: SystemTime::UNIX_EPOCH,
        };
        objects::open_vended(&self.profile, &vended).unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn at(table: &Value, file: &str) -> Location {
    let location = text(&table["metadata"]["location"]);
    Location::parse(&format!("{location}/{file}")).unwrap()
}

fn key(answer: &Value) -> &Value {
    &answer["config"]["s3.access-key-id"]
}

fn denied<T>(outcome: &Result<T, ObjectError>) -> bool {
    matches!(outcome, Err(ObjectError::PermissionDenied { .. }))
}

async fn put(client: &dyn Objects, at: &Location) -> Result<(), ObjectError> {
    client.write_new(at, Bytes::from_static(b"rows")).await
}

#[tokio::test]
async fn vended_keys_reach_the_files_of_their_table_and_no_others() {
    let Some(lake) = Lake::start(TestApp::builder()).await else {
        return;
    };
    let (orders, other) = (
        lake.app.table("ns", "orders").await,
        lake.app.table("ns", "orders2").await,
    );
    let loaded = lake.load("orders").await.expect(200);
    for answer in [&orders, &loaded] {
        let client = lake.client(answer);
        let own = at(&orders, &format!("data/{}", uuid::Uuid::new_v4()));
        put(client.as_ref(), &own).await.unwrap();
        assert_eq!(client.read(&own, 1024).await.unwrap(), "rows");
        client.delete(&own).await.unwrap();
        let folder = at(&orders, "metadata");
        let listed = client.list_prefix(&folder, PageRequest::first()).await;
        assert_eq!(listed.unwrap().locations.len(), 1);

        let foreign = Location::parse(&text(&other["metadata-location"])).unwrap();
        assert!(denied(&client.read(&foreign, 1 << 20).await));
        assert!(denied(&client.delete(&foreign).await));
        assert!(denied(&put(client.as_ref(), &at(&other, "data/x")).await));
        let folder = at(&other, "metadata");
        assert!(denied(
            &client.list_prefix(&folder, PageRequest::first()).await
        ));
    }
}

#[tokio::test]
async fn a_staged_table_can_be_written_before_it_is_committed() {
    let Some(lake) = Lake::start(TestApp::builder()).await else {
        return;
    };
    let mut body = testkit::table("staged");
    body["stage-create"] = json!(true);
    let staged = lake
        .app
        .post(lake.app.at("namespaces/ns/tables"), &body)
        .await;
    let staged = staged.expect(200);
    let client = lake.client(&staged);
    put(client.as_ref(), &at(&staged, "data/x")).await.unwrap();
}

#[tokio::test]
async fn the_answer_names_the_prefix_the_end_and_where_new_credentials_are() {
    let Some(lake) = Lake::start(TestApp::builder()).await else {
        return;
    };
    lake.app.table("ns", "t").await;
    let loaded = lake.load("t").await.expect(200);
    let all = loaded["storage-credentials"].as_array().unwrap();
    assert_eq!(all.len(), 1);
    let location = text(&loaded["metadata"]["location"]);
    assert_eq!(all[0]["prefix"], format!("{location}/"));
    let endpoint = format!(
        "http://catalog.test/catalog/v1/{}/namespaces/ns/tables/t/credentials",
        lake.app.warehouse
    );
    for config in [&loaded["config"], &all[0]["config"]] {
        assert_eq!(config["client.refresh-credentials-endpoint"], endpoint);
        assert_eq!(config["client.refresh-credentials-enabled"], "true");
        assert_eq!(config["s3.path-style-access"], "true");
        for key in [
            "s3.access-key-id",
            "s3.secret-access-key",
            "s3.session-token",
        ] {
            assert!(!text(&config[key]).is_empty(), "{key}");
        }
        let end: i64 = text(&config["s3.session-token-expires-at-ms"])
            .parse()
            .unwrap();
        assert!(end > SystemClock.now().as_ms(), "{end}");
    }
    let uri = endpoint.strip_prefix("http://catalog.test").unwrap();
    let again = lake.app.get(uri).await;
    assert_eq!(again.header("cache-control"), Some("no-store"));
    assert_eq!(
        again.expect(200)["storage-credentials"],
        loaded["storage-credentials"]
    );
}

#[tokio::test]
async fn a_view_gets_its_keys_in_config_alone() {
    let Some(lake) = Lake::start(TestApp::builder()).await else {
        return;
    };
    let created = lake.app.view("ns", "v").await;
    let loaded = lake
        .app
        .get(lake.app.at("namespaces/ns/views/v"))
        .await
        .expect(200);
    for answer in [&created, &loaded] {
        assert!(!text(key(answer)).is_empty());
        assert_eq!(answer.get("storage-credentials"), None);
        assert_eq!(
            answer["config"].get("client.refresh-credentials-endpoint"),
            None
        );
    }
    // The creator gets keys to write, a reader keys to read only.
    assert_ne!(key(&created), key(&loaded));
}

#[tokio::test]
async fn loads_at_the_same_time_share_one_credential_and_other_tables_have_their_own() {
    let Some(lake) = Lake::start(TestApp::builder()).await else {
        return;
    };
    let created = lake.app.table("ns", "t").await;
    let other = lake.app.table("ns", "other").await;
    let loads = join_all((0..50).map(|_| lake.load("t").into_future())).await;
    for load in loads {
        assert_eq!(key(&load.expect(200)), key(&created));
    }
    assert_ne!(key(&other), key(&created));
}

#[tokio::test]
async fn a_client_with_keys_of_its_own_gets_none_and_the_tag_tells_them_apart() {
    let Some(lake) = Lake::start(TestApp::builder()).await else {
        return;
    };
    lake.app.table("ns", "t").await;
    let own = lake.load("t").header(HEADER, "client-managed").await;
    let (shown, own) = (own.expect(200), tag(&own));
    assert_eq!(shown.get("storage-credentials"), None);
    assert_eq!(shown["config"].get("s3.access-key-id"), None);
    assert!(!text(&shown["config"]["s3.region"]).is_empty());
    let vended = lake.load("t").header(HEADER, "vended-credentials").await;
    assert_ne!(tag(&vended), own);
    lake.load("t")
        .header("if-none-match", &own)
        .await
        .expect(200);
    let same = lake.load("t").header("if-none-match", &own);
    same.header(HEADER, "client-managed").await.expect(304);
    let uri = lake.app.at("namespaces/ns/tables/t/credentials");
    let none = lake.app.get(uri).header(HEADER, "client-managed").await;
    assert_eq!(none.expect(200), json!({ "storage-credentials": [] }));
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

#[tokio::test]
async fn a_tag_is_good_for_as_long_as_its_credential_is_handed_out() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let builder = TestApp::builder().clock(Arc::<ManualClock>::clone(&clock));
    let Some(lake) = Lake::start(builder).await else {
        return;
    };
    lake.app.table("ns", "t").await;
    let first = lake.load("t").await;
    let (first_key, first) = (key(&first.expect(200)).clone(), tag(&first));
    let same = lake.load("t").header("if-none-match", &first).await;
    assert_eq!((same.status.as_u16(), tag(&same)), (304, first.clone()));
    lake.load("t")
        .header("if-none-match", "*")
        .await
        .expect(200);
    // Keys are valid for an hour here, and are reused for half of it.
    clock.set(clock.now().plus(Duration::from_mins(31)));
    let renewed = lake.load("t").header("if-none-match", &first).await;
    assert_ne!(key(&renewed.expect(200)), &first_key);
    assert_ne!(tag(&renewed), first);
}

#[tokio::test]
async fn what_the_caller_may_do_with_the_data_is_what_its_keys_can() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let builder = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let Some(lake) = Lake::start(builder).await else {
        return;
    };
    let table = lake.app.table("ns", "t").await;
    let uri = lake.app.at("namespaces/ns/tables/t/credentials");
    let [read, write] = [TableAction::ReadData, TableAction::WriteData].map(Action::Table);
    let writer = lake.load("t").await;

    authorizer.forbid([write]);
    authorizer.take();
    let reader = lake.load("t").header("if-none-match", tag(&writer)).await;
    let asked = authorizer.take();
    assert_eq!(
        asked,
        [Action::Table(TableAction::GetMetadata), write, read]
    );
    for answer in [reader.expect(200), lake.app.get(&uri).await.expect(200)] {
        let client = lake.client(&answer);
        let metadata = Location::parse(&text(&table["metadata-location"])).unwrap();
        assert!(client.read(&metadata, 1 << 20).await.is_ok());
        assert!(denied(&put(client.as_ref(), &at(&table, "data/x")).await));
        assert!(denied(&client.delete(&metadata).await));
    }

    authorizer.forbid([read, write]);
    let blind = lake.load("t").await.expect(200);
    assert_eq!(blind.get("storage-credentials"), None);
    assert_eq!(blind["config"].get("s3.access-key-id"), None);
    let (status, kind, _) = lake.app.get(&uri).await.error();
    assert_eq!((status, kind.as_str()), (403, "TableActionForbidden"));
}

#[tokio::test]
async fn without_vended_credentials_requests_are_signed_where_the_answer_says() {
    let Some(lake) = Lake::with(TestApp::builder(), &json!({})).await else {
        return;
    };
    let table = lake.app.table("ns", "t").await;
    let asked = lake.load("t").header(HEADER, "vended-credentials").await;
    for answer in [
        table.clone(),
        lake.load("t").await.expect(200),
        asked.expect(200),
    ] {
        let config = &answer["config"];
        assert_eq!(config["s3.remote-signing-enabled"], "true");
        assert_eq!(config["signer.uri"], "http://catalog.test/catalog/");
        assert_eq!(config["s3.signer.uri"], config["signer.uri"]);
        assert_eq!(config["s3.signer.endpoint"], config["signer.endpoint"]);
        assert_eq!(answer["remote-signing-config"], json!({}));
        assert_eq!(answer.get("storage-credentials"), None);
        assert_eq!(config.get("s3.access-key-id"), None);
    }
    let uri = format!("/catalog/{}", text(&table["config"]["signer.endpoint"]));
    let bucket = table["metadata"]["location"]
        .as_str()
        .unwrap()
        .replace("s3://", "");
    let wanted = json!({
        "method": "GET", "region": table["config"]["s3.region"], "headers": {},
        "uri": format!("{}/{bucket}/data/x", text(&table["config"]["s3.endpoint"]).trim_end_matches('/')),
    });
    let signed = lake.app.post(uri, &wanted).await.expect(200);
    assert!(
        signed["headers"].to_string().contains("AWS4-HMAC-SHA256"),
        "{signed}"
    );
}

#[tokio::test]
async fn who_asks_for_both_methods_gets_both_and_who_asks_for_one_gets_it() {
    let Some(lake) = Lake::start(TestApp::builder()).await else {
        return;
    };
    lake.app.table("ns", "t").await;
    let signs = |answer: &Value| answer["config"].get("s3.remote-signing-enabled").is_some();
    let vends = |answer: &Value| answer.get("storage-credentials").is_some();
    for (asked, vended, signed) in [
        ("", true, false),
        ("vended-credentials", true, false),
        ("remote-signing", false, true),
        ("remote-signing,vended-credentials", true, true),
        ("client-managed", false, false),
    ] {
        let answer = lake.load("t").header(HEADER, asked).await.expect(200);
        assert_eq!(
            (vends(&answer), signs(&answer)),
            (vended, signed),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn storage_whose_token_service_does_not_answer_is_refused() {
    let dead = json!({ "sts-enabled": true, "sts-endpoint": "http://127.0.0.1:9" });
    let Some(lake) = Lake::with(TestApp::builder(), &json!({})).await else {
        return;
    };
    let shown = lake
        .app
        .get(format!("/management/v1/warehouse/{}", lake.app.warehouse))
        .await;
    let mut profile = shown.expect(200)["storage-profile"].clone();
    for (key, value) in dead.as_object().unwrap() {
        profile[key] = value.clone();
    }
    let get = |name: &str| std::env::var_os(format!("LAKEKEEPER_TEST_S3_{name}")).unwrap();
    let body = json!({ "storage-profile": profile, "storage-credential": {
        "type": "s3", "credential-type": "access-key",
        "access-key-id": get("ACCESS_KEY_ID").to_str(), "secret-access-key": get("SECRET_ACCESS_KEY").to_str(),
    }});
    let uri = format!("/management/v1/warehouse/{}/storage", lake.app.warehouse);
    let (status, kind, message) = lake.app.post(uri, &body).await.error();
    assert_eq!(
        (status, kind.as_str()),
        (400, "InvalidStorageProfile"),
        "{message}"
    );
    assert!(
        message.contains("no access could be vended") && message.contains("`sts-enabled`"),
        "{message}"
    );
}
