//! Assignments: grants and memberships in roles, read and changed as relations.

use http::Method;
use model::{
    Bounds, Principal, Privilege, ProjectId, Securable, TabularKind, Timestamp, UserId, UserType,
};
use serde_json::{Value, json};
use store::{Effects, GrantChange, Unchanged, UserRow, UserSource};
use testkit::TestApp;
use uuid::Uuid;

use crate::grants::Lake;
use crate::tags::DEFINITIONS;
use crate::{generic_tables, roles};

const PERMISSIONS: &str = "/management/v1/permissions";
const ADA: &str = "oidc~ada";
const BOB: &str = "oidc~bob";

pub(crate) async fn known(app: &TestApp, id: &str) {
    let user = json!({ "id": id, "name": id, "user-type": "human" });
    app.post("/management/v1/user", &user).await.expect(201);
}

fn to(relation: &str, user: &str) -> Value {
    json!({ "type": relation, "user": user })
}

fn to_role(relation: &str, role: &str) -> Value {
    json!({ "type": relation, "role": role })
}

/// The assignments on a resource, without those of its creator.
async fn assigned(app: &TestApp, uri: &str) -> Vec<Value> {
    let listed = app.get(uri).await.expect(200);
    let all = listed["assignments"].as_array().unwrap().iter();
    all.filter(|one| one["user"] != "oidc~admin")
        .cloned()
        .collect()
}

/// For each kind of resource: its path below `permissions`, a relation that it has, and the path of its grants.
async fn levels(app: &TestApp) -> Vec<(String, &'static str, Option<String>)> {
    let namespace = app.namespace("ns").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let table = text(&app.table("ns", "t").await["metadata"]["table-uuid"]);
    let view = text(&app.view("ns", "v").await["metadata"]["view-uuid"]);
    let uri = generic_tables::at(app, "namespaces/ns/generic-tables");
    let body = json!({ "name": "g", "format": "lance" });
    app.post(&uri, &body).await.expect(200);
    let generic = text(&app.get(&uri).await.expect(200)["identifiers"][0]["id"]);
    let tag = json!({ "name": "pii", "scope": ["table"], "value-kind": "marker" });
    let tag = text(&app.post(DEFINITIONS, &tag).await.expect(201)["id"]);
    let (role, project) = (roles::role(app, "readers").await, ProjectId::nil());
    let at = format!("warehouse/{}", app.warehouse);
    let below = |rest: &str| Some(format!("{at}/{rest}"));
    vec![
        ("server".to_owned(), "operator", Some("server".to_owned())),
        (
            "project".to_owned(),
            "data_admin",
            Some("project".to_owned()),
        ),
        (
            format!("project/{project}"),
            "tag_creator",
            Some("project".to_owned()),
        ),
        (format!("role/{role}"), "ownership", None),
        (format!("role/{role}"), "assignee", None),
        (
            format!("tag/{tag}"),
            "apply",
            Some(format!("tag-definition/{tag}")),
        ),
        (at.clone(), "create", Some(at.clone())),
        (
            format!("namespace/{namespace}"),
            "manage_tags",
            below(&format!("namespace/{namespace}")),
        ),
        (
            format!("{at}/table/{table}"),
            "pass_grants",
            below(&format!("table/{table}")),
        ),
        (
            format!("{at}/view/{view}"),
            "select",
            below(&format!("view/{view}")),
        ),
        (
            format!("{at}/generic-table/{generic}"),
            "modify",
            below(&format!("generic-table/{generic}")),
        ),
    ]
}

#[tokio::test]
async fn what_is_assigned_is_a_grant_and_is_taken_back_again() {
    for lake in Lake::on_each_store().await {
        let app = &lake.app;
        known(app, ADA).await;
        known(app, BOB).await;
        for (path, relation, grants) in levels(app).await {
            let uri = format!("{PERMISSIONS}/{path}/assignments");
            let (give, back) = (
                json!({ "writes": [to(relation, ADA)] }),
                json!({ "deletes": [to(relation, ADA)] }),
            );
            let answer = app.post(&uri, &give).await;
            assert_eq!(answer.status.as_u16(), 204, "{uri}: {}", answer.text());
            let more = json!({ "writes": [to(relation, BOB), to(relation, ADA)] });
            let less = json!({ "deletes": [to(relation, ADA), to(relation, BOB)] });
            for (body, expected, named) in [
                (&give, (409, "TupleAlreadyExistsError"), ADA),
                (&more, (409, "TupleAlreadyExistsError"), ADA),
                (&less, (404, "TupleNotFoundError"), BOB),
            ] {
                let (status, kind, message) = app.post(&uri, body).await.error();
                assert_eq!((status, kind.as_str()), expected, "{uri}: {message}");
                assert!(message.contains(named), "{uri}: {message}");
            }
            assert_eq!(assigned(app, &uri).await, [to(relation, ADA)], "{uri}");
            let only = format!("{uri}?relations={relation}");
            assert_eq!(assigned(app, &only).await.len(), 1, "{uri}");
            if let Some(grants) = grants {
                let grants = format!("/management/v1/{grants}/grants?principalUser={ADA}");
                let found = app.get(&grants).await.expect(200);
                assert_eq!(found["grants"][0]["privilege"], relation, "{grants}");
            }
            app.post(&uri, &back).await.expect(204);
            let (status, kind, _) = app.post(&uri, &back).await.error();
            assert_eq!((status, kind.as_str()), (404, "TupleNotFoundError"));
            assert_eq!(assigned(app, &uri).await, [Value::Null; 0], "{uri}");
        }
        let project = format!("{PERMISSIONS}/project/assignments");
        let told = app.get(project).await.expect(200);
        assert_eq!(told["project-id"], ProjectId::nil().to_string());
    }
}

