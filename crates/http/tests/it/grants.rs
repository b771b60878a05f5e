//! What grants allow their holders to do.

use std::sync::Arc;

use authn::stand_in::{AUDIENCE, Idp};
use authn::{OidcConfig, OidcProvider, Providers};
use http::Method;
use model::{Principal, Privilege, Securable, SystemClock, Timestamp};
use serde_json::{Value, json};
use store::{GrantChange, Unchanged};
use store_postgres::PostgresStore;
use testkit::{TestApp, TestAppBuilder};

/// The service with one identity provider and authorization by grants. Its administrator `admin` has created a warehouse `demo`
/// with namespaces `a`, `a.b` and `c`, and tables `a.t`, `a.b.u` and `c.v`.
pub(crate) struct Lake {
    pub(crate) idp: Idp,
    pub(crate) app: TestApp,
}

impl Lake {
    pub(crate) async fn start() -> Self {
        Self::of(TestApp::builder().built_in()).await
    }

    /// One on each store: SQLite, and PostgreSQL if `LAKEKEEPER_TEST_PG_URL` names a server.
    pub(crate) async fn on_each_store() -> Vec<Self> {
        let mut lakes = vec![Self::start().await];
        if let Some(url) = std::env::var_os("LAKEKEEPER_TEST_PG_URL") {
            let store = PostgresStore::temporary(url.to_str().unwrap()).await;
            let builder = TestApp::builder().built_in();
            lakes.push(Self::of(builder.store(Arc::new(store.unwrap()))).await);
        }
        lakes
    }

    pub(crate) async fn of(builder: TestAppBuilder) -> Self {
        let idp = Idp::start().await;
        let mut config = OidcConfig::new("oidc", &idp.issuer());
        config.audiences = vec![AUDIENCE.to_owned()];
        let oidc = vec![OidcProvider::new(config).unwrap()];
        let providers = Providers::new(oidc, None, Arc::new(SystemClock));
        let mut app = builder.authenticator(Arc::new(providers)).build();
        app.token = Some(idp.token("admin"));
        app.bootstrap().await;
        app.warehouse = app.create_warehouse("demo").await;
        for namespace in ["a", "a.b", "c"] {
            app.namespace(namespace).await;
        }
        for (namespace, table) in [("a", "t"), ("a%1Fb", "u"), ("c", "v")] {
            app.table(namespace, table).await;
        }
        Self { idp, app }
    }

    pub(crate) async fn give(&self, user: &str, privilege: Privilege, on: Securable) {
        self.change(on, vec![(of(user), privilege)], vec![]).await;
    }

    pub(crate) async fn take(&self, user: &str, privilege: Privilege, on: Securable) {
        self.change(on, vec![], vec![(of(user), privilege)]).await;
    }

    pub(crate) async fn change(
        &self,
        on: Securable,
        writes: Vec<(Principal, Privilege)>,
        deletes: Vec<(Principal, Privilege)>,
    ) {
        for (principal, _) in &writes {
            let Principal::User(user) = principal else {
                continue;
            };
            // A user must have called once before it can be given something.
            let config = "/catalog/v1/config?warehouse=demo";
            let _ = self.as_user(user.subject(), config).await;
        }
        let change = GrantChange {
            on,
            writes,
            deletes,
            unchanged: Unchanged::Skipped,
            at: Timestamp::from_ms(1),
        };
        let effects = store::Effects::none();
        self.app.store.grants_apply(change, effects).await.unwrap();
    }

    pub(crate) fn warehouse(&self) -> Securable {
        Securable::Warehouse(self.app.warehouse.parse().unwrap())
    }

    pub(crate) async fn table(&self, namespace: &str, name: &str) -> Securable {
        let loaded = self.app.load(namespace, name).await;
        let id = loaded["metadata"]["table-uuid"].as_str().unwrap();
        Securable::Tabular(model::TabularKind::Table, id.parse().unwrap())
    }

    pub(crate) async fn namespace(&self, path: &str) -> Securable {
        let uri = self.app.at(&format!("namespaces/{path}"));
        let loaded = self.app.get(uri).await.expect(200);
        let id = loaded["properties"]["namespace_id"].as_str().unwrap();
        Securable::Namespace(id.parse().unwrap())
    }

    /// The status and body of the answer to this user.
    pub(crate) async fn as_user(&self, user: &str, uri: &str) -> (u16, Value) {
        self.send(user, Method::GET, uri, None).await
    }

