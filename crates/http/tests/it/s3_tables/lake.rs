//! A warehouse on a table bucket, with direct access to the bucket.

use std::sync::Arc;

use bytes::Bytes;
use catalog::StorageTrial;
use model::{Name, NamespacePath, TabularPath};
use objects::{BucketTable, Location, Objects, StorageCredential, StorageProfile, TableBucket};
use serde_json::{Value, json};
use testkit::{Answer, TestApp};
use uuid::Uuid;

use super::weed::{ARN, Weed};
use crate::set_property;

pub(super) const ROLE: &str = "arn:aws:iam::000000000000:role/LakekeeperVendedRole";

/// A warehouse on a table bucket with a namespace of its own, and direct access to the bucket and its files.
pub(super) struct Lake {
    pub(super) app: TestApp,
    pub(super) body: Value,
    pub(super) namespace: String,
    pub(super) bucket: Arc<dyn TableBucket>,
    pub(super) files: Arc<dyn Objects>,
}

impl Lake {
    pub(super) async fn on(profile: &Value, namespace: String) -> Self {
        let credential = json!({
            "type": "s3", "credential-type": "access-key", "access-key-id": "AKIAEXAMPLE", "secret-access-key": "hunter2",
        });
        let read = StorageProfile::from_json(profile).unwrap();
        let key = StorageCredential::from_json(&credential).unwrap();
        let bucket = objects::table_bucket(&read, Some(&key)).unwrap().unwrap();
        let files = objects::open(&read, Some(&key)).unwrap();
        let body = json!({
            "warehouse-name": "tables", "storage-profile": profile, "storage-credential": credential,
        });
        let app = replica(&body).await;
        let created = json!({ "namespace": [namespace] });
        app.post(app.at("namespaces"), &created).await.expect(200);
        Self {
            app,
            body,
            namespace,
            bucket,
            files,
        }
    }

    pub(super) async fn on_weed() -> (Self, Weed) {
        let weed = Weed::start().await;
        let profile = json!({
            "type": "s3-tables", "table-bucket-arn": ARN, "flavor": "s3-compat", "endpoint": weed.endpoint,
            "sts-enabled": true, "sts-role-arn": ROLE,
        });
        (Self::on(&profile, "ns".to_owned()).await, weed)
    }

    /// A lake on each available service.
    pub(super) async fn all() -> Vec<Self> {
        let mut all = vec![Self::on_weed().await.0];
        let get = |name: &str| {
            std::env::var_os(format!("LAKEKEEPER_TEST_S3_TABLES_{name}"))?
                .into_string()
                .ok()
        };
        if let Some((arn, endpoint)) = get("ARN").zip(get("ENDPOINT")) {
            let profile =
                json!({ "type": "s3-tables", "table-bucket-arn": arn, "endpoint": endpoint });
            all.push(Self::on(&profile, format!("ns_{}", Uuid::new_v4().simple())).await);
        }
        all
    }

    pub(super) fn at(&self, rest: &str) -> String {
        self.app
            .at(&format!("namespaces/{}/{rest}", self.namespace))
    }

    pub(super) async fn table(&self, name: &str) -> Value {
        self.app.table(&self.namespace, name).await
    }

    pub(super) async fn load(&self, name: &str) -> Value {
        self.app.load(&self.namespace, name).await
    }

    pub(super) async fn commit(&self, name: &str, body: &Value) -> Answer {
        self.app
            .post(self.at(&format!("tables/{name}")), body)
            .await
    }

    /// Expects an error with this status, and with `reason` in its message.
    pub(super) async fn refuses(&self, uri: &str, body: &Value, (status, reason): (u16, &str)) {
        let (found, _, message) = self.app.post(uri, body).await.error();
        assert!(
            found == status && message.contains(reason),
            "{uri}: {found} {message}"
        );
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Answer {
        let name = |name: &str| json!({ "namespace": [self.namespace], "name": name });
        let body = json!({ "source": name(from), "destination": name(to) });
        self.app.post(self.app.at("tables/rename"), &body).await
    }

    pub(super) fn name(&self, name: &str) -> BucketTable {
        BucketTable::of(&TabularPath {
            namespace: NamespacePath::parse(vec![self.namespace.clone()]).unwrap(),
            name: Name::parse("table", name).unwrap(),
        })
        .unwrap()
    }

    /// The table's metadata file, according to the bucket.
    pub(super) async fn published(&self, name: &str) -> Option<String> {
        self.bucket
            .table(&self.name(name))
            .await
            .unwrap()
            .metadata_location
    }

    /// Changes the table in the bucket as another client would, to this metadata; returns its metadata file.
    pub(super) async fn publish(&self, name: &str, metadata: &Value) -> String {
        let name = self.name(name);
        let now = self.bucket.table(&name).await.unwrap();
        let file = format!(
            "{}/metadata/00009-{}.metadata.json",
            now.location,
            Uuid::new_v4()
        );
        let at = Location::parse(&file).unwrap();
        self.files
            .write_new(&at, Bytes::from(metadata.to_string()))
            .await
            .unwrap();
        self.bucket.publish(&name, &now.token, &file).await.unwrap();
        file
    }
}

/// A server with a database of its own and a warehouse on the table bucket.
pub(super) async fn replica(body: &Value) -> TestApp {
    let mut builder = TestApp::builder();
    if body["storage-profile"]["sts-enabled"] == true {
        // The fake service does not enforce the scope of vended credentials.
        builder = builder.settings(|settings| settings.storage_trial = StorageTrial::Skipped);
    }
    let mut app = builder.start().await;
    let created = app.post("/management/v1/warehouse", body).await.expect(201);
    app.warehouse = text(&created["warehouse-id"]);
    app
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(super) fn property(created: &Value, key: &str) -> Value {
    set_property(&created["metadata"]["table-uuid"], key, "yes")
}

/// A commit that adds a snapshot to a table without one.
pub(super) fn append(created: &Value) -> Value {
    let location = text(&created["metadata"]["location"]);
    json!({
        "requirements": [
            { "type": "assert-table-uuid", "uuid": created["metadata"]["table-uuid"] },
            { "type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null },
        ],
        "updates": [
            { "action": "add-snapshot", "snapshot": {
                "snapshot-id": 1, "sequence-number": 1, "timestamp-ms": created["metadata"]["last-updated-ms"],
                "manifest-list": format!("{location}/metadata/snap-1.avro"),
                "summary": { "operation": "append" }, "schema-id": 0,
            } },
            { "action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 1 },
        ],
    })
}
