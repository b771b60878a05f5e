//! Managed access: the owners of resources in a warehouse or namespace cannot give them to others.

use http::Method;
use model::Privilege;
use serde_json::{Value, json};

use crate::assignments::known;
use crate::grants::Lake;

const PERMISSIONS: &str = "/management/v1/permissions";

fn reads(change: &str) -> Value {
    json!({ change: [{ "type": "select", "user": "oidc~cid" }] })
}

#[tokio::test]
async fn owners_below_give_nothing_while_it_is_on() {
    for lake in Lake::on_each_store().await {
        known(&lake.app, "oidc~cid").await;
        let on = lake.namespace("a").await;
        let namespace = format!("{PERMISSIONS}/namespace/{}", on.as_uuid().unwrap());
        let warehouse = format!("{PERMISSIONS}/warehouse/{}", lake.app.warehouse);
        lake.give("bob", Privilege::Ownership, on.clone()).await;
        let assign = format!("{namespace}/assignments");
        // Gives, and takes back at once, so that the next call does not find the assignment.
        let gives = async |user: &str| {
            let change = async |change: &str| {
                let body = Some(reads(change));
                lake.send(user, Method::POST, &assign, body).await.0
            };
            let status = change("writes").await;
            assert!(status != 204 || change("deletes").await == 204);
            status
        };
        let switch = async |user: &str, at: &str, is_on: bool| {
            let uri = format!("{at}/managed-access");
            let body = json!({ "managed-access": is_on });
            let (status, told) = lake.send(user, Method::POST, &uri, Some(body)).await;
            assert!(status != 200 || told.is_null(), "{told}");
            status
        };
        let is_on = async |user: &str, at: &str| lake.as_user(user, at).await;

        assert_eq!(gives("bob").await, 204);
        // An owner may switch the namespace's own managed access; only that of resources above restricts its owner.
        assert_eq!(switch("bob", &namespace, true).await, 200);
        assert_eq!(gives("bob").await, 204);
        assert_eq!(switch("bob", &namespace, false).await, 200);

        assert_eq!(switch("bob", &warehouse, true).await, 403);
        assert_eq!(switch("eve", &warehouse, true).await, 404);
        assert_eq!(switch("admin", &warehouse, true).await, 200);
        let told = is_on("admin", &warehouse).await;
        assert_eq!(told, (200, json!({ "managed-access": true })));
        let told = is_on("bob", &namespace).await;
        let inherited = json!({ "managed-access": false, "managed-access-inherited": true });
        assert_eq!(told, (200, inherited));

        assert_eq!(gives("bob").await, 403);
        assert_eq!(switch("bob", &namespace, true).await, 403);
        assert_eq!(switch("bob", &namespace, false).await, 403);
        let (_, may) = lake
            .as_user("bob", &format!("{namespace}/authorizer-actions"))
            .await;
        assert_eq!(may, json!({ "allowed-actions": [] }));
        // The grants API refuses it, too.
        let grants = format!(
            "/management/v1/warehouse/{}/namespace/{}/grants",
            lake.app.warehouse,
            on.as_uuid().unwrap()
        );
        let give = json!({ "privilege": "select", "principal": { "user": "oidc~cid" } });
        let give = Some(json!({ "writes": [give] }));
        assert_eq!(lake.send("bob", Method::POST, &grants, give).await.0, 403);
        // `manage_grants` allows it again.
        lake.give("bob", Privilege::ManageGrants, on).await;
        assert_eq!(gives("bob").await, 204);
        assert_eq!(switch("admin", &warehouse, false).await, 200);
        assert_eq!(gives("bob").await, 204);
        let told = is_on("bob", &namespace).await.1;
        assert_eq!(told["managed-access-inherited"], false);
    }
}

#[tokio::test]
async fn what_is_hidden_or_not_there_is_not_switched() {
    let lake = Lake::start().await;
    let hidden = lake.namespace("a").await.as_uuid().unwrap();
    let nowhere = uuid::Uuid::now_v7();
    let mut told = Vec::new();
    for id in [hidden, nowhere] {
        let at = format!("{PERMISSIONS}/namespace/{id}");
        let uri = format!("{at}/managed-access");
        let body = Some(json!({ "managed-access": true }));
        let (status, error) = lake.send("eve", Method::POST, &uri, body).await;
        assert_eq!(status, 404, "{error}");
        let told_of = [error, lake.as_user("eve", &at).await.1];
        told.push(told_of.map(|one| one.to_string().replace(&id.to_string(), "…")));
    }
    assert_eq!(told[0], told[1]);
    let deactivate = format!("/management/v1/warehouse/{}/deactivate", lake.app.warehouse);
    lake.app.post(deactivate, &json!({})).await.expect(200);
    let at = format!("{PERMISSIONS}/namespace/{hidden}");
    let (status, error) = lake.as_user("admin", &at).await;
    assert_eq!(
        (status, &error["error"]["type"]),
        (404, &json!("NoSuchNamespaceException"))
    );
    let body = json!({ "managed-access": 1 });
    let uri = format!(
        "{PERMISSIONS}/warehouse/{}/managed-access",
        lake.app.warehouse
    );
    assert_eq!(
        lake.send("admin", Method::POST, &uri, Some(body)).await.0,
        400
    );
}