    pub(crate) async fn send(
        &self,
        user: &str,
        method: Method,
        uri: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut call = self.app.call(method, uri).token(&self.idp.token(user));
        if let Some(body) = body {
            call = call.json(&body);
        }
        let answer = call.await;
        let status = answer.status.as_u16();
        let body = if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        };
        (status, body)
    }

    async fn names(&self, user: &str, rest: &str, field: &str) -> Vec<String> {
        let (status, body) = self.as_user(user, &self.app.at(rest)).await;
        assert_eq!(status, 200, "{rest}: {body}");
        let names = body[field].as_array().unwrap().iter().map(|one| {
            let name = one.get("name").unwrap_or(one);
            name.as_array().map_or_else(
                || name.as_str().unwrap().to_owned(),
                |levels| {
                    let levels: Vec<_> = levels.iter().filter_map(Value::as_str).collect();
                    levels.join(".")
                },
            )
        });
        names.collect()
    }
}

fn of(user: &str) -> Principal {
    Principal::User(format!("oidc~{user}").parse().unwrap())
}

#[tokio::test]
async fn who_has_nothing_sees_nothing() {
    let lake = Lake::start().await;
    for path in [
        "/catalog/v1/config?warehouse=demo".to_owned(),
        lake.app.at("namespaces"),
        lake.app.at("namespaces/a"),
        lake.app.at("namespaces/a/tables"),
        lake.app.at("namespaces/a/tables/t"),
        format!("/management/v1/warehouse/{}", lake.app.warehouse),
    ] {
        let (status, body) = lake.as_user("eve", &path).await;
        assert_eq!(status, 404, "{path}: {body}");
    }
    let (_, hidden) = lake
        .as_user("eve", &lake.app.at("namespaces/a/tables/t"))
        .await;
    let (_, missing) = lake
        .as_user("eve", &lake.app.at("namespaces/a/tables/no"))
        .await;
    assert_eq!(hidden["error"]["type"], "NoSuchWarehouseException");
    assert_eq!(missing["error"], hidden["error"]);
}

#[tokio::test]
async fn a_table_alone_is_found_from_the_top() {
    let lake = Lake::start().await;
    let table = lake.table("a%1Fb", "u").await;
    lake.give("ann", Privilege::Select, table.clone()).await;
    assert_eq!(
        lake.as_user("ann", "/catalog/v1/config?warehouse=demo")
            .await
            .0,
        200
    );
    assert_eq!(lake.names("ann", "namespaces", "namespaces").await, ["a"]);
    assert_eq!(
        lake.names("ann", "namespaces?parent=a", "namespaces").await,
        ["a.b"]
    );
    assert_eq!(
        lake.names("ann", "namespaces/a/tables", "identifiers")
            .await,
        [""; 0]
    );
    assert_eq!(
        lake.names("ann", "namespaces/a%1Fb/tables", "identifiers")
            .await,
        ["u"]
    );
    let at = lake.app.at("namespaces/a%1Fb/tables/u");
    assert_eq!(lake.as_user("ann", &at).await.0, 200);
    let (status, body) = lake.send("ann", Method::DELETE, &at, None).await;
    assert_eq!(status, 403, "{body}");
    lake.take("ann", Privilege::Select, table).await;
    assert_eq!(lake.as_user("ann", &at).await.0, 404);
    assert_eq!(lake.as_user("ann", &lake.app.at("namespaces")).await.0, 404);
}

#[tokio::test]
async fn what_is_given_on_a_namespace_is_given_on_all_below_and_ends_at_once() {
    let lake = Lake::start().await;
    let namespace = lake.namespace("a").await;
    lake.give("bob", Privilege::Modify, namespace.clone()).await;
    for (path, expected) in [
        ("a/tables/t", 200),
        ("a%1Fb/tables/u", 200),
        ("c/tables/v", 404),
    ] {
        let at = lake.app.at(&format!("namespaces/{path}"));
        assert_eq!(lake.as_user("bob", &at).await.0, expected, "{path}");
    }
    let table = json!({ "name": "new", "schema": testkit::schema() });
    let at = lake.app.at("namespaces/a/tables");
    let made = lake.send("bob", Method::POST, &at, Some(table)).await;
    assert_eq!(made.0, 403, "modify is not create: {}", made.1);
    lake.take("bob", Privilege::Modify, namespace).await;
    let at = lake.app.at("namespaces/a/tables/t");
    assert_eq!(lake.as_user("bob", &at).await.0, 404);
}

