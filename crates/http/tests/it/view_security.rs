//! Whose rights decide when a table is read through views, with each authorization engine.

use std::sync::Arc;

use authz_openfga::stand_in::Server;
use catalog::{EngineIdentity, TrustedEngine};
use http::Method;
use model::{Privilege, Securable, TabularKind};
use serde_json::{Value, json};
use store::Store;
use store_sqlite::SqliteStore;
use testkit::{TestApp, TestAppBuilder};

use crate::grants::Lake;

pub(crate) const OWNER: &str = "trino.run-as-owner";

/// The authorization engine. OpenFGA is available if `tests/with-services` runs the tests.
pub(crate) enum By {
    BuiltIn,
    OpenFga(Box<Server>),
}

pub(crate) fn engines() -> Vec<By> {
    let openfga = std::env::var_os("LAKEKEEPER_TEST_OPENFGA_BINARY");
    let openfga = openfga.map(|_| By::OpenFga(Box::new(Server::in_memory())));
    std::iter::once(By::BuiltIn).chain(openfga).collect()
}

pub(crate) fn trusting() -> TestAppBuilder {
    let identity = EngineIdentity {
        audiences: vec!["trino".to_owned()],
        subjects: vec!["opa".to_owned()],
    };
    TestApp::builder().settings(|settings| {
        settings.trusted_engines = vec![TrustedEngine {
            owner_property: OWNER.to_owned(),
            identities: [("oidc".to_owned(), identity)].into(),
        }];
    })
}

/// A [`Lake`] that trusts Trino, with the views that a test creates.
pub(crate) struct Views(pub(crate) Lake);

impl Views {
    pub(crate) async fn start() -> Self {
        Self(Lake::of(trusting().built_in()).await)
    }

    pub(crate) async fn decided_by(by: &By) -> Self {
        let By::OpenFga(server) = by else {
            return Self::start().await;
        };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
        let config = server.config();
        config.migrate(store.as_ref()).await.unwrap();
        let openfga = config.connect(Arc::clone(&store)).await.unwrap();
        let builder = trusting().store(store).authorizer(Arc::new(openfga));
        Self(Lake::of(builder).await)
    }

    /// The token that Trino sends for a user.
    pub(crate) fn by_trino(&self, user: &str) -> String {
        let idp = &self.0.idp;
        idp.token_with(user, &json!({ "aud": ["catalog", "trino"] }))
    }

    /// Creates a view as the administrator through Trino. With an owner, it is read with the owner's rights.
    pub(crate) async fn view(&self, namespace: &str, name: &str, owner: Option<&str>) -> Securable {
        let mut body = testkit::view(name, namespace);
        if let Some(owner) = owner {
            body["properties"] = json!({ OWNER: owner });
        }
        let uri = self.0.app.at(&format!("namespaces/{namespace}/views"));
        let call = self.0.app.call(Method::POST, &uri).json(&body);
        let made = call.token(&self.by_trino("admin")).await.expect(200);
        let id = made["metadata"]["view-uuid"].as_str().unwrap();
        Securable::Tabular(TabularKind::View, id.parse().unwrap())
    }

    pub(crate) async fn select(&self, user: &str, on: &Securable) {
        self.0.give(user, Privilege::Select, on.clone()).await;
    }

    /// The status and, for an error, its type.
    async fn get(&self, token: &str, rest: &str) -> (u16, String) {
        let answer = self.0.app.get(self.0.app.at(rest)).token(token).await;
        let status = answer.status.as_u16();
        if status == 200 {
            return (200, String::new());
        }
        let (_, kind, _) = answer.error();
        (status, kind)
    }

    pub(crate) async fn through(&self, user: &str, rest: &str, chain: &str) -> (u16, String) {
        let rest = format!("namespaces/{rest}?referenced-by={chain}");
        self.get(&self.by_trino(user), &rest).await
    }
}

pub(crate) const T: &str = "a/tables/t";