#[tokio::test]
async fn relations_narrow_what_is_told() {
    let app = TestApp::start().await;
    known(&app, ADA).await;
    let role = roles::role(&app, "readers").await;
    let uri = format!("{PERMISSIONS}/role/{role}/assignments");
    let all = [to("assignee", ADA), to("ownership", ADA)];
    app.post(&uri, &json!({ "writes": all })).await.expect(204);
    assert_eq!(assigned(&app, &uri).await, all);
    for (query, expected) in [
        ("relations=assignee", &all[..1]),
        ("relations=ownership", &all[1..]),
        ("relations=ownership&relations=assignee", &all[..]),
    ] {
        assert_eq!(assigned(&app, &format!("{uri}?{query}")).await, expected);
    }
    let (status, kind, message) = app.get(format!("{uri}?relations=select")).await.error();
    assert_eq!((status, kind.as_str()), (400, "UnknownGrantPrivilege"));
    assert!(message.contains("assignee, ownership"), "{message}");
}

#[tokio::test]
async fn assignments_are_told_by_relations_then_by_principals() {
    for lake in Lake::on_each_store().await {
        let app = &lake.app;
        let who = [ADA, BOB, "oidc~cy"];
        for id in who {
            known(app, id).await;
        }
        let role = roles::role(app, "readers").await;
        let on_warehouse =
            "ownership pass_grants manage_grants describe select create modify manage_tags";
        let on_project = "project_admin security_admin data_admin role_creator tag_creator describe select create modify";
        for (path, relations) in [
            ("server".to_owned(), "admin operator"),
            ("project".to_owned(), on_project),
            (format!("role/{role}"), "assignee ownership"),
            (format!("warehouse/{}", app.warehouse), on_warehouse),
        ] {
            let uri = format!("{PERMISSIONS}/{path}/assignments");
            let relations = relations.split(' ');
            let expected = relations.flat_map(|relation| who.map(|id| to(relation, id)));
            let expected: Vec<Value> = expected.collect();
            let reversed: Vec<&Value> = expected.iter().rev().collect();
            app.post(&uri, &json!({ "writes": reversed }))
                .await
                .expect(204);
            assert_eq!(assigned(app, &uri).await, expected, "{uri}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_assigned_is_refused_as_a_whole() {
    for lake in Lake::on_each_store().await {
        let app = &lake.app;
        known(app, ADA).await;
        let elsewhere = json!({ "project-name": "other" });
        let elsewhere = app.post("/management/v1/project", &elsewhere).await;
        let elsewhere = elsewhere.expect(201)["project-id"].clone();
        let foreign = json!({ "name": "foreign", "project-id": elsewhere });
        let foreign = app.post("/management/v1/role", &foreign).await.expect(201);
        let foreign = foreign["id"].as_str().unwrap();
        let many: Vec<Value> = (0..101)
            .map(|n| to("select", &format!("oidc~u{n}")))
            .collect();
        let both = json!({ "type": "select", "user": ADA, "role": foreign });
        for (path, relation, _) in levels(app).await {
            let uri = format!("{PERMISSIONS}/{path}/assignments");
            let good = to(relation, ADA);
            let with = |bad: Value| json!({ "writes": [good, bad] });
            let mut refused = vec![
                (json!({}), "EmptyGrantDiff"),
                (json!({ "writes": many }), "GrantDiffTooLarge"),
                (with(good.clone()), "DuplicateGrantEntry"),
                (
                    json!({ "writes": [good], "deletes": [good] }),
                    "DuplicateGrantEntry",
                ),
                (with(both.clone()), "AmbiguousGrantPrincipal"),
                (with(json!({ "type": relation })), "BadRequestException"),
                (with(json!({ "user": ADA })), "BadRequestException"),
                (with(to("can_delete", ADA)), "UnknownGrantPrivilege"),
                (with(to(relation, "oidc~nobody")), "GrantUserNotFound"),
                (
                    with(to_role(relation, &Uuid::nil().to_string())),
                    "GrantRoleNotInProject",
                ),
                (
                    json!({ "writes": [good], "more": [] }),
                    "BadRequestException",
                ),
            ];
            // Roles of every project may be given something on the server.
            if path != "server" {
                refused.push((with(to_role(relation, foreign)), "GrantRoleNotInProject"));
            }
            for (body, expected) in refused {
                let (status, kind, message) = app.post(&uri, &body).await.error();
                assert_eq!((status, kind.as_str()), (400, expected), "{uri}: {message}");
            }
            assert_eq!(assigned(app, &uri).await, [Value::Null; 0], "{uri}");
        }
    }
}

#[tokio::test]
async fn who_gives_nothing_to_others_does_not_see_what_they_have() {
    let lake = Lake::start().await;
    let at = format!("{PERMISSIONS}/warehouse/{}", lake.app.warehouse);
    let uri = format!("{at}/assignments");
    lake.give("bob", Privilege::Select, lake.warehouse()).await;
    let give = |relation: &str| Some(json!({ "writes": [to(relation, "oidc~admin")] }));
    assert_eq!(lake.as_user("eve", &uri).await.0, 404);
    assert_eq!(lake.as_user("bob", &uri).await.0, 403);
    assert_eq!(lake.as_user("bob", &format!("{at}/access")).await.0, 200);
    lake.give("bob", Privilege::PassGrants, lake.warehouse())
        .await;
    assert_eq!(lake.as_user("bob", &uri).await.0, 200);
    for (relation, expected) in [("select", 204), ("modify", 403), ("ownership", 403)] {
        let answer = lake.send("bob", Method::POST, &uri, give(relation)).await;
        assert_eq!(answer.0, expected, "{relation}: {}", answer.1);
    }
    let (_, told) = lake
        .as_user("bob", &format!("{at}/authorizer-actions"))
        .await;
    let expected = ["read_assignments", "grant_describe", "grant_select"];
    assert_eq!(told["allowed-actions"], json!(expected));
    let of_bob = format!("{at}/authorizer-actions?principalUser=oidc~bob");
    assert_eq!(lake.as_user("admin", &of_bob).await.1, told);
    let of_admin = format!("{at}/access?principalUser=oidc~admin");
    let (status, all) = lake.as_user("bob", &of_admin).await;
    assert_eq!(status, 200, "{all}");
    assert!(
        all["allowed-actions"]
            .as_array()
            .unwrap()
            .contains(&json!("change_ownership"))
    );
}

#[tokio::test]
async fn what_is_taken_back_is_gone_with_the_next_request() {
    for lake in Lake::on_each_store().await {
        let app = &lake.app;
        let (load, list) = (app.at("namespaces/a/tables/t"), app.at("namespaces"));
        known(app, "oidc~ann").await;
        let role = roles::role(app, "readers").await;
        let on_table = match lake.table("a", "t").await {
            Securable::Tabular(TabularKind::Table, id) => {
                format!(
                    "{PERMISSIONS}/warehouse/{}/table/{id}/assignments",
                    app.warehouse
                )
            }
            other => panic!("{other}"),
        };
        let on_role = format!("{PERMISSIONS}/role/{role}/assignments");
        let reads = json!({ "writes": [to_role("select", &role)] });
        app.post(&on_table, &reads).await.expect(204);
        for (uri, one) in [
            (&on_role, to("assignee", "oidc~ann")),
            (&on_table, to("select", "oidc~ann")),
        ] {
            for _ in 0..3 {
                assert_eq!(lake.as_user("ann", &load).await.0, 404);
                app.post(uri, &json!({ "writes": [one] })).await.expect(204);
                assert_eq!(lake.as_user("ann", &load).await.0, 200);
                assert_eq!(lake.as_user("ann", &list).await.0, 200);
                app.post(uri, &json!({ "deletes": [one] }))
                    .await
                    .expect(204);
            }
        }
        assert_eq!(lake.as_user("ann", &load).await.0, 404);
    }
}

/// Tries each request that can add a member to a role.
#[tokio::test]
async fn no_request_puts_a_role_into_itself() {
    for lake in Lake::on_each_store().await {
        let app = &lake.app;
        known(app, ADA).await;
        known(app, BOB).await;
        let mut roles = Vec::new();
        for name in ["top", "middle", "low"] {
            roles.push(roles::role(app, name).await);
        }
        let assign = |into: &str, body: Value| {
            let uri = format!("{PERMISSIONS}/role/{into}/assignments");
            async move { app.post(uri, &body).await }
        };
        let join = |member: &str| json!({ "writes": [to_role("assignee", member)] });
        for role in &roles {
            let bob = json!({ "writes": [to("assignee", BOB)] });
            assign(role, bob).await.expect(204);
        }
        assign(&roles[0], join(&roles[1])).await.expect(204);
        assign(&roles[1], join(&roles[2])).await.expect(204);
        for (into, member) in [(0, 0), (1, 0), (2, 0), (2, 1)] {
            let (into, member) = (&roles[into], &roles[member]);
            let mut answers = vec![
                roles::add(app, into, &[roles::role_ref(member)]).await,
                assign(into, join(member)).await,
            ];
            // Refused too in a request that also adds an allowed member, or removes one.
            let more = json!({
                "writes": [to("assignee", ADA), to("ownership", ADA), to_role("assignee", member)],
                "deletes": [to("assignee", BOB)],
            });
            answers.push(assign(into, more).await);
            for answer in answers {
                let (status, kind, message) = answer.error();
                let found = (status, kind.as_str());
                assert_eq!(found, (409, "RoleMembershipCycle"), "{message}");
            }
        }
        let owner = json!({ "writes": [to_role("ownership", &roles[0])] });
        assert_eq!(assign(&roles[0], owner).await.error().0, 409);
        for (role, expected) in [(0, 2), (1, 2), (2, 1)] {
            let uri = format!("{PERMISSIONS}/role/{}/assignments", roles[role]);
            assert_eq!(assigned(app, &uri).await.len(), expected);
        }
        // Once `low` has left `middle`, `middle` may become a member of `low`.
        let turned = json!({ "deletes": [to_role("assignee", &roles[2])] });
        assign(&roles[1], turned).await.expect(204);
        assign(&roles[2], join(&roles[1])).await.expect(204);
    }
}

#[tokio::test]
async fn a_role_is_found_in_its_project_and_by_its_id_alone() {
    let app = TestApp::start().await;
    let project = json!({ "project-name": "other" });
    let project = app
        .post("/management/v1/project", &project)
        .await
        .expect(201);
    let project = project["project-id"].as_str().unwrap();
    let role = json!({ "name": "readers", "project-id": project });
    let role = app.post("/management/v1/role", &role).await.expect(201);
    let role = role["id"].as_str().unwrap();
    for uri in [
        format!("{PERMISSIONS}/role/{role}/assignments"),
        format!("{PERMISSIONS}/role/{role}/access"),
        format!("/management/v1/role/{role}/actions"),
    ] {
        app.get(&uri).await.expect(200);
        app.get(&uri)
            .header("x-project-id", project)
            .await
            .expect(200);
        let elsewhere = ProjectId::nil().to_string();
        let elsewhere = app.get(&uri).header("x-project-id", elsewhere).await;
        assert_eq!(elsewhere.error().1, "RoleNotFoundInProject", "{uri}");
    }
}

#[tokio::test]
async fn more_assignments_than_fit_into_an_answer_are_read_in_pages() {
    let app = TestApp::start().await;
    let on = Securable::Warehouse(app.warehouse.parse().unwrap());
    let all = authz::ResourceKind::of(&on).privileges();
    let mut writes = Vec::new();
    for number in 0..=Bounds::ASSIGNMENTS / all.len() {
        let id: UserId = format!("oidc~u{number}").parse().unwrap();
        let row = UserRow {
            id: id.clone(),
            name: id.to_string(),
            email: None,
            user_type: UserType::Human,
            source: UserSource::CreateEndpoint,
            created_at: Timestamp::from_ms(1),
            updated_at: None,
        };
        app.store.user_create(row).await.unwrap();
        let to = Principal::User(id);
        writes.extend(all.iter().map(|privilege| (to.clone(), *privilege)));
    }
    let change = |writes: &[(Principal, Privilege)]| GrantChange {
        on: on.clone(),
        writes: writes.to_vec(),
        deletes: Vec::new(),
        unchanged: Unchanged::Skipped,
        at: Timestamp::from_ms(1),
    };
    let give = async |writes: &[(Principal, Privilege)]| {
        let given = app.store.grants_apply(change(writes), Effects::none());
        given.await.unwrap();
    };
    let uri = format!("{PERMISSIONS}/warehouse/{}/assignments", app.warehouse);
    let (fit, beyond) = writes.split_at(Bounds::ASSIGNMENTS);
    give(fit).await;
    assert_eq!(assigned(&app, &uri).await.len(), Bounds::ASSIGNMENTS);
    give(&beyond[..1]).await;
    let (status, _, message) = app.get(&uri).await.error();
    assert_eq!(status, 400);
    assert!(
        message.contains("10000") && message.contains("/grants"),
        "{message}"
    );
}
