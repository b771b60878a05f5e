//! Grants on resources that cannot be used for a while: soft-deleted ones, and those in an inactive warehouse.

use http::Method;
use model::{Privilege, Securable};
use serde_json::{Value, json};

use crate::grants::Lake;
use crate::view_security::{Views, engines};

async fn soft(lake: &Lake) {
    let uri = format!(
        "/management/v1/warehouse/{}/delete-profile",
        lake.app.warehouse
    );
    let soft = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 3_600 } });
    lake.app.post(uri, &soft).await.expect(200);
}

/// The users with grants on a resource, except the administrator, as the grants API and the permissions API list them.
async fn known(lake: &Lake, at: &str) -> [Vec<Value>; 2] {
    let within = &lake.app.warehouse;
    let grants = format!("/management/v1/warehouse/{within}/{at}/grants");
    let grants = lake.app.get(grants).await.expect(200);
    let at = if at.starts_with("namespace/") {
        at.to_owned()
    } else {
        format!("warehouse/{within}/{at}")
    };
    let assigned = format!("/management/v1/permissions/{at}/assignments");
    let assigned = lake.app.get(assigned).await.expect(200);
    [
        (grants, "grants", "/principal/user"),
        (assigned, "assignments", "/user"),
    ]
    .map(|(told, field, user)| {
        let all = told[field].as_array().unwrap().iter();
        let users = all.map(|one| one.pointer(user).cloned().unwrap_or_default());
        users.filter(|user| user != "oidc~admin").collect()
    })
}

async fn take_back(lake: &Lake, at: &str, privilege: &str) {
    let uri = format!(
        "/management/v1/warehouse/{}/{at}/grants",
        lake.app.warehouse
    );
    let one = json!({ "privilege": privilege, "principal": { "user": "oidc~cid" } });
    let body = json!({ "deletes": [one] });
    lake.app.post(uri, &body).await.expect(204);
}

fn cid() -> [Vec<Value>; 2] {
    [vec![json!("oidc~cid")], vec![json!("oidc~cid")]]
}

async fn undrop(lake: &Lake, user: &str, on: &Securable) -> (u16, Value) {
    let Securable::Tabular(kind, id) = on else {
        panic!("{on}")
    };
    let target = json!({ "type": kind.to_string(), "id": id });
    let uri = format!(
        "/management/v1/warehouse/{}/deleted-tabulars/undrop",
        lake.app.warehouse
    );
    let body = Some(json!({ "targets": [target] }));
    lake.send(user, Method::POST, &uri, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_on_what_is_soft_deleted_are_seen_and_taken_back() {
    for by in engines() {
        let Views(lake) = Views::decided_by(&by).await;
        soft(&lake).await;
        let (table, inner) = (
            lake.table("a%1Fb", "u").await,
            lake.namespace("a%1Fb").await,
        );
        for on in [&table, &inner] {
            lake.give("cid", Privilege::Select, on.clone()).await;
        }
        let drop = lake.app.at("namespaces/a%1Fb?recursive=true");
        assert_eq!(lake.send("admin", Method::DELETE, &drop, None).await.0, 204);
        let id = |on: &Securable| on.as_uuid().unwrap();
        let [at_table, at_inner] = [
            format!("table/{}", id(&table)),
            format!("namespace/{}", id(&inner)),
        ];
        let all = "/management/v1/grants?principalUser=oidc~cid";
        let listed = async || lake.app.get(all).await.expect(200)["grants"].clone();
        assert_eq!(listed().await.as_array().unwrap().len(), 2);
        for at in [&at_table, &at_inner] {
            assert_eq!(known(&lake, at).await, cid(), "{at}");
            take_back(&lake, at, "select").await;
            assert!(known(&lake, at).await.concat().is_empty(), "{at}");
        }
        assert_eq!(listed().await, json!([]));
        assert_eq!(undrop(&lake, "admin", &table).await.0, 204);
        let loaded = lake.app.at("namespaces/a%1Fb/tables/u");
        assert_eq!(lake.as_user("cid", &loaded).await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_in_a_warehouse_that_is_not_active_are_seen_and_taken_back() {
    for by in engines() {
        let Views(lake) = Views::decided_by(&by).await;
        let (table, outer) = (lake.table("a", "t").await, lake.namespace("a").await);
        for on in [&table, &outer] {
            lake.give("cid", Privilege::Select, on.clone()).await;
        }
        let at = format!("/management/v1/warehouse/{}", lake.app.warehouse);
        let switch = async |what: &str| {
            let uri = format!("{at}/{what}");
            lake.app.post(uri, &json!({})).await.expect(200);
        };
        switch("deactivate").await;
        for at in [
            format!("table/{}", table.as_uuid().unwrap()),
            format!("namespace/{}", outer.as_uuid().unwrap()),
        ] {
            assert_eq!(known(&lake, &at).await, cid(), "{at}");
            take_back(&lake, &at, "select").await;
            let uri = format!("{}/{at}/grants", warehouse_uri(&lake));
            assert_eq!(lake.as_user("eve", &uri).await.0, 404, "{at}");
        }
        switch("activate").await;
        let loaded = lake.app.at("namespaces/a/tables/t");
        assert_eq!(lake.as_user("cid", &loaded).await.0, 404);
    }
}

fn warehouse_uri(lake: &Lake) -> String {
    format!("/management/v1/warehouse/{}", lake.app.warehouse)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_owns_nothing_but_what_is_soft_deleted_finds_it_and_brings_it_back() {
    for by in engines() {
        let Views(lake) = Views::decided_by(&by).await;
        soft(&lake).await;
        let table = lake.table("a", "t").await;
        lake.give("cid", Privilege::Ownership, table.clone()).await;
        let drop = lake.app.at("namespaces/a/tables/t");
        assert_eq!(lake.send("cid", Method::DELETE, &drop, None).await.0, 204);
        let at = warehouse_uri(&lake);
        let deleted = format!("{at}/deleted-tabulars");
        let (status, told) = lake.as_user("cid", &deleted).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["tabulars"].as_array().unwrap().len(), 1, "{told}");
        assert_eq!(told["tabulars"][0]["id"], json!(table.as_uuid()));
        let about = json!({ "entities": [{ "type": "table", "table-id": table.as_uuid() }] });
        let tasks = format!("{at}/task/list");
        let (status, told) = lake
            .send("cid", Method::POST, &tasks, Some(about.clone()))
            .await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(told["tasks"].as_array().unwrap().len(), 1, "{told}");
        let task = told["tasks"][0]["task-id"].as_str().unwrap();
        let details = format!("{at}/task/by-id/{task}");
        assert_eq!(lake.as_user("cid", &details).await.0, 200);
        // From everybody else the warehouse is still hidden.
        for (method, uri, body) in [
            (Method::GET, &deleted, None),
            (Method::POST, &tasks, Some(about.clone())),
            (Method::GET, &details, None),
        ] {
            assert_eq!(lake.send("eve", method, uri, body).await.0, 404, "{uri}");
        }
        let (status, told) = undrop(&lake, "cid", &table).await;
        assert_eq!(status, 204, "{told}");
        assert_eq!(lake.as_user("cid", &drop).await.0, 200);
    }
}