fn ok() -> (u16, String) {
    (200, String::new())
}

fn no(kind: &str) -> (u16, String) {
    (404, kind.to_owned())
}

#[tokio::test]
async fn without_links_a_load_through_a_view_has_the_tag_of_a_direct_one() {
    let views = Views::start().await;
    views.view("c", "inv", None).await;
    let uri = views.0.app.at("namespaces/a/tables/t");
    let through = format!("{uri}?referenced-by=c%1Finv");
    let token = views.by_trino("admin");
    for (first, second) in [(&uri, &through), (&through, &uri)] {
        let loaded = views.0.app.get(first).token(&token).await;
        let tag = loaded.header("etag").unwrap().to_owned();
        assert_eq!(loaded.json()["config"].get("s3.signer.uri"), None);
        let again = views.0.app.get(second).token(&token);
        again.header("if-none-match", &tag).await.expect(304);
    }
}

#[tokio::test]
async fn each_step_needs_the_right_of_whoever_it_is_taken_for() {
    for by in engines() {
        let views = Views::decided_by(&by).await;
        let invoker = views.view("c", "inv", None).await;
        let definer = views.view("a", "def", Some("bob")).await;
        let middle = views.view("c", "mid", None).await;
        let last = views.view("a%1Fb", "last", Some("carol")).await;
        let table = views.0.table("a", "t").await;
        let long = "a%1Fdef,c%1Fmid,a%1Fb%1Flast";
        let cases: [(&str, &[(&str, &Securable)]); 4] = [
            ("c%1Finv", &[("ann", &invoker), ("ann", &table)]),
            ("a%1Fdef", &[("ann", &definer), ("bob", &table)]),
            (
                "c%1Finv,A%1FDEF",
                &[("ann", &invoker), ("ann", &definer), ("bob", &table)],
            ),
            (
                long,
                &[
                    ("ann", &definer),
                    ("bob", &middle),
                    ("bob", &last),
                    ("carol", &table),
                ],
            ),
        ];
        for (chain, needed) in cases {
            for (user, on) in needed {
                views.select(user, on).await;
            }
            assert_eq!(views.through("ann", T, chain).await, ok(), "{chain}");
            for (user, on) in needed {
                let what = format!("{chain} without {user} on {on}");
                views.0.take(user, Privilege::Select, (*on).clone()).await;
                let kind = match on {
                    Securable::Tabular(TabularKind::View, _) => "NoSuchViewException",
                    _ => "NoSuchTableException",
                };
                // A caller who can see nothing in the warehouse gets the 404 of a missing warehouse.
                let found = views.through("ann", T, chain).await;
                let hidden = [no(kind), no("NoSuchWarehouseException")];
                assert!(hidden.contains(&found), "{what}: {found:?}");
                views.select(user, on).await;
                assert_eq!(views.through("ann", T, chain).await, ok(), "{what}, again");
            }
            for (user, on) in needed {
                views.0.take(user, Privilege::Select, (*on).clone()).await;
            }
        }
    }
}

#[tokio::test]
async fn seeing_a_view_is_not_reading_through_it() {
    for by in engines() {
        let views = Views::decided_by(&by).await;
        let definer = views.view("a", "def", Some("bob")).await;
        let table = views.0.table("a", "t").await;
        views.select("bob", &table).await;
        views.0.give("ann", Privilege::Describe, definer).await;
        let refused = |on: &str| (403, format!("{on}ActionForbidden"));
        assert_eq!(views.through("ann", T, "a%1Fdef").await, refused("View"));
        // Loading a view needs only the right to see it.
        let inner = views.view("a", "inner", None).await;
        assert_eq!(
            views
                .get(&views.by_trino("ann"), "namespaces/a/views/def")
                .await,
            ok()
        );
        views.0.give("ann", Privilege::Select, inner.clone()).await;
        let through_inner = views.through("ann", "a/views/def", "a%1Finner").await;
        assert_eq!(through_inner, ok());
        // If the owner may see the table but not read it, readers of the view may not read it either.
        views.0.take("bob", Privilege::Select, table.clone()).await;
        views.0.give("bob", Privilege::Describe, table).await;
        let own = views.view("a", "own", Some("bob")).await;
        views.select("ann", &own).await;
        assert_eq!(views.through("ann", T, "a%1Fown").await, ok());
        let keys = "a/tables/t/credentials";
        assert_eq!(
            views.through("ann", keys, "a%1Fown").await,
            refused("Table")
        );
        let uri = format!("namespaces/{keys}?referenced-by=a%1Fown");
        let asked = views.0.app.get(views.0.app.at(&uri));
        let (_, _, message) = asked.token(&views.by_trino("ann")).await.error();
        let expected =
            "view `a.own` is read with the rights of its owner, who may not table:read_data";
        assert_eq!(message, expected);
    }
}

