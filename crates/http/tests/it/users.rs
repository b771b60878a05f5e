//! Users: how they are registered, found, updated and deleted.

use authn::stand_in::Idp;
use http::Method;
use serde_json::{Value, json};
use testkit::{Call, TestApp};

use crate::authentication::app;
use crate::grants::Lake;

const CONFIG: &str = "/catalog/v1/config?warehouse=demo";
const USERS: &str = "/management/v1/user";
const WHOAMI: &str = "/management/v1/whoami";

fn alice(idp: &Idp) -> String {
    let claims = json!({ "name": "Alice Liddell", "email": "alice@wonder.example" });
    idp.token_with("alice", &claims)
}

fn as_alice(idp: &Idp, call: Call) -> Call {
    call.token(&alice(idp))
}

#[tokio::test]
async fn whoever_asks_for_the_configuration_is_known_from_then_on() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let (status, kind, _) = as_alice(&idp, app.get(WHOAMI)).await.error();
    assert_eq!((status, kind.as_str()), (404, "UserNotFound"));
    for _ in 0..2 {
        as_alice(&idp, app.get(CONFIG)).await.expect(200);
    }
    let known = as_alice(&idp, app.get(WHOAMI)).await.expect(200);
    let created_at = known["created-at"].as_str().unwrap();
    assert!(created_at.ends_with('Z'), "{created_at}");
    let expected = json!({
        "name": "Alice Liddell", "email": "alice@wonder.example", "id": "oidc~alice", "user-type": "human",
        "last-updated-with": "config-call-creation", "created-at": created_at, "updated-at": null,
        "is-instance-admin": false,
    });
    assert_eq!(known, expected);
    // A token with neither name nor e-mail address.
    let job = idp.token("job-7");
    app.get(CONFIG).token(&job).await.expect(200);
    let known = app.get(WHOAMI).token(&job).await.expect(200);
    assert_eq!(known["name"], "Nameless App with ID oidc~job-7");
    assert_eq!(
        (&known["email"], &known["user-type"]),
        (&Value::Null, &json!("application"))
    );
}

#[tokio::test]
async fn who_bootstraps_is_known_as_they_say() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let admin = app.get(WHOAMI).token(&idp.token("admin")).await.expect(200);
    assert_eq!(admin["last-updated-with"], "create-endpoint");
    let again = json!({ "accept-terms-of-use": true, "user-name": "Eve" });
    let again = app
        .post("/management/v1/bootstrap", &again)
        .token(&idp.token("admin"));
    assert_eq!(again.await.error().1, "CatalogAlreadyBootstrapped");
    let after = app.get(WHOAMI).token(&idp.token("admin")).await.expect(200);
    assert_eq!(after, admin);
}

#[tokio::test]
async fn an_installation_that_is_opened_again_gets_another_administrator() {
    let lake = Lake::start().await;
    let bootstrap = async || {
        let said = json!({ "accept-terms-of-use": true });
        let uri = "/management/v1/bootstrap";
        lake.send("eve", Method::POST, uri, Some(said)).await
    };
    let (status, refused) = bootstrap().await;
    assert_eq!(status, 400);
    assert_eq!(refused["error"]["type"], "CatalogAlreadyBootstrapped");
    assert_eq!(lake.as_user("eve", USERS).await.0, 403);
    lake.app.store.server_reopen_bootstrap().await.unwrap();
    let (_, info) = lake.as_user("eve", "/management/v1/info").await;
    assert_eq!(info["bootstrapped"], false);
    assert_eq!(bootstrap().await.0, 204);
    assert_eq!(lake.as_user("eve", USERS).await.0, 200);
    assert_eq!(bootstrap().await.0, 400);
}

#[tokio::test]
async fn everybody_makes_themselves_known_as_they_like() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let created = as_alice(&idp, app.post(USERS, &json!({})))
        .await
        .expect(201);
    assert_eq!(
        (&created["id"], &created["name"]),
        (&json!("oidc~alice"), &json!("Alice Liddell"))
    );
    let again = json!({ "id": "oidc~alice", "name": "Al", "user-type": "application" });
    let (status, kind, _) = as_alice(&idp, app.post(USERS, &again)).await.error();
    assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
    let mut update = again.clone();
    update["update-if-exists"] = json!(true);
    let updated = as_alice(&idp, app.post(USERS, &update)).await.expect(200);
    assert_eq!(
        (&updated["name"], &updated["user-type"]),
        (&json!("Al"), &json!("application"))
    );
    // An absent field is taken from the token.
    assert_eq!(updated["email"], "alice@wonder.example");
    assert_eq!(updated["created-at"], created["created-at"]);
    assert!(updated["updated-at"].is_string());
}

