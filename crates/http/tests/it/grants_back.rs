//! Grants on dropped namespaces, tables and views come back with an undrop.

use http::Method;
use model::{Privilege, Securable};
use serde_json::{Value, json};

use crate::grants::Lake;
use crate::view_security::{Views, engines};

/// The grants on each of these resources.
async fn given(lake: &Lake, on: &[Securable]) -> Vec<Value> {
    let mut all = Vec::new();
    for on in on {
        let at = match on {
            Securable::Namespace(id) => format!("namespace/{id}"),
            Securable::Tabular(kind, id) => format!("{kind}/{id}"),
            other => panic!("{other}"),
        };
        let uri = format!(
            "/management/v1/warehouse/{}/{at}/grants",
            lake.app.warehouse
        );
        all.push(lake.app.get(uri).await.expect(200)["grants"].clone());
    }
    all
}

#[tokio::test]
async fn a_namespace_comes_back_with_exactly_what_was_given_on_it() {
    for by in engines() {
        let Views(lake) = Views::decided_by(&by).await;
        let uri = format!(
            "/management/v1/warehouse/{}/delete-profile",
            lake.app.warehouse
        );
        let soft = json!({ "delete-profile": { "type": "soft", "expiration-seconds": 3_600 } });
        lake.app.post(uri, &soft).await.expect(200);
        let (outer, inner) = (lake.namespace("a").await, lake.namespace("a%1Fb").await);
        let (t, u) = (lake.table("a", "t").await, lake.table("a%1Fb", "u").await);
        for (user, privilege, on) in [
            ("ann", Privilege::Select, &outer),
            ("bob", Privilege::Modify, &inner),
            ("cid", Privilege::Ownership, &t),
            ("dan", Privilege::Describe, &u),
        ] {
            lake.give(user, privilege, on.clone()).await;
        }
        let (from_t, from_u) = (
            lake.app.at("namespaces/a/tables/t"),
            lake.app.at("namespaces/a%1Fb/tables/u"),
        );
        let may = async || {
            let mut all = Vec::new();
            for user in ["ann", "bob", "cid", "dan", "eve"] {
                for uri in [&from_t, &from_u] {
                    all.push(lake.as_user(user, uri).await.0);
                }
            }
            all
        };
        let on = [outer, inner, t, u];
        let (given_before, may_before) = (given(&lake, &on).await, may().await);
        assert_eq!(
            may_before,
            [200, 200, 404, 200, 200, 404, 404, 200, 404, 404]
        );
        let drop = lake.app.at("namespaces/a?recursive=true");
        let (status, answer) = lake.send("admin", Method::DELETE, &drop, None).await;
        assert_eq!(status, 204, "{answer}");
        assert_eq!(may().await, [404; 10]);
        let targets: Vec<_> = on
            .iter()
            .filter_map(|on| match on {
                Securable::Tabular(kind, id) => Some(json!({ "type": kind.to_string(), "id": id })),
                _ => None,
            })
            .collect();
        let uri = format!(
            "/management/v1/warehouse/{}/deleted-tabulars/undrop",
            lake.app.warehouse
        );
        lake.app
            .post(uri, &json!({ "targets": targets }))
            .await
            .expect(204);
        assert_eq!(given(&lake, &on).await, given_before);
        assert_eq!(may().await, may_before);
    }
}