#[tokio::test]
async fn only_a_trusted_engine_is_believed() {
    let views = Views::start().await;
    let definer = views.view("a", "def", Some("bob")).await;
    let table = views.0.table("a", "t").await;
    views.select("ann", &definer).await;
    views.select("opa", &definer).await;
    views.select("bob", &table).await;
    let idp = &views.0.idp;
    let audience = |audience: &str| idp.token_with("ann", &json!({ "aud": ["catalog", audience] }));
    for (token, expected) in [
        (audience("trino"), ok()),
        (idp.token("opa"), ok()),
        (idp.token("ann"), no("NoSuchTableException")),
        (audience("TRINO"), no("NoSuchTableException")),
        (audience("trino2"), no("NoSuchTableException")),
        (audience("opa"), no("NoSuchTableException")),
    ] {
        let rest = format!("namespaces/{T}?referenced-by=a%1Fdef");
        assert_eq!(views.get(&token, &rest).await, expected);
    }
    // Without a trusted engine, `referenced-by` is ignored, even if it names no existing view.
    views.select("ann", &table).await;
    let rest = format!("namespaces/{T}?referenced-by=a%1Fnothing");
    assert_eq!(views.get(&idp.token("ann"), &rest).await, ok());
    assert_eq!(
        views.get(&audience("trino"), &rest).await,
        no("NoSuchViewException")
    );
}

#[tokio::test]
async fn a_way_that_leads_nowhere_is_refused_whoever_tells_it() {
    let views = Views::start().await;
    views.view("a", "def", Some("admin")).await;
    let many = |count: usize| {
        let all = (0..count).map(|n| format!("a%1Fv{n}"));
        all.collect::<Vec<_>>().join(",")
    };
    let depth = "ReferencedByDepthExceeded";
    for (chain, status, kind) in [
        (many(11), 400, depth),
        (many(1_000), 400, depth),
        ("a%1Fdef,A%1FDef".to_owned(), 400, "BadRequestException"),
        ("def".to_owned(), 400, "BadRequestException"),
        ("a%1F".to_owned(), 400, "BadRequestException"),
        ("a%1F%00".to_owned(), 400, "BadRequestException"),
        (
            format!("{}v", "x%1F".repeat(200)),
            400,
            "BadRequestException",
        ),
    ] {
        for token in [views.by_trino("admin"), views.0.idp.token("admin")] {
            for what in [T, "a/views/def", "a/tables/t/credentials"] {
                let rest = format!("namespaces/{what}?referenced-by={chain}");
                let found = views.get(&token, &rest).await;
                assert_eq!(found, (status, kind.to_owned()), "{what} {chain:.60}");
            }
        }
    }
    // Up to ten views are looked up. A table is not found as a view.
    for (chain, expected) in [
        (many(10), no("NoSuchViewException")),
        ("a%1Ft".to_owned(), no("NoSuchViewException")),
        ("nowhere%1Fdef".to_owned(), no("NoSuchViewException")),
        (String::new(), ok()),
        ("a%1Fdef".to_owned(), ok()),
    ] {
        assert_eq!(views.through("admin", T, &chain).await, expected, "{chain}");
    }
}

