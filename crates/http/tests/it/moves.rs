//! Moves of namespaces.

use std::sync::Arc;

use authz::{Action, NamespaceAction};
use http::Method;
use model::{Privilege, Securable};
use serde_json::{Value, json};
use testkit::{Answer, TestApp};

use crate::grants::Lake;
use crate::holding::Holding;

fn uri(app: &TestApp, id: &str) -> String {
    format!(
        "/management/v1/warehouse/{}/namespace/{id}/move",
        app.warehouse
    )
}

async fn go(app: &TestApp, id: &str, to: &[&str]) -> Answer {
    app.post(uri(app, id), &json!({ "destination": to })).await
}

fn refused(answer: &Answer) -> (u16, String) {
    let (status, kind, _) = answer.error();
    (status, kind)
}

/// Namespaces `a` and `a.b` with a table in each, and an empty namespace `Z`; returns their ids.
async fn planted() -> (TestApp, [String; 3]) {
    let app = TestApp::start().await;
    let ids = [
        app.namespace("a").await,
        app.namespace("a.b").await,
        app.namespace("Z").await,
    ];
    app.table("a", "t").await;
    app.table("a%1Fb", "u").await;
    (app, ids)
}

#[tokio::test]
async fn whoever_has_loaded_a_table_before_finds_it_where_it_is_now() {
    let (app, [a, b, z]) = planted().await;
    let replica = TestApp::builder().store(Arc::clone(&app.store));
    let replica = replica.build();
    let before = app.load("a%1Fb", "u").await;
    let replicas_uri = |rest: &str| format!("/catalog/v1/{}/{rest}", app.warehouse);
    let at_replica = async |rest: &str| replica.get(replicas_uri(rest)).await;
    at_replica("namespaces/a%1Fb/tables/u").await.expect(200);
    let moved = go(&app, &a, &["z", "New"]).await.expect(200);
    assert_eq!(
        moved,
        json!({ "namespace": ["Z", "New"], "namespace-id": a, "parent-namespace-id": z })
    );
    for (rest, status) in [
        ("namespaces/a%1Fb/tables/u", 404),
        ("namespaces/a/tables/t", 404),
        ("namespaces/a", 404),
        ("namespaces/z%1Fnew%1Fb/tables/u", 200),
        ("namespaces/z%1Fnew/tables/t", 200),
    ] {
        for answer in [app.get(app.at(rest)).await, at_replica(rest).await] {
            assert_eq!(answer.status.as_u16(), status, "{rest}: {}", answer.text());
        }
    }
    let after = app.load("z%1Fnew%1Fb", "u").await;
    for field in ["metadata", "metadata-location"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let listed = app
        .get(app.at("namespaces?parent=Z%1Fnew"))
        .await
        .expect(200);
    assert_eq!(listed["namespaces"], json!([["Z", "New", "b"]]));
    // A commit under the new path, and another table under the old one.
    let commit = crate::set_property(&after["metadata"]["table-uuid"], "k", "v");
    let path = app.at("namespaces/z%1Fnew%1Fb/tables/u");
    app.post(path, &commit).await.expect(200);
    app.namespace("a").await;
    app.table("a", "t").await;
    // To the top level, and there again, which changes nothing.
    for _ in 0..2 {
        let moved = go(&app, &b, &["b"]).await.expect(200);
        assert_eq!(moved["parent-namespace-id"], Value::Null);
    }
    app.load("b", "u").await;
}

#[tokio::test]
async fn what_cannot_be_a_destination_is_refused() {
    let (app, [a, b, z]) = planted().await;
    for (to, wanted) in [
        (&["A", "b", "c"][..], (400, "NamespaceCannotMoveIntoSelf")),
        (&["z"], (409, "AlreadyExistsException")),
        (&["nowhere", "a"], (404, "NoSuchNamespaceException")),
        (&[], (400, "NamespaceEmpty")),
        (&["system"], (400, "BadRequestException")),
        (&["x", ""], (400, "BadRequestException")),
        (&["nul\0"], (400, "BadRequestException")),
        (&["d"; 33], (400, "BadRequestException")),
    ] {
        let answer = go(&app, &a, to).await;
        assert_eq!(refused(&answer), (wanted.0, wanted.1.to_owned()), "{to:?}");
    }
    // Refused, because the path of the child `a.b` would become too deep, or too long.
    let mut deep = vec!["d"];
    while deep.len() < 32 {
        app.namespace(&deep.join(".")).await;
        deep.push("d");
    }
    let (status, _, message) = go(&app, &a, &deep).await.error();
    assert_eq!(status, 400);
    assert!(
        message.contains("`a.b`") && message.contains("32"),
        "{message}"
    );
    let long = "l".repeat(511);
    let homes = [long.as_str(), long.as_str()];
    app.namespace(&homes[..1].join(".")).await;
    app.namespace(&homes.join(".")).await;
    let fits = "x".repeat(510);
    let answer = go(&app, &a, &[homes[0], homes[1], &fits]).await;
    assert_eq!(refused(&answer).0, 400, "{}", answer.text());
    go(&app, &b, &[homes[0], homes[1], &fits]).await.expect(200);
    let unknown = uuid::Uuid::now_v7().to_string();
    assert_eq!(refused(&go(&app, &unknown, &["q"]).await).0, 404);
    let extra = json!({ "destination": ["q"], "recursive": true });
    assert_eq!(app.post(uri(&app, &z), &extra).await.error().0, 400);
    app.load("a", "t").await;
}

#[tokio::test]
async fn what_is_protected_moves_by_force_and_stays_protected() {
    let (app, [a, ..]) = planted().await;
    let protection = uri(&app, &a).replace("/move", "/protection");
    let on = json!({ "protected": true });
    app.post(&protection, &on).await.expect(200);
    let answer = go(&app, &a, &["c"]).await;
    assert_eq!(refused(&answer), (409, "NamespaceProtected".to_owned()));
    go(&app, &a, &["a"]).await.expect(200);
    let force = json!({ "destination": ["c"], "force": true });
    app.post(uri(&app, &a), &force).await.expect(200);
    let now = app.get(&protection).await.expect(200);
    assert_eq!(now["protected"], true);
}

#[tokio::test]
async fn folders_that_follow_namespaces_keep_them_where_they_are() {
    let full = |namespace: &str| json!({ "type": "full-hierarchy", "namespace": namespace, "tabular": "{uuid}" });
    for (layout, rename, other_home) in [
        (
            json!({ "type": "tabular-only", "tabular": "{name}-{uuid}" }),
            200,
            200,
        ),
        (full("{name}-{uuid}"), 400, 400),
        (full("{uuid}"), 200, 400),
    ] {
        let (app, [_, b, _]) = planted().await;
        let mut profile = app.warehouse_body("demo")["storage-profile"].clone();
        profile["storage-layout"] = layout.clone();
        let change = format!("/management/v1/warehouse/{}/storage", app.warehouse);
        let changed = app
            .post(change, &json!({ "storage-profile": profile }))
            .await;
        changed.expect(200);
        for (to, wanted) in [
            (["A", "b"], 200),
            (["a", "c"], rename),
            (["z", "c"], other_home),
        ] {
            let answer = go(&app, &b, &to).await;
            assert_eq!(answer.status.as_u16(), wanted, "{layout} {to:?}");
            if wanted == 400 {
                assert_eq!(refused(&answer).1, "StorageLayoutForbidsNamespaceMove");
            }
        }
    }
}

#[tokio::test]
async fn of_two_moves_into_each_other_one_is_a_conflict() {
    let app = TestApp::start().await;
    for round in 0..8 {
        let names = [format!("l{round}"), format!("r{round}")];
        let ids = [
            app.namespace(&names[0]).await,
            app.namespace(&names[1]).await,
        ];
        let ways = [[names[1].as_str(), "in"], [names[0].as_str(), "in"]];
        let (first, second) =
            tokio::join!(go(&app, &ids[0], &ways[0]), go(&app, &ids[1], &ways[1]));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        // 404 if the other move was finished before this one began: its destination has moved away.
        assert!([[200, 409], [200, 404]].contains(&statuses), "{statuses:?}");
    }
}

/// A move needs permissions on the namespace and on its new parent, because it changes who inherits which grants.
#[tokio::test]
async fn a_move_takes_what_giving_takes_at_both_ends() {
    let lake = Lake::start().await;
    let (from, to) = (lake.namespace("a%1Fb").await, lake.namespace("c").await);
    let Securable::Namespace(id) = &from else {
        panic!("a namespace");
    };
    let at = uri(&lake.app, &id.to_string());
    let go = async |to: &[&str]| {
        let body = json!({ "destination": to });
        lake.send("ada", Method::POST, &at, Some(body)).await.0
    };
    assert_eq!(go(&["c", "b"]).await, 404, "who may see nothing");
    lake.give("ada", Privilege::Modify, from.clone()).await;
    assert_eq!(go(&["c", "b"]).await, 403);
    lake.give("ada", Privilege::ManageGrants, from.clone())
        .await;
    assert_eq!(go(&["c", "b"]).await, 404, "who may not see where it goes");
    lake.give("ada", Privilege::Create, to.clone()).await;
    assert_eq!(
        go(&["c", "b"]).await,
        403,
        "what is given there is not hers to say"
    );
    lake.give("bob", Privilege::Select, to.clone()).await;
    let table = lake.app.at("namespaces/c%1Fb/tables/u");
    assert_eq!(lake.as_user("bob", &table).await.0, 404);
    lake.give("ada", Privilege::ManageGrants, to).await;
    assert_eq!(go(&["c", "b"]).await, 200);
    assert_eq!(
        lake.as_user("bob", &table).await.0,
        200,
        "he inherits it now"
    );
    assert_eq!(go(&["b"]).await, 403);
    for privilege in [Privilege::ManageGrants, Privilege::Create] {
        lake.give("ada", privilege, lake.warehouse()).await;
    }
    assert_eq!(go(&["b"]).await, 200);
    let table = lake.app.at("namespaces/b/tables/u");
    assert_eq!(lake.as_user("bob", &table).await.0, 404, "and no longer");
}

#[tokio::test]
async fn nothing_comes_below_what_has_taken_the_place_of_its_parent() {
    let holding = Holding::at(Action::Namespace(NamespaceAction::CreateNamespace));
    let builder = TestApp::builder().authorizer(Arc::<Holding>::clone(&holding));
    let app = builder.start().await;
    let parent = app.namespace("a").await;
    let child = json!({ "namespace": ["a", "b"] });
    let replacing = async {
        go(&app, &parent, &["z"]).await.expect(200);
        app.namespace("a").await;
    };
    let creating = app.post(app.at("namespaces"), &child);
    let created = holding.hold(creating, replacing).await;
    assert_eq!(
        refused(&created),
        (404, "NoSuchNamespaceException".to_owned())
    );
    app.post(app.at("namespaces"), &child).await.expect(200);
}
