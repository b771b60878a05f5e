//! Renames that are overtaken by other requests.

use std::sync::Arc;

use authz::{Action, TableAction};
use serde_json::{Value, json};
use testkit::{Answer, TestApp};

use super::lake::{Lake, property, text};
use crate::holding::Holding;

/// The answer to a rename of `t` to `u` by another replica, during which, after it was authorized, `meanwhile` happens.
async fn outrun(lake: &Lake, meanwhile: impl AsyncFnOnce(&Holding)) -> Answer {
    let holding = Holding::at(Action::Table(TableAction::Rename));
    let replica = TestApp::builder()
        .store(Arc::clone(&lake.app.store))
        .authorizer(Arc::<Holding>::clone(&holding))
        .build();
    let name = |name: &str| json!({ "namespace": [lake.namespace], "name": name });
    let body = json!({ "source": name("t"), "destination": name("u") });
    let rename = replica.post(lake.app.at("tables/rename"), &body);
    holding.hold(rename, meanwhile(&holding)).await
}

async fn protect(lake: &Lake, table: &Value) {
    let (warehouse, id) = (&lake.app.warehouse, text(&table["metadata"]["table-uuid"]));
    let uri = format!("/management/v1/warehouse/{warehouse}/table/{id}/protection");
    let set = lake.app.post(uri, &json!({ "protected": true }));
    set.await.expect(200);
}

#[tokio::test]
async fn a_table_that_is_not_renamed_after_all_keeps_its_name_in_the_bucket() {
    let (lake, _weed) = Lake::on_weed().await;
    let created = lake.table("t").await;
    let refused = outrun(&lake, async |holding| {
        protect(&lake, &created).await;
        holding.deny();
    });
    assert_eq!(refused.await.error().0, 403);
    assert!(lake.bucket.table(&lake.name("u")).await.is_err());
    let committed = lake.commit("t", &property(&created, "a")).await.expect(200);
    assert_eq!(
        lake.published("t").await.unwrap(),
        committed["metadata-location"]
    );
}

#[tokio::test]
async fn a_rename_that_another_request_has_made_stays() {
    let (lake, _weed) = Lake::on_weed().await;
    let created = lake.table("t").await;
    let refused = outrun(&lake, async |_| {
        lake.rename("t", "u").await.expect(204);
    });
    assert_eq!(refused.await.error().0, 404);
    let committed = lake.commit("u", &property(&created, "a")).await.expect(200);
    assert_eq!(
        lake.published("u").await.unwrap(),
        committed["metadata-location"]
    );
}
