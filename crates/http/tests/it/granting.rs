//! Operations that give, revoke and list grants.

use http::Method;
use model::Privilege;
use serde_json::{Value, json};
use testkit::TestApp;

use crate::grants::Lake;

const ADA: &str = "oidc~ada";

async fn user(app: &TestApp, id: &str) {
    let user = json!({ "id": id, "name": id, "user-type": "human" });
    app.post("/management/v1/user", &user).await.expect(201);
}

fn entry(privilege: &str, user: &str) -> Value {
    json!({ "privilege": privilege, "principal": { "user": user } })
}

/// The grants on a resource, all on one page.
async fn given(app: &TestApp, uri: &str) -> Vec<Value> {
    let listed = app.get(uri).await.expect(200);
    assert_eq!(listed["next-page-token"], Value::Null);
    let grants = listed["grants"].as_array().unwrap().iter();
    grants.cloned().collect()
}

/// For each kind of resource: the path of its grants, a privilege, and the resource as answers name it.
async fn everything(app: &TestApp) -> Vec<(String, &'static str, Value)> {
    let namespace = app.namespace("ns").await;
    let table = app.table("ns", "t").await["metadata"]["table-uuid"].clone();
    let view = app.view("ns", "v").await["metadata"]["view-uuid"].clone();
    let warehouse = &app.warehouse;
    let at = format!("warehouse/{warehouse}");
    let within = |kind: &str, id: &Value| {
        let field = format!("{kind}-id");
        json!({ "type": kind, "warehouse-id": warehouse, field: id })
    };
    let path = |id: &Value| id.as_str().unwrap().to_owned();
    let project = "00000000-0000-0000-0000-000000000000";
    let all = [
        ("server".to_owned(), "admin", json!({ "type": "server" })),
        (
            "project".to_owned(),
            "data_admin",
            json!({ "type": "project", "project-id": project }),
        ),
        (
            at.clone(),
            "create",
            json!({ "type": "warehouse", "warehouse-id": warehouse }),
        ),
        (
            format!("{at}/namespace/{namespace}"),
            "modify",
            within("namespace", &json!(namespace)),
        ),
        (
            format!("{at}/table/{}", path(&table)),
            "select",
            within("table", &table),
        ),
        (
            format!("{at}/view/{}", path(&view)),
            "describe",
            within("view", &view),
        ),
    ];
    let all = all.into_iter();
    all.map(|(path, privilege, on)| (format!("/management/v1/{path}/grants"), privilege, on))
        .collect()
}

#[tokio::test]
async fn what_is_given_is_told_and_taken_back_again() {
    let app = TestApp::start().await;
    user(&app, ADA).await;
    let mut expected = Vec::new();
    for (uri, privilege, on) in everything(&app).await {
        let give = json!({ "writes": [entry(privilege, ADA)] });
        for _ in 0..2 {
            assert_eq!(app.post(&uri, &give).await.status.as_u16(), 204, "{uri}");
        }
        let found = given(&app, &uri).await;
        let grant = json!({
            "principal": { "user": ADA }, "resource": on, "privilege": privilege, "recognized": true,
            "created-at": found[0]["created-at"],
        });
        assert_eq!(found, std::slice::from_ref(&grant), "{uri}");
        let of = |user: &str| format!("{uri}?principalUser={user}");
        assert_eq!(given(&app, &of(ADA)).await.len(), 1);
        assert_eq!(given(&app, &of("oidc~bob")).await.len(), 0);
        if on["type"] != "server" {
            expected.push(grant);
        }
    }
    let mine = given(&app, &format!("/management/v1/grants?principalUser={ADA}")).await;
    assert_eq!(mine.len(), expected.len());
    assert!(expected.iter().all(|grant| mine.contains(grant)));
    let first = format!("/management/v1/grants?principalUser={ADA}&pageSize=2");
    let first = app.get(first).await.expect(200);
    assert_eq!(first["grants"].as_array().unwrap().len(), 2);
    assert!(first["next-page-token"].is_string());
    for (uri, privilege, _) in everything_again(&app, &mine) {
        let back = json!({ "deletes": [entry(&privilege, ADA)] });
        for _ in 0..2 {
            assert_eq!(app.post(&uri, &back).await.status.as_u16(), 204);
        }
        assert_eq!(given(&app, &uri).await.len(), 0, "{uri}");
    }
}

/// For each listed grant: the path of the resource's grants, the privilege, and the resource.
fn everything_again(app: &TestApp, told: &[Value]) -> Vec<(String, String, Value)> {
    let at = format!("/management/v1/warehouse/{}", app.warehouse);
    let told = told.iter().map(|grant| {
        let on = &grant["resource"];
        let kind = on["type"].as_str().unwrap();
        let uri = match kind {
            "project" => "/management/v1/project/grants".to_owned(),
            "warehouse" => format!("{at}/grants"),
            kind => {
                let id = on[format!("{kind}-id")].as_str().unwrap();
                format!("{at}/{kind}/{id}/grants")
            }
        };
        let privilege = grant["privilege"].as_str().unwrap();
        (uri, privilege.to_owned(), on.clone())
    });
    told.collect()
}