#[tokio::test]
async fn who_creates_owns() {
    let lake = Lake::start().await;
    lake.give("eng", Privilege::Create, lake.namespace("a").await)
        .await;
    let at = lake.app.at("namespaces/a/tables");
    let table = json!({ "name": "mine", "schema": testkit::schema() });
    let made = lake.send("eng", Method::POST, &at, Some(table)).await;
    assert_eq!(made.0, 200, "{}", made.1);
    let mine = lake.app.at("namespaces/a/tables/mine");
    let others = lake.app.at("namespaces/a/tables/t");
    assert_eq!(lake.send("eng", Method::DELETE, &others, None).await.0, 403);
    assert_eq!(lake.send("eng", Method::DELETE, &mine, None).await.0, 204);
    let body = json!({ "namespace": ["a", "inner"] });
    let spaces = lake.app.at("namespaces");
    assert_eq!(
        lake.send("eng", Method::POST, &spaces, Some(body)).await.0,
        200
    );
    let inner = lake.app.at("namespaces/a%1Finner");
    assert_eq!(lake.send("eng", Method::DELETE, &inner, None).await.0, 204);
    let body = json!({ "namespace": ["top"] });
    assert_eq!(
        lake.send("eng", Method::POST, &spaces, Some(body)).await.0,
        403
    );
}

#[tokio::test]
async fn a_table_in_another_namespace_is_under_the_grants_there() {
    let lake = Lake::start().await;
    lake.give("bob", Privilege::Select, lake.namespace("a").await)
        .await;
    lake.give("cid", Privilege::Select, lake.namespace("c").await)
        .await;
    lake.give("dan", Privilege::Select, lake.table("a", "t").await)
        .await;
    let before = lake.app.at("namespaces/a/tables/t");
    let after = lake.app.at("namespaces/c/tables/t");
    assert_eq!(lake.as_user("bob", &before).await.0, 200);
    let body = json!({
        "source": { "namespace": ["a"], "name": "t" },
        "destination": { "namespace": ["c"], "name": "t" },
    });
    let rename = lake.app.post(lake.app.at("tables/rename"), &body);
    rename.await.expect(204);
    for (user, expected) in [("bob", 404), ("cid", 200), ("dan", 200)] {
        assert_eq!(lake.as_user(user, &after).await.0, expected, "{user}");
    }
    // The namespace that leads to the table is visible to its readers, the former one no longer.
    assert_eq!(lake.names("dan", "namespaces", "namespaces").await, ["c"]);
}

#[tokio::test]
async fn the_first_administrator_gives_rights_and_an_operator_has_all() {
    let lake = Lake::start().await;
    lake.give("op", Privilege::Operator, Securable::Server)
        .await;
    lake.give("sam", Privilege::Admin, Securable::Server).await;
    let at = lake.app.at("namespaces/a/tables/t");
    assert_eq!(lake.as_user("op", &at).await.0, 200);
    assert_eq!(lake.as_user("sam", &at).await.0, 404);
    let users = "/management/v1/user";
    assert_eq!(lake.as_user("sam", users).await.0, 200);
    assert_eq!(lake.as_user("eve", users).await.0, 403);
    lake.give("wil", Privilege::Ownership, lake.warehouse())
        .await;
    assert_eq!(lake.as_user("wil", &at).await.0, 200);
}

#[tokio::test]
async fn whoever_acts_as_a_role_is_no_more_than_the_role() {
    let lake = Lake::start().await;
    let role = json!({ "name": "readers" });
    let role = lake
        .app
        .post("/management/v1/role", &role)
        .await
        .expect(201);
    let role = role["id"].as_str().unwrap().to_owned();
    let reads = (Principal::Role(role.parse().unwrap()), Privilege::Select);
    let on = lake.namespace("a").await;
    lake.change(on, vec![reads], vec![]).await;
    lake.give("amy", Privilege::Modify, lake.namespace("c").await)
        .await;
    let members = json!({ "members": [{ "type": "user", "id": "oidc~amy" }] });
    let uri = format!("/management/v1/role/{role}/members");
    lake.app.post(uri, &members).await.expect(200);

    let tables = [
        lake.app.at("namespaces/a/tables/t"),
        lake.app.at("namespaces/c/tables/v"),
    ];
    let mut found = Vec::new();
    for (user, header) in [
        ("amy", None),
        ("amy", Some(role.as_str())),
        ("eve", Some(role.as_str())),
        ("amy", Some("00000000-0000-0000-0000-000000000001")),
        ("amy", Some("readers")),
    ] {
        for table in &tables {
            let mut call = lake.app.get(table).token(&lake.idp.token(user));
            if let Some(header) = header {
                call = call.header("x-assume-role", header);
            }
            found.push(call.await.status.as_u16());
        }
    }
    assert_eq!(found, [200, 200, 200, 404, 403, 403, 403, 403, 400, 400]);
}
