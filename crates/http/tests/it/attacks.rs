//! Callers who try every operation on resources that they may not see: the answer must not depend on whether a resource exists.

use std::collections::HashMap;
use std::sync::Arc;

use authn::stand_in::{AUDIENCE, Idp};
use authn::{OidcConfig, OidcProvider, Providers};
use model::{Principal, Privilege, ProjectId, Securable, SystemClock, Timestamp};
use serde_json::{Value, json};
use store::{Effects, GrantChange, Store, Unchanged};
use store_postgres::PostgresStore;
use testkit::{Answer, Call, TestApp};
use uuid::Uuid;

use crate::operations::{self, OTHER_PROJECT, Prepared};

const MALLORYS_PROJECT: &str = "0190a000-0000-7000-8000-00000000000b";

/// A prepared catalog of the user `admin`, with the built-in authorization by grants.
struct Victim {
    idp: Idp,
    prepared: Prepared,
}

impl Victim {
    async fn start(store: Option<Arc<dyn Store>>) -> Self {
        let idp = Idp::start().await;
        let mut config = OidcConfig::new("oidc", &idp.issuer());
        config.audiences = vec![AUDIENCE.to_owned()];
        let oidc = vec![OidcProvider::new(config).unwrap()];
        let providers = Providers::new(oidc, None, Arc::new(SystemClock));
        let mut builder = TestApp::builder()
            .authenticator(Arc::new(providers))
            .built_in()
            .token(idp.token("admin"));
        if let Some(store) = store {
            builder = builder.store(store);
        }
        let prepared = Prepared::start(builder).await;
        Self { idp, prepared }
    }

    /// Makes `mallory` the administrator of a project of its own with a warehouse; returns the warehouse's id.
    async fn mallory(&self) -> String {
        let app = &self.prepared.app;
        let project = json!({ "project-name": "mallory's", "project-id": MALLORYS_PROJECT });
        let created = app.post("/management/v1/project", &project).await;
        created.expect(201);
        let project: ProjectId = MALLORYS_PROJECT.parse().unwrap();
        let on = Securable::Project(project);
        self.give("mallory", Privilege::ProjectAdmin, on).await;
        let body = app.warehouse_body("den");
        let created = app.post("/management/v1/warehouse", &body);
        let created = created.header("x-project-id", MALLORYS_PROJECT);
        let created = self.sent_by("mallory", created).await.expect(201);
        created["warehouse-id"].as_str().unwrap().to_owned()
    }

    async fn give(&self, user: &str, privilege: Privilege, on: Securable) {
        let me = self.prepared.app.post("/management/v1/user", &json!({}));
        self.sent_by(user, me).await;
        let to = Principal::User(format!("oidc~{user}").parse().unwrap());
        let change = GrantChange {
            on,
            writes: vec![(to, privilege)],
            deletes: Vec::new(),
            unchanged: Unchanged::Skipped,
            at: Timestamp::from_ms(1),
        };
        let store = &self.prepared.app.store;
        store.grants_apply(change, Effects::none()).await.unwrap();
    }

    fn sent_by(&self, user: &str, call: Call) -> Call {
        call.token(&self.idp.token(user))
    }

    /// Maps each existing name or id to one that does not exist.
    async fn unknown_for_all(&self) -> HashMap<String, String> {
        let mut known = vec![
            ProjectId::nil().to_string(),
            OTHER_PROJECT.to_owned(),
            "demo".to_owned(),
        ];
        let drop = "DELETE /management/v1/warehouse/{warehouse_id}";
        for operation in ["", drop] {
            let parameters = self.prepared.parameters(operation).await;
            // `user` or `role`: a word of the API, not the name of a resource.
            let named = |(name, _): &(&str, String)| *name != "{member_type}";
            let values = parameters.into_iter().filter(named).map(|(_, value)| value);
            known.extend(values);
        }
        known.extend(["empty", "g"].map(str::to_owned));
        let unknown = known.into_iter().map(|known| {
            let unknown = match known.parse::<Uuid>() {
                Ok(_) => Uuid::now_v7().to_string(),
                Err(_) => format!("{known}-zq"),
            };
            (known, unknown)
        });
        unknown.collect()
    }
}

