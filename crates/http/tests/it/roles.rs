//! Roles and their members.

use serde_json::{Value, json};
use testkit::TestApp;

const ROLES: &str = "/management/v1/role";

pub(crate) async fn role(app: &TestApp, name: &str) -> String {
    let created = app.post(ROLES, &json!({ "name": name })).await.expect(201);
    created["id"].as_str().unwrap().to_owned()
}

async fn user(app: &TestApp, id: &str) {
    let user = json!({ "id": id, "name": id, "user-type": "human" });
    app.post("/management/v1/user", &user).await.expect(201);
}

fn user_ref(id: &str) -> Value {
    json!({ "type": "user", "id": id })
}

pub(crate) fn role_ref(id: &str) -> Value {
    json!({ "type": "role", "id": id })
}

pub(crate) async fn add(app: &TestApp, role: &str, members: &[Value]) -> testkit::Answer {
    let uri = format!("{ROLES}/{role}/members");
    app.post(uri, &json!({ "members": members })).await
}

/// The ids in a list, read in pages of one item.
async fn ids(app: &TestApp, uri: &str, field: &str) -> Vec<String> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let mark = if uri.contains('?') { '&' } else { '?' };
        let page = app.get(format!("{uri}{mark}pageSize=1&pageToken={token}"));
        let page = page.await.expect(200);
        let items = page[field].as_array().unwrap().iter();
        found.extend(items.map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next-page-token"].as_str() {
            None => return found,
            Some(next) => next.clone_into(&mut token),
        }
    }
}

#[tokio::test]
async fn a_role_is_created_loaded_changed_and_deleted() {
    let app = TestApp::start().await;
    let new = json!({ "name": "Analysts", "description": "Who asks", "provider-id": "oidc", "source-id": "an~1" });
    let created = app.post(ROLES, &new).await.expect(201);
    let id = created["id"].as_str().unwrap();
    let expected = json!({
        "id": id, "ident": "oidc~an~1", "provider-id": "oidc", "source-id": "an~1", "name": "Analysts",
        "description": "Who asks", "project-id": "00000000-0000-0000-0000-000000000000",
        "created-at": created["created-at"], "updated-at": null,
    });
    assert_eq!(created, expected);
    let uri = format!("{ROLES}/{id}");
    assert_eq!(app.get(&uri).await.expect(200), expected);
    let metadata = app.get(format!("{uri}/metadata")).await.expect(200);
    assert_eq!(metadata["ident"], "oidc~an~1");
    assert_eq!(metadata.get("created-at"), None);
    let updated = app
        .post(&uri, &json!({ "name": "ANALYSTS" }))
        .await
        .expect(200);
    assert_eq!(
        (&updated["name"], &updated["description"]),
        (&json!("ANALYSTS"), &Value::Null)
    );
    assert!(updated["updated-at"].is_string());
    let to = json!({ "provider-id": "ldap", "source-id": "cn=x" });
    let call = app.call(http::Method::PUT, format!("{uri}/source-system"));
    assert_eq!(call.json(&to).await.expect(200)["ident"], "ldap~cn=x");
    let other = app.get(&uri).header("x-project-id", "elsewhere").await;
    assert_eq!(other.error().1, "RoleNotFoundInProject");
    assert_eq!(app.delete(&uri).await.status.as_u16(), 204);
    let (status, kind, message) = app.get(&uri).await.error();
    assert_eq!((status, kind.as_str()), (404, "RoleNotFoundInProject"));
    assert!(message.contains(id), "{message}");
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let app = TestApp::start().await;
    let first = json!({ "name": "one", "provider-id": "oidc", "source-id": "1" });
    app.post(ROLES, &first).await.expect(201);
    let long = "d".repeat(4_097);
    for (body, expected) in [
        (json!({ "name": "" }), (400, "BadRequestException")),
        (
            json!({ "name": "x", "description": long }),
            (400, "BadRequestException"),
        ),
        (
            json!({ "name": "x", "provider-id": "oidc" }),
            (400, "InvalidRoleIdentifier"),
        ),
        (
            json!({ "name": "x", "provider-id": "OIDC", "source-id": "2" }),
            (400, "InvalidRoleIdentifier"),
        ),
        (
            json!({ "name": "x", "provider-id": "system", "source-id": "2" }),
            (400, "RoleProviderIdReserved"),
        ),
        (json!({ "name": "ONE" }), (409, "RoleNameAlreadyExists")),
        (
            json!({ "name": "x", "provider-id": "oidc", "source-id": "1" }),
            (409, "RoleSourceIdConflict"),
        ),
        (
            json!({ "name": "x", "project-id": "elsewhere" }),
            (404, "ProjectNotFound"),
        ),
    ] {
        let (status, kind, message) = app.post(ROLES, &body).await.error();
        assert_eq!((status, kind.as_str()), expected, "{message}");
    }
    let (status, _, message) = app.get(format!("{ROLES}/x")).await.error();
    assert_eq!(status, 400, "{message}");
}

