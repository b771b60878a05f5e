//! Warehouses that only instance administrators manage.

use std::sync::Arc;

use authz::{BuiltIn, InstanceAdmins};
use http::Method;
use serde_json::{Value, json};
use store::Store;
use store_sqlite::SqliteStore;
use testkit::TestApp;

use crate::grants::Lake;

const OPERATOR: &str = "op";

/// A lake with authorization by grants, and with [`OPERATOR`] as an instance administrator in the configuration.
async fn lake() -> Lake {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
    let grants = Arc::new(BuiltIn::new(Arc::clone(&store) as _));
    let admins = InstanceAdmins::new([format!("oidc~{OPERATOR}").parse().unwrap()], grants);
    let builder = TestApp::builder().store(store).authorizer(Arc::new(admins));
    Lake::of(builder).await
}

impl Lake {
    async fn status(&self, user: &str, method: Method, uri: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.send(user, method, uri, body.cloned()).await;
        json!([status, answer["error"]["type"]])
    }

    async fn manage(&self, user: &str, by: &str) -> Value {
        let uri = format!("/management/v1/warehouse/{}/managed-by", self.app.warehouse);
        let body = json!({ "managed-by": by });
        self.status(user, Method::POST, &uri, Some(&body)).await
    }
}

#[tokio::test]
async fn what_the_operator_manages_nobody_else_changes() {
    let lake = lake().await;
    let at = format!("/management/v1/warehouse/{}", lake.app.warehouse);
    assert_eq!(
        lake.manage(OPERATOR, "instance-admin").await,
        json!([200, null])
    );
    let profile = lake.app.warehouse_body("demo")["storage-profile"].clone();
    let storage = json!({ "storage-profile": profile });
    let changes = [
        ("rename", json!({ "new-name": "other" })),
        ("deactivate", json!({})),
        ("activate", json!({})),
        ("protection", json!({ "protected": false })),
        ("storage", storage.clone()),
        (
            "storage-credential",
            json!({ "new-storage-credential": null }),
        ),
        (
            "delete-profile",
            json!({ "delete-profile": { "type": "hard" } }),
        ),
        (
            "format-version-policy",
            json!({ "allowed-format-versions": [1, 2] }),
        ),
    ];
    let locked = json!([403, "WarehouseManaged"]);
    for (change, body) in &changes {
        let uri = format!("{at}/{change}");
        let refused = lake.status("admin", Method::POST, &uri, Some(body)).await;
        assert_eq!(refused, locked, "{change}");
    }
    assert_eq!(
        lake.status("admin", Method::DELETE, &at, None).await,
        locked
    );
    let validation = format!("{at}/storage/validate-profile");
    for (user, valid) in [("admin", false), (OPERATOR, true)] {
        let (_, report) = lake
            .send(user, Method::POST, &validation, Some(storage.clone()))
            .await;
        assert_eq!(report["valid"], valid, "{user}: {report}");
    }
    for (change, body) in &changes {
        let uri = format!("{at}/{change}");
        let done = lake.status(OPERATOR, Method::POST, &uri, Some(body)).await;
        assert_eq!(done, json!([200, null]), "{change}");
    }
    // The contents of the warehouse and its task queues are not locked.
    let namespaces = lake.app.at("namespaces");
    let body = json!({ "namespace": ["new"] });
    let made = lake
        .status("admin", Method::POST, &namespaces, Some(&body))
        .await;
    assert_eq!(made, json!([200, null]));
    lake.app.table("new", "t").await;
    let queue = format!("{at}/task-queue/tabular_purge/config");
    let body = json!({ "queue-config": {} });
    let done = lake
        .status("admin", Method::POST, &queue, Some(&body))
        .await;
    assert_eq!(done, json!([204, null]));
}

#[tokio::test]
async fn only_the_operator_says_who_manages() {
    let lake = lake().await;
    let refused = json!([403, "InstanceAdminRequired"]);
    for by in ["instance-admin", "self-managed"] {
        assert_eq!(lake.manage("admin", by).await, refused);
        // A caller who may not see the warehouse gets a 404.
        assert_eq!(
            lake.manage("eve", by).await,
            json!([404, "NoSuchWarehouseException"])
        );
        assert_eq!(lake.manage(OPERATOR, by).await, json!([200, null]));
    }
    let at = format!("/management/v1/warehouse/{}", lake.app.warehouse);
    let rename = json!({ "new-name": "free-again" });
    let uri = format!("{at}/rename");
    assert_eq!(
        lake.status("admin", Method::POST, &uri, Some(&rename))
            .await,
        json!([200, null])
    );
}

#[tokio::test]
async fn a_warehouse_is_born_managed_by_the_operator_alone() {
    let lake = lake().await;
    let mut body = lake.app.warehouse_body("born");
    body["managed-by"] = json!("instance-admin");
    let validation = "/management/v1/warehouse-creation-validation";
    for (user, valid, created) in [
        ("admin", false, json!([403, "WarehouseManaged"])),
        (OPERATOR, true, json!([201, null])),
    ] {
        let (_, report) = lake
            .send(user, Method::POST, validation, Some(body.clone()))
            .await;
        assert_eq!(report["valid"], valid, "{user}: {report}");
        let found = lake
            .status(user, Method::POST, "/management/v1/warehouse", Some(&body))
            .await;
        assert_eq!(found, created, "{user}");
    }
}
