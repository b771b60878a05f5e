//! A rename into another namespace does not enable a caller to give the renamed resource to others.

use std::sync::Arc;

use authz_openfga::stand_in::Server;
use http::Method;
use model::{Privilege, Securable, TabularKind};
use serde_json::{Value, json};
use store::{ManagedAccess, Store};
use store_sqlite::SqliteStore;
use testkit::TestApp;

use crate::grants::Lake;
use crate::view_security::{By, engines};

/// A lake on each store and authorization engine, with the OpenFGA server that must live as long.
async fn lakes() -> Vec<(Lake, Option<Box<Server>>)> {
    let built_in = Lake::on_each_store().await.into_iter();
    let mut lakes: Vec<_> = built_in.map(|lake| (lake, None)).collect();
    for by in engines() {
        if let By::OpenFga(server) = by {
            let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
            let config = server.config();
            config.migrate(store.as_ref()).await.unwrap();
            let openfga = config.connect(Arc::clone(&store)).await.unwrap();
            let builder = TestApp::builder().store(store);
            let lake = Lake::of(builder.authorizer(Arc::new(openfga))).await;
            lakes.push((lake, Some(server)));
        }
    }
    lakes
}

/// A table, a view and a generic table in `a`, each with the path of its rename operation and its name.
async fn one_of_each(lake: &Lake) -> Vec<(Securable, String, &'static str)> {
    let view = lake.app.view("a", "w").await["metadata"]["view-uuid"].clone();
    let generic = |rest: &str| format!("/lakekeeper/v1/{}/{rest}", lake.app.warehouse);
    let body = json!({ "name": "g", "format": "lance" });
    let made = generic("namespaces/a/generic-tables");
    lake.app.post(made, &body).await.expect(200);
    let listed = generic("namespaces/a/generic-tables");
    let listed = lake.app.get(listed).await.expect(200);
    let found = listed["identifiers"][0]["id"].clone();
    let of = |kind, id: &Value| Securable::Tabular(kind, id.as_str().unwrap().parse().unwrap());
    vec![
        (
            lake.table("a", "t").await,
            lake.app.at("tables/rename"),
            "t",
        ),
        (
            of(TabularKind::View, &view),
            lake.app.at("views/rename"),
            "w",
        ),
        (
            of(TabularKind::GenericTable, &found),
            generic("generic-tables/rename"),
            "g",
        ),
    ]
}

async fn rename(
    lake: &Lake,
    (uri, name): (&str, &str),
    from: &[&str],
    to: &[&str],
) -> (u16, Value) {
    let body = json!({
        "source": { "namespace": from, "name": name },
        "destination": { "namespace": to, "name": name },
    });
    lake.send("bob", Method::POST, uri, Some(body)).await
}

fn is_refused((status, body): &(u16, Value)) {
    assert_eq!(*status, 403, "{body}");
    assert_eq!(body["error"]["type"], "GrantActionForbidden", "{body}");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains("`manage_grants` on the"), "{message}");
}

async fn manage(lake: &Lake, on: &Securable, managed: ManagedAccess) {
    let set = lake
        .app
        .store
        .managed_access_set(on, managed, store::Effects::none());
    set.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_carried_out_of_managed_access_by_its_owner() {
    use Privilege::{Create, ManageGrants, Ownership};
    for (lake, _server) in lakes().await {
        let (a, c) = (lake.namespace("a").await, lake.namespace("c").await);
        lake.give("bob", Create, a.clone()).await;
        lake.give("bob", Create, c.clone()).await;
        for (on, uri, name) in one_of_each(&lake).await {
            let at = (uri.as_str(), name);
            lake.give("bob", Ownership, on.clone()).await;
            manage(&lake, &a, ManagedAccess::On).await;
            is_refused(&rename(&lake, at, &["a"], &["c"]).await);
            // Allowed within `a`, because managed access also applies to the namespaces below.
            assert_eq!(rename(&lake, at, &["a"], &["a", "b"]).await.0, 204);
            is_refused(&rename(&lake, at, &["a", "b"], &["c"]).await);
            assert_eq!(rename(&lake, at, &["a", "b"], &["a"]).await.0, 204);
            // The owner of the destination would gain even more.
            lake.give("bob", Ownership, c.clone()).await;
            is_refused(&rename(&lake, at, &["a"], &["c"]).await);
            lake.take("bob", Ownership, c.clone()).await;
            // Allowed if access at the destination is managed, too.
            manage(&lake, &c, ManagedAccess::On).await;
            assert_eq!(rename(&lake, at, &["a"], &["c"]).await.0, 204);
            assert_eq!(rename(&lake, at, &["c"], &["a"]).await.0, 204);
            manage(&lake, &c, ManagedAccess::Off).await;
            // Allowed with `manage_grants` on the renamed resource.
            lake.give("bob", ManageGrants, on.clone()).await;
            assert_eq!(rename(&lake, at, &["a"], &["c"]).await.0, 204);
            lake.take("bob", ManageGrants, on).await;
            // Allowed into managed access, and out of it once it is switched off.
            assert_eq!(rename(&lake, at, &["c"], &["a"]).await.0, 204);
            manage(&lake, &a, ManagedAccess::Off).await;
            assert_eq!(rename(&lake, at, &["a"], &["c"]).await.0, 204);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_change_a_table_does_not_get_to_give_it_by_taking_it_home() {
    use Privilege::{Create, Modify, Ownership};
    for (lake, _server) in lakes().await {
        let (a, c) = (lake.namespace("a").await, lake.namespace("c").await);
        for (on, uri, name) in one_of_each(&lake).await {
            let at = (uri.as_str(), name);
            lake.give("bob", Modify, on.clone()).await;
            lake.give("bob", Ownership, c.clone()).await;
            is_refused(&rename(&lake, at, &["a"], &["c"]).await);
            // Without ownership of the destination, `create` on it is enough.
            lake.take("bob", Ownership, c.clone()).await;
            lake.give("bob", Create, c.clone()).await;
            assert_eq!(rename(&lake, at, &["a"], &["c"]).await.0, 204);
            // An owner of both namespaces may give the resource already, and so may rename it.
            lake.give("bob", Ownership, c.clone()).await;
            lake.give("bob", Ownership, a.clone()).await;
            assert_eq!(rename(&lake, at, &["c"], &["a"]).await.0, 204);
            for (on, privilege) in [
                (&a, Ownership),
                (&c, Ownership),
                (&c, Create),
                (&on, Modify),
            ] {
                lake.take("bob", privilege, on.clone()).await;
            }
        }
    }
}
