//! Warehouses on table buckets: on a fake SeaweedFS, and on the S3 Tables service that `LAKEKEEPER_TEST_S3_TABLES_*` name, if
//! any.

mod lake;
mod outside;
mod renames;
mod weed;

use futures::future::join_all;
use objects::Location;
use serde_json::{Value, json};
use testkit::TestApp;

use lake::{Lake, ROLE, append, property, text};
use weed::ARN;

#[tokio::test]
async fn a_table_lives_in_the_bucket_from_its_creation_to_its_end() {
    for lake in Lake::all().await {
        let created = lake.table("t").await;
        let place = lake.bucket.table(&lake.name("t")).await.unwrap().location;
        assert_eq!(created["metadata"]["location"], place.as_str());
        assert_eq!(
            lake.published("t").await,
            created["metadata-location"].as_str().map(str::to_owned)
        );

        let committed = lake.commit("T", &append(&created)).await.expect(200);
        assert_eq!(
            lake.published("t").await.unwrap(),
            committed["metadata-location"]
        );
        assert_eq!(lake.load("t").await["metadata"], committed["metadata"]);
        let nothing = json!({ "requirements": [], "updates": [] });
        lake.commit("t", &nothing).await.expect(200);
        assert_eq!(
            lake.published("t").await.unwrap(),
            committed["metadata-location"]
        );

        lake.rename("t", "u").await.expect(204);
        let renamed = lake.commit("u", &property(&created, "a")).await.expect(200);
        assert_eq!(
            lake.published("u").await.unwrap(),
            renamed["metadata-location"]
        );
        assert_eq!(renamed["metadata"]["location"], place.as_str());
        assert!(lake.bucket.table(&lake.name("t")).await.is_err());

        let uri = lake.at("tables/u");
        let (status, _, message) = lake.app.delete(&uri).await.error();
        assert!(
            status == 400 && message.contains("`purgeRequested=true`"),
            "{message}"
        );
        let namespace = lake.app.at(&format!("namespaces/{}", lake.namespace));
        assert_eq!(lake.app.delete(&namespace).await.error().0, 409);
        lake.app
            .delete(format!("{uri}?purgeRequested=true"))
            .await
            .expect(204);
        assert!(lake.bucket.table(&lake.name("u")).await.is_err());
        let file = Location::parse(&text(&renamed["metadata-location"])).unwrap();
        assert!(lake.files.read(&file, 1 << 20).await.is_err());
        lake.app.delete(&namespace).await.expect(204);
        lake.app
            .post(
                lake.app.at("namespaces"),
                &json!({ "namespace": [lake.namespace] }),
            )
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_staged_table_is_created_where_the_bucket_has_made_room() {
    for lake in Lake::all().await {
        let mut body = testkit::table("t");
        body["stage-create"] = json!(true);
        let staged = lake.app.post(lake.at("tables"), &body).await.expect(200);
        assert_eq!(lake.published("t").await, None);
        let metadata = &staged["metadata"];
        let create = |location: &Value| {
            json!({
                "requirements": [{ "type": "assert-create" }],
                "updates": [
                    { "action": "assign-uuid", "uuid": metadata["table-uuid"] },
                    { "action": "upgrade-format-version", "format-version": 2 },
                    { "action": "add-schema", "schema": testkit::schema() },
                    { "action": "set-current-schema", "schema-id": -1 },
                    { "action": "add-spec", "spec": { "spec-id": 0, "fields": [] } },
                    { "action": "set-default-spec", "spec-id": -1 },
                    { "action": "add-sort-order", "sort-order": { "order-id": 0, "fields": [] } },
                    { "action": "set-default-sort-order", "sort-order-id": -1 },
                    { "action": "set-location", "location": location },
                ],
            })
        };
        let elsewhere = json!(text(&metadata["location"]) + "/x");
        let refused = lake.commit("t", &create(&elsewhere)).await.error();
        assert_eq!((refused.0, refused.1.as_str()), (400, "InvalidLocation"));
        let created = lake
            .commit("t", &create(&metadata["location"]))
            .await
            .expect(200);
        assert_eq!(
            lake.published("t").await.unwrap(),
            created["metadata-location"]
        );
        let twice = lake
            .app
            .post(lake.at("tables"), &testkit::table("t"))
            .await
            .error();
        assert_eq!((twice.0, twice.1.as_str()), (409, "AlreadyExistsException"));
    }
}

#[tokio::test]
async fn names_that_a_table_bucket_cannot_have_are_refused() {
    for lake in Lake::all().await {
        let created = lake.table("t").await;
        lake.table("u").await;
        let first = "must begin with a lower case letter";
        let others = "may only have lower case letters";
        for (levels, reason) in [
            (json!(["Upper"]), first),
            (json!(["a.b"]), others),
            (
                json!([lake.namespace, "inner"]),
                "has one level of namespaces",
            ),
        ] {
            let body = json!({ "namespace": levels });
            lake.refuses(&lake.app.at("namespaces"), &body, (400, reason))
                .await;
        }
        for (name, reason) in [("Orders", first), ("o r", others)] {
            lake.refuses(&lake.at("tables"), &testkit::table(name), (400, reason))
                .await;
        }
        for (to, expected) in [("T2", 400), ("u", 409)] {
            assert_eq!(lake.rename("t", to).await.error().0, expected);
        }
        assert_eq!(lake.load("t").await, created);
    }
}

#[tokio::test]
async fn what_a_table_bucket_cannot_do_is_refused_with_a_reason() {
    for lake in Lake::all().await {
        let (created, ns) = (lake.table("t").await, &lake.namespace);
        lake.table("u").await;
        let elsewhere = format!("{}/x", text(&created["metadata"]["location"]));
        let decides = (400, "decides where its tables are");
        let mut table = testkit::table("v");
        table["location"] = json!(elsewhere);
        lake.refuses(&lake.at("tables"), &table, decides).await;
        let located = json!({ "namespace": ["n"], "properties": { "location": elsewhere } });
        lake.refuses(&lake.app.at("namespaces"), &located, decides)
            .await;
        let located = json!({ "updates": { "location": elsewhere } });
        lake.refuses(&lake.at("properties"), &located, decides)
            .await;
        let mut moved = property(&created, "a");
        moved["updates"] = json!([{ "action": "set-location", "location": elsewhere }]);
        lake.refuses(&lake.at("tables/t"), &moved, decides).await;

        let view = testkit::view("v", ns);
        lake.refuses(&lake.at("views"), &view, (406, "holds no views"))
            .await;
        let generic = lake
            .at("generic-tables")
            .replace("/catalog/", "/lakekeeper/");
        let body = json!({ "name": "g", "format": "lance" });
        lake.refuses(&generic, &body, (406, "holds no generic-tables"))
            .await;
        let change = |table: &str| {
            json!({
                "identifier": { "namespace": [ns], "name": table }, "requirements": [],
                "updates": [{ "action": "set-properties", "updates": { "a": "1" } }],
            })
        };
        let both = json!({ "table-changes": [change("t"), change("u")] });
        let transaction = lake.app.at("transactions/commit");
        lake.refuses(&transaction, &both, (406, "one table changes at a time"))
            .await;
        let other = json!({ "name": "w", "metadata-location": created["metadata-location"] });
        lake.refuses(&lake.at("register"), &other, (400, "has no table"))
            .await;

        assert_eq!(lake.load("t").await, created);
        let published = lake.published("t").await;
        assert_eq!(published.unwrap(), created["metadata-location"]);
        let shown = lake.app.get(lake.app.at(&format!("namespaces/{ns}")));
        assert_eq!(
            shown.await.expect(200)["properties"]["location"],
            Value::Null
        );
    }
}

#[tokio::test]
async fn commits_at_the_same_time_are_all_published() {
    for lake in Lake::all().await {
        let created = lake.table("t").await;
        let bodies: Vec<_> = (0..20)
            .map(|n| property(&created, &format!("key-{n}")))
            .collect();
        for answer in join_all(bodies.iter().map(|body| lake.commit("t", body))).await {
            answer.expect(200);
        }
        let after = lake.load("t").await;
        let properties = after["metadata"]["properties"].as_object().unwrap();
        assert_eq!(
            properties
                .keys()
                .filter(|key| key.starts_with("key-"))
                .count(),
            20
        );
        assert_eq!(
            lake.published("t").await.unwrap(),
            after["metadata-location"]
        );
    }
}

#[tokio::test]
async fn engines_get_keys_for_the_place_of_their_table() {
    let (lake, weed) = Lake::on_weed().await;
    let create = async || {
        let call = lake.app.post(lake.at("tables"), &testkit::table("t"));
        let key = "01890000-0000-7000-8000-000000000001";
        call.header("idempotency-key", key).await.expect(200)
    };
    let created = create().await;
    let answers = [created, create().await, lake.load("t").await];
    for answer in &answers {
        assert_eq!(answer["config"]["s3.access-key-id"], "ASIA1");
        assert_eq!(answer["config"]["s3.path-style-access"], "true");
        assert_eq!(
            answer["storage-credentials"][0]["prefix"],
            "s3://lake/ns/t/"
        );
    }
    let asked = weed.asked();
    let [asked] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(
        (asked["Action"].as_str(), asked["RoleArn"].as_str()),
        ("AssumeRole", ROLE)
    );
    assert_eq!(asked["RoleSessionName"], "lakekeeper-sts");
    let policy: Value = serde_json::from_str(&asked["Policy"]).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements[0]["Resource"], "arn:aws:s3:::lake/ns/t/*");
    assert_eq!(
        statements[1]["Condition"]["StringLike"]["s3:prefix"],
        "ns/t/*"
    );
    let credentials = lake
        .app
        .get(lake.at("tables/t/credentials"))
        .await
        .expect(200);
    assert_eq!(
        credentials["storage-credentials"][0]["prefix"],
        "s3://lake/ns/t/"
    );
}

#[tokio::test]
async fn a_namespace_is_dropped_with_its_tables() {
    for lake in Lake::all().await {
        for name in ["t", "u"] {
            lake.table(name).await;
        }
        let uri = lake
            .app
            .at(&format!("namespaces/{}?recursive=true", lake.namespace));
        let (status, _, message) = lake.app.delete(format!("{uri}&purge=false")).await.error();
        assert!(
            status == 400 && message.contains("`purgeRequested=true`"),
            "{message}"
        );
        lake.app
            .delete(format!("{uri}&purge=true"))
            .await
            .expect(204);
        for name in ["t", "u"] {
            assert!(lake.bucket.table(&lake.name(name)).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_table_bucket_is_tried_before_a_warehouse_is_made_of_it() {
    let (lake, weed) = Lake::on_weed().await;
    let app = TestApp::start().await;
    let mut body = lake.body;
    let create = async |body: &Value| app.post("/management/v1/warehouse", body).await;
    let (status, kind, message) = create(&body).await.error();
    assert_eq!((status, kind.as_str()), (400, "InvalidStorageProfile"));
    assert!(message.contains("not confined to its folder"), "{message}");
    body["storage-profile"]["table-bucket-arn"] = json!(ARN.replace("lake", "other"));
    body["storage-profile"]["sts-enabled"] = json!(false);
    let (status, _, message) = create(&body).await.error();
    assert!(
        status == 400 && message.contains("NoSuchBucket"),
        "{message}"
    );
    body["storage-profile"]["table-bucket-arn"] = json!(ARN);
    create(&body).await.expect(201);
    assert_eq!(weed.keys(), Vec::<String>::new(), "nothing is left behind");
}