#[tokio::test]
async fn others_are_made_known_with_name_and_type_only() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    for (body, part) in [
        (json!({ "id": "oidc~bob", "name": "Bob" }), "user-type"),
        (json!({ "id": "oidc~bob", "user-type": "human" }), "name"),
        (
            json!({ "id": "oidc~bob", "name": "", "user-type": "human" }),
            "name",
        ),
        (
            json!({ "id": "bob", "name": "Bob", "user-type": "human" }),
            "user id",
        ),
        (
            json!({ "id": "oidc~bob", "name": "B\u{7}", "user-type": "human" }),
            "control",
        ),
        (
            json!({ "id": "oidc~bob", "name": "b".repeat(641), "user-type": "human" }),
            "640",
        ),
        (
            json!({ "id": "oidc~bob", "name": "Bob", "user-type": "cat" }),
            "cat",
        ),
    ] {
        let (status, _, message) = as_alice(&idp, app.post(USERS, &body)).await.error();
        assert_eq!(status, 400, "{body}");
        assert!(message.contains(part), "{body}: {message}");
    }
    let bob = json!({ "id": "oidc~bob", "name": "<script>alert('Bob')</script>", "user-type": "human", "email": "" });
    let created = as_alice(&idp, app.post(USERS, &bob)).await.expect(201);
    // Nothing is taken from the caller's token.
    assert_eq!(
        (&created["email"], &created["name"]),
        (&Value::Null, &bob["name"])
    );
    let anonymous = TestApp::start().await;
    let (status, _, message) = anonymous.post(USERS, &json!({})).await.error();
    assert_eq!(status, 400);
    assert!(message.contains("no token"), "{message}");
}

#[tokio::test]
async fn a_user_is_loaded_changed_and_forgotten() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    let id = "kubernetes~system:serviceaccount:lake:spark";
    let body = json!({ "id": id, "name": "spark", "user-type": "application" });
    let created = as_alice(&idp, app.post(USERS, &body)).await.expect(201);
    let at = format!("{USERS}/{}", id.replace(':', "%3A"));
    let loaded = as_alice(&idp, app.get(&at)).await.expect(200);
    assert_eq!(loaded, created);
    let change = json!({ "name": "Spark", "email": "s@x.example", "user-type": "human" });
    let put = app.call("PUT".parse().unwrap(), &at).json(&change);
    assert_eq!(as_alice(&idp, put).await.status, 200);
    let changed = as_alice(&idp, app.get(&at)).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["email"]),
        (&change["name"], &change["email"])
    );
    assert_eq!(changed["last-updated-with"], "update-endpoint");
    as_alice(&idp, app.delete(&at)).await.expect(204);
    for method in ["GET", "PUT", "DELETE"] {
        let call = app.call(method.parse().unwrap(), &at).json(&change);
        let (status, kind, _) = as_alice(&idp, call).await.error();
        assert_eq!((status, kind.as_str()), (404, "UserNotFound"), "{method}");
    }
    let wrong = format!("{USERS}/nobody");
    assert_eq!(as_alice(&idp, app.get(wrong)).await.error().0, 400);
}

#[tokio::test]
async fn users_are_listed_in_pages_and_found_with_mistakes() {
    let idp = Idp::start().await;
    let app = app(&idp).await;
    for n in 0..5 {
        let body = json!({ "id": format!("oidc~u{n}"), "name": format!("Worker {n}"), "user-type": "application" });
        as_alice(&idp, app.post(USERS, &body)).await.expect(201);
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let uri = format!("{USERS}?name=WORK&pageSize=2&pageToken={token}");
        let page = as_alice(&idp, app.get(uri)).await.expect(200);
        let users = page["users"].as_array().unwrap();
        assert!(users.len() <= 2);
        found.extend(
            users
                .iter()
                .map(|user| user["id"].as_str().unwrap().to_owned()),
        );
        match page["next-page-token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(
        found,
        ["oidc~u0", "oidc~u1", "oidc~u2", "oidc~u3", "oidc~u4"]
    );
    let all = as_alice(&idp, app.get(USERS)).await.expect(200);
    assert_eq!(all["users"].as_array().unwrap().len(), 6);
    let search = json!({ "search": "wroker 3" });
    let found = app.post("/management/v1/search/user", &search);
    let found = as_alice(&idp, found).await.expect(200);
    let first = &found["users"][0];
    let expected =
        json!({ "name": "Worker 3", "id": "oidc~u3", "user-type": "application", "email": null });
    assert_eq!(first, &expected, "{found}");
    let bad = as_alice(&idp, app.get(format!("{USERS}?pageToken=%21"))).await;
    assert_eq!(bad.error().1, "InvalidPaginationToken");
}