#[tokio::test]
async fn what_cannot_be_given_is_refused_as_a_whole() {
    let app = TestApp::start().await;
    user(&app, ADA).await;
    let uri = format!("/management/v1/warehouse/{}/grants", app.warehouse);
    let both =
        json!({ "privilege": "select", "principal": { "user": ADA, "role": uuid::Uuid::nil() } });
    let nobody = json!({ "privilege": "select", "principal": {} });
    let role = json!({ "privilege": "select", "principal": { "role": uuid::Uuid::nil() } });
    let many: Vec<Value> = (0..101)
        .map(|n| entry("select", &format!("oidc~u{n}")))
        .collect();
    let good = entry("describe", ADA);
    for (body, expected) in [
        (json!({}), "EmptyGrantDiff"),
        (json!({ "writes": many }), "GrantDiffTooLarge"),
        (json!({ "writes": [good, good] }), "DuplicateGrantEntry"),
        (
            json!({ "writes": [good], "deletes": [good] }),
            "DuplicateGrantEntry",
        ),
        (json!({ "writes": [good, both] }), "AmbiguousGrantPrincipal"),
        (json!({ "writes": [good, nobody] }), "BadRequestException"),
        (
            json!({ "writes": [good, entry("apply", ADA)] }),
            "UnknownGrantPrivilege",
        ),
        (
            json!({ "writes": [good, entry("select", "oidc~eve")] }),
            "GrantUserNotFound",
        ),
        (json!({ "writes": [good, role] }), "GrantRoleNotInProject"),
        (
            json!({ "writes": [good], "more": 1 }),
            "BadRequestException",
        ),
    ] {
        let (status, kind, message) = app.post(&uri, &body).await.error();
        assert_eq!((status, kind.as_str()), (400, expected), "{message}");
    }
    assert_eq!(given(&app, &uri).await.len(), 0);
    for (uri, expected) in [
        ("/management/v1/grants", (400, "MissingGrantPrincipal")),
        (
            "/management/v1/server/grants?principal_user=x",
            (400, "BadRequestException"),
        ),
    ] {
        let (status, kind, message) = app.get(uri).await.error();
        assert_eq!((status, kind.as_str()), expected, "{message}");
    }
    let nowhere = format!("/management/v1/warehouse/{}/grants", uuid::Uuid::nil());
    let give = json!({ "writes": [good] });
    assert_eq!(app.post(nowhere, &give).await.error().0, 404);
}

#[tokio::test]
async fn who_may_give_what_is_told() {
    let lake = Lake::start().await;
    lake.give("ann", Privilege::PassGrants, lake.warehouse())
        .await;
    lake.give("ann", Privilege::Select, lake.warehouse()).await;
    let uri = format!("/management/v1/warehouse/{}/grants", lake.app.warehouse);
    let vocabulary = "/management/v1/grants/grantable-privileges";
    let (_, all) = lake.as_user("eve", vocabulary).await;
    assert_eq!(all["privileges"]["server"].as_array().unwrap().len(), 2);
    let (status, told) = lake
        .as_user("ann", &format!("{uri}/grantable-privileges"))
        .await;
    assert_eq!(status, 200, "{told}");
    let told = told["privileges"].as_array().unwrap().iter();
    let may: Vec<_> = told
        .filter(|one| one["allowed"] == true)
        .map(|one| one["privilege"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(may, ["describe", "select"]);
    // `ann` may give only what she has.
    user(&lake.app, "oidc~bob").await;
    for (privilege, expected) in [("select", 204), ("modify", 403)] {
        let give = json!({ "writes": [entry(privilege, "oidc~bob")] });
        let (status, told) = lake.send("ann", Method::POST, &uri, Some(give)).await;
        assert_eq!(status, expected, "{privilege}: {told}");
    }
    // `bob` sees his own grants, but not those of others.
    for (of, expected) in [
        ("?principalUser=oidc~bob", 200),
        ("", 403),
        ("?principalUser=oidc~ann", 403),
    ] {
        let (status, told) = lake.as_user("bob", &format!("{uri}{of}")).await;
        assert_eq!(status, expected, "{of}: {told}");
    }
    let (status, _) = lake
        .as_user("bob", "/management/v1/grants?principalUser=oidc~bob")
        .await;
    assert_eq!(status, 200);
    let (status, _) = lake.as_user("eve", &uri).await;
    assert_eq!(status, 404, "she may not know of the warehouse");
    let of_bob = format!("{uri}/grantable-privileges?principalUser=oidc~bob");
    let (status, told) = lake.as_user("admin", &of_bob).await;
    assert_eq!(status, 200, "{told}");
    let told = told["privileges"].as_array().unwrap();
    assert!(told.iter().all(|one| one["allowed"] == false), "{told:?}");
}