#[tokio::test]
async fn names_may_have_dots_commas_and_spaces() {
    let views = Views::start().await;
    let body = json!({ "namespace": ["x.y", "z"] });
    for levels in [json!(["x.y"]), body["namespace"].clone()] {
        let body = json!({ "namespace": levels });
        let at = views.0.app.at("namespaces");
        views.0.app.post(at, &body).await.expect(200);
    }
    let at = views.0.app.at("namespaces/x.y%1Fz/views");
    let mut view = testkit::view("v.1, 2", "x.y");
    view["properties"] = json!({ OWNER: "bob" });
    let call = views.0.app.call(Method::POST, &at).json(&view);
    let made = call.token(&views.by_trino("admin")).await.expect(200);
    let id = made["metadata"]["view-uuid"].as_str().unwrap();
    let view = Securable::Tabular(TabularKind::View, id.parse().unwrap());
    views.select("ann", &view).await;
    let table = views.0.table("a", "t").await;
    views.select("bob", &table).await;
    for chain in ["x.y%1Fz%1Fv.1%2C+2", "x%2Ey%1fz%1fv.1%2C%202"] {
        assert_eq!(views.through("ann", T, chain).await, ok(), "{chain}");
    }
    // Dots do not separate levels, but an unescaped comma separates views.
    for chain in ["x%1Fy%1Fz%1Fv.1%2C+2", "x.y.z%1Fv.1%2C+2"] {
        let found = views.through("ann", T, chain).await;
        assert_eq!(found, no("NoSuchViewException"), "{chain}");
    }
    assert_eq!(views.through("ann", T, "x.y%1Fz%1Fv.1,+2").await.0, 400);
}

#[tokio::test]
async fn a_view_counts_as_it_is_now() {
    let views = Views::start().await;
    let definer = views.view("a", "def", Some("bob")).await;
    let table = views.0.table("a", "t").await;
    // A grant elsewhere in the warehouse, so that the warehouse is visible to her.
    views.select("ann", &views.0.namespace("c").await).await;
    views.select("ann", &definer).await;
    views.select("bob", &table).await;
    assert_eq!(views.through("ann", T, "a%1Fdef").await, ok());
    let app = &views.0.app;
    let named = |name: &str| json!({ "namespace": ["a"], "name": name });
    let rename = json!({ "source": named("def"), "destination": named("new") });
    app.post(app.at("views/rename"), &rename).await.expect(204);
    let gone = no("NoSuchViewException");
    assert_eq!(views.through("ann", T, "a%1Fdef").await, gone);
    assert_eq!(views.through("ann", T, "a%1Fnew").await, ok());
    // A new view with the old name does not inherit the grants on the renamed one.
    views.view("a", "def", Some("bob")).await;
    assert_eq!(views.through("ann", T, "a%1Fdef").await, gone);
    // Trino removes the owner: readers need rights of their own now.
    let uri = app.at("namespaces/a/views/new");
    let change = |action: Value| json!({ "requirements": [], "updates": [action] });
    let without = change(json!({ "action": "remove-properties", "removals": [OWNER] }));
    let call = app.call(Method::POST, &uri).json(&without);
    call.token(&views.by_trino("admin")).await.expect(200);
    let hidden = no("NoSuchTableException");
    assert_eq!(views.through("ann", T, "a%1Fnew").await, hidden);
    let owner = json!({ "action": "set-properties", "updates": { OWNER: "bob" } });
    let call = app.call(Method::POST, &uri).json(&change(owner));
    call.token(&views.by_trino("admin")).await.expect(200);
    assert_eq!(views.through("ann", T, "a%1Fnew").await, ok());
    app.delete(&uri).await.expect(204);
    assert_eq!(views.through("ann", T, "a%1Fnew").await, gone);
}