/// The status and text of an answer, with the requested names and ids made equal.
fn told(answer: &Answer, unknown: &HashMap<String, String>) -> (u16, String) {
    let mut text = answer.text();
    // An answer to `HEAD` has only the length of a body.
    if let ("", Some(length)) = (text.as_str(), answer.header("content-length")) {
        text = format!("{length} bytes");
    }
    for (known, unknown) in unknown {
        // Ids are masked. Unknown names become the known ones, because a short known name may also be part of another word.
        let is_id = known.parse::<Uuid>().is_ok();
        text = text.replace(unknown, if is_id { "…" } else { known });
        if is_id {
            text = text.replace(known, "…");
        }
    }
    (answer.status.as_u16(), text)
}

/// The text with its first character percent-encoded, to find code that does not decode it.
fn encoded(text: &str) -> String {
    let rest = &text[1..];
    format!("%{:02X}{rest}", text.as_bytes()[0])
}

/// Sends each operation twice as `user`, once with existing and once with unknown names, in each spelling. Returns the
/// operations whose answers differ.
async fn differences(
    victim: &Victim,
    user: &str,
    project: &str,
    unknown: &HashMap<String, String>,
) -> Vec<String> {
    let prepared = &victim.prepared;
    let mut found = Vec::new();
    let there = |text: &str| text.to_owned();
    let nowhere = |text: &str| unknown.get(text).cloned().unwrap_or_else(|| there(text));
    let spellings = [&there as &dyn Fn(&str) -> String, &encoded];
    let operations = operations::all(&prepared.app).await;
    let each = operations.iter();
    for (operation, spelled) in each.flat_map(|one| spellings.map(|spelled| (one, spelled))) {
        let mut answers = Vec::new();
        for (named, project) in [
            (&there as &dyn Fn(&str) -> String, there(project)),
            (&nowhere, nowhere(project)),
        ] {
            let mut call = prepared.request_spelled(operation, named, spelled).await;
            if operation != "DELETE /management/v1/project" {
                call = call.header("x-project-id", project);
            }
            let answer = victim.sent_by(user, call).await;
            assert!(
                answer.status.as_u16() < 500,
                "{operation}: {}",
                answer.text()
            );
            answers.push(told(&answer, unknown));
        }
        if answers[0] != answers[1] {
            found.push(format!(
                "{operation}: {:?} and {:?}",
                answers[0], answers[1]
            ));
        }
    }
    found
}

async fn another_tenant_learns_and_changes_nothing(store: Option<Arc<dyn Store>>) {
    let victim = Victim::start(store).await;
    let den = victim.mallory().await;
    let before = victim.prepared.state().await;
    let unknown = victim.unknown_for_all().await;
    let victims = ProjectId::nil().to_string();
    let found = differences(&victim, "mallory", &victims, &unknown).await;
    assert_eq!(found, Vec::<String>::new(), "by ids of another tenant");

    // Paths with the own warehouse and the ids of resources in another one.
    let mut within = unknown.clone();
    let own = within.remove(&victim.prepared.app.warehouse);
    assert!(own.is_some());
    let door = |text: &str| {
        if text == victim.prepared.app.warehouse {
            den.clone()
        } else {
            text.to_owned()
        }
    };
    let mut leaks = Vec::new();
    for operation in operations::all(&victim.prepared.app).await {
        // Operations with one parameter act on the own warehouse itself.
        if operation.matches('{').count() < 2 {
            continue;
        }
        let mut answers = Vec::new();
        for is_there in [true, false] {
            let named = |text: &str| match within.get(text) {
                Some(unknown) if !is_there => unknown.clone(),
                _ => door(text),
            };
            let call = victim.prepared.request(&operation, &named).await;
            let call = call.header("x-project-id", MALLORYS_PROJECT);
            answers.push(told(&victim.sent_by("mallory", call).await, &within));
        }
        if answers[0] != answers[1] {
            leaks.push(format!(
                "{operation}: {:?} and {:?}",
                answers[0], answers[1]
            ));
        }
    }
    assert_eq!(leaks, Vec::<String>::new(), "through one's own warehouse");
    assert_eq!(
        before,
        victim.prepared.state().await,
        "something was changed"
    );
}

#[tokio::test]
async fn another_tenant_learns_and_changes_nothing_on_sqlite() {
    another_tenant_learns_and_changes_nothing(None).await;
}