#[tokio::test]
async fn roles_are_listed_filtered_and_found() {
    let app = TestApp::start().await;
    let (readers, writers) = (role(&app, "Readers").await, role(&app, "Writers").await);
    assert_eq!(
        ids(&app, ROLES, "roles").await,
        [readers.clone(), writers.clone()]
    );
    let only = format!("{ROLES}?roleIds={writers}&roleIds={}", uuid::Uuid::nil());
    assert_eq!(ids(&app, &only, "roles").await, [writers.as_str()]);
    let none = format!("{ROLES}?providerIds=oidc");
    assert_eq!(ids(&app, &none, "roles").await, [""; 0]);
    let sources = format!("{ROLES}?sourceIds={readers}&providerIds=lakekeeper");
    assert_eq!(ids(&app, &sources, "roles").await, [readers.as_str()]);
    let search = json!({ "search": "raeders" });
    let found = app
        .post("/management/v1/search/role", &search)
        .await
        .expect(200);
    assert_eq!(found["roles"][0]["id"], readers.as_str());
}

#[tokio::test]
async fn members_come_and_go() {
    let app = TestApp::start().await;
    user(&app, "oidc~ada").await;
    let (outer, inner) = (role(&app, "outer").await, role(&app, "inner").await);
    let members = [user_ref("oidc~ada"), user_ref("oidc~ada")];
    let added = add(&app, &inner, &members).await.expect(200);
    assert_eq!(added, json!({ "members": [user_ref("oidc~ada")] }));
    add(&app, &outer, &[role_ref(&inner)]).await.expect(200);
    let direct = app
        .get(format!("{ROLES}/{inner}/members"))
        .await
        .expect(200);
    let expected = json!([{
        "type": "user", "id": "oidc~ada", "name": "oidc~ada", "email": null, "user-type": "human",
    }]);
    assert_eq!(direct["members"], expected);
    let at = |role: &str, rest: &str| format!("{ROLES}/{role}/{rest}");
    assert_eq!(
        ids(&app, &at(&outer, "members"), "members").await,
        [inner.as_str()]
    );
    let all = ids(&app, &at(&outer, "members/transitive"), "members").await;
    assert_eq!(all, [inner.clone(), "oidc~ada".to_owned()]);
    let users = ids(&app, &at(&outer, "members/transitive?type=user"), "members").await;
    assert_eq!(users, ["oidc~ada"]);
    assert_eq!(
        ids(&app, &at(&inner, "member-of"), "roles").await,
        [outer.as_str()]
    );
    let of_user = "/management/v1/user/oidc~ada/roles";
    assert_eq!(ids(&app, of_user, "roles").await, [inner.as_str()]);
    let transitive = ids(&app, &format!("{of_user}/transitive"), "roles").await;
    assert_eq!(transitive, [outer.clone(), inner.clone()]);
    let nobody = app.get("/management/v1/user/oidc~nobody/roles").await;
    assert_eq!(nobody.error().1, "UserNotFound");
    for _ in 0..2 {
        let gone = app.delete(at(&inner, "members/user/oidc~ada")).await;
        assert_eq!(gone.status.as_u16(), 204);
    }
    assert_eq!(ids(&app, of_user, "roles").await, [""; 0]);
    let unknown = app.delete(at(&inner, "members/group/x")).await;
    assert_eq!(unknown.error().0, 400);
}

#[tokio::test]
async fn who_cannot_come_into_a_role_is_named() {
    let app = TestApp::start().await;
    let mut roles = Vec::new();
    for number in 0..12 {
        roles.push(role(&app, &format!("r{number}")).await);
    }
    for pair in roles[..11].windows(2) {
        add(&app, &pair[0], &[role_ref(&pair[1])]).await.expect(200);
    }
    let too_many = vec![user_ref("oidc~ada"); 1_001];
    for (role, members, expected) in [
        (
            0,
            vec![user_ref("oidc~nobody")],
            (404, "RoleAssignmentUserNotFound"),
        ),
        (
            0,
            vec![role_ref(&uuid::Uuid::nil().to_string())],
            (404, "RoleNotFoundInProject"),
        ),
        (3, vec![role_ref(&roles[3])], (409, "RoleMembershipCycle")),
        (9, vec![role_ref(&roles[0])], (409, "RoleMembershipCycle")),
        (
            10,
            vec![role_ref(&roles[11])],
            (409, "RoleMembershipDepthExceeded"),
        ),
        (0, too_many, (400, "BadRequestException")),
    ] {
        let (status, kind, message) = add(&app, &roles[role], &members).await.error();
        assert_eq!((status, kind.as_str()), expected, "{message}");
    }
}