/// Runs only if `LAKEKEEPER_TEST_PG_URL` names a server.
#[tokio::test]
async fn another_tenant_learns_and_changes_nothing_on_postgresql() {
    let Some(url) = std::env::var_os("LAKEKEEPER_TEST_PG_URL") else {
        return;
    };
    let store = PostgresStore::temporary(url.to_str().unwrap()).await;
    another_tenant_learns_and_changes_nothing(Some(Arc::new(store.unwrap()))).await;
}

/// The caller may see one namespace of the warehouse, and so the warehouse and the project.
#[tokio::test]
async fn what_is_hidden_answers_like_what_is_not_there_in_every_operation() {
    let victim = Victim::start(None).await;
    let seen = victim.prepared.app.namespace("seen").await;
    let on = Securable::Namespace(seen.parse().unwrap());
    victim.give("eve", Privilege::Describe, on).await;
    let before = victim.prepared.state().await;
    let mut unknown = victim.unknown_for_all().await;
    // The project and warehouse above the namespace are visible to her, and so are roles and tag definitions of the project.
    let parameters = victim.prepared.parameters("").await;
    let value = |wanted: &str| {
        let mut named = parameters.iter().filter(|(name, _)| *name == wanted);
        named.next().unwrap().1.as_str()
    };
    for visible in [
        value("{tag_definition_id}"),
        value("{role_id}"),
        victim.prepared.app.warehouse.as_str(),
        &ProjectId::nil().to_string(),
        "demo",
    ] {
        assert!(unknown.remove(visible).is_some(), "{visible}");
    }
    let own = ProjectId::nil().to_string();
    let found = differences(&victim, "eve", &own, &unknown).await;
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(
        before,
        victim.prepared.state().await,
        "something was changed"
    );
}

#[tokio::test]
async fn names_that_look_like_scripts_come_back_as_data() {
    let app = TestApp::start().await;
    let name = "<img src=x onerror=alert(1)>\"'&";
    let body = json!({ "namespace": [name] });
    app.post(app.at("namespaces"), &body).await.expect(200);
    let project = json!({ "project-name": name });
    let created = app
        .post("/management/v1/project", &project)
        .await
        .expect(201);
    let user = json!({ "id": "oidc~x", "name": name, "user-type": "human" });
    app.post("/management/v1/user", &user).await.expect(201);
    let id = created["project-id"].as_str().unwrap();
    let segment = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let segment = segment.to_string();
    app.post(
        app.at(&format!("namespaces/{segment}/tables")),
        &testkit::table(name),
    )
    .await
    .expect(200);
    app.post(
        app.at(&format!("namespaces/{segment}/views")),
        &testkit::view("<b>", name),
    )
    .await
    .expect(200);
    let role = json!({ "name": name, "description": name });
    let role = app.post("/management/v1/role", &role).await.expect(201);
    let role = role["id"].as_str().unwrap();
    let warehouse = app.create_warehouse("plain").await;
    let rename = format!("/management/v1/warehouse/{warehouse}/rename");
    app.post(rename, &json!({ "new-name": name }))
        .await
        .expect(200);
    for (uri, pointer) in [
        (
            app.at(&format!("namespaces/{segment}/tables")),
            "/identifiers/0/name",
        ),
        (
            app.at(&format!("namespaces/{segment}/views")),
            "/identifiers/0/namespace/0",
        ),
        (format!("/management/v1/role/{role}"), "/name"),
        (format!("/management/v1/role/{role}"), "/description"),
        (format!("/management/v1/warehouse/{warehouse}"), "/name"),
        (app.at("namespaces"), "/namespaces/0/0"),
        (format!("/management/v1/project/{id}"), "/project-name"),
        ("/management/v1/user/oidc~x".to_owned(), "/name"),
    ] {
        let answer = app.get(&uri).await;
        assert_eq!(
            answer.expect(200).pointer(pointer),
            Some(&Value::from(name)),
            "{uri}"
        );
        is_data(&answer);
    }
    // Errors quote the name, too.
    let missing = format!("{segment}2");
    for uri in [
        app.at(&format!("namespaces/{missing}/tables/{missing}")),
        format!("/management/v1/user/{missing}"),
        format!("/catalog/v1/config?warehouse={missing}"),
        format!("/{missing}"),
    ] {
        let answer = app.get(&uri).await;
        assert!((400..500).contains(&answer.status.as_u16()), "{uri}");
        is_data(&answer);
    }
}

/// The answer is JSON, which a browser never runs as a page.
fn is_data(answer: &Answer) {
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{}",
        answer.asked
    );
    assert!(answer.json().is_object());
}
