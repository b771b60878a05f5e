//! Changes that other clients make in the bucket, and changes that reached the bucket but not the database.

use serde_json::json;
use uuid::Uuid;

use super::lake::{Lake, append, property, replica, text};
use super::weed::Fault;

#[tokio::test]
async fn a_change_of_somebody_else_is_taken_in_by_the_next_commit() {
    for lake in Lake::all().await {
        let created = lake.table("t").await;
        let mut metadata = created["metadata"].clone();
        metadata["properties"]["theirs"] = json!("yes");
        lake.publish("t", &metadata).await;
        assert_eq!(
            lake.load("t").await,
            created,
            "engines read what the database has"
        );
        let after = lake
            .commit("t", &property(&created, "ours"))
            .await
            .expect(200);
        let properties = &after["metadata"]["properties"];
        assert_eq!(
            (&properties["theirs"], &properties["ours"]),
            (&json!("yes"), &json!("yes"))
        );
        assert_eq!(
            lake.published("t").await.unwrap(),
            after["metadata-location"]
        );

        // The requirements of a commit must hold for the other client's change, too.
        let mut metadata = after["metadata"].clone();
        metadata["last-column-id"] = json!(7);
        let theirs = lake.publish("t", &metadata).await;
        let mut body = property(&created, "late");
        body["requirements"] =
            json!([{ "type": "assert-last-assigned-field-id", "last-assigned-field-id": 2 }]);
        let refused = lake.commit("t", &body).await.error();
        assert_eq!(
            (refused.0, refused.1.as_str()),
            (409, "CommitFailedException")
        );
        assert_eq!(lake.load("t").await["metadata-location"], theirs);

        // A metadata file with another UUID belongs to another table, and is not taken in.
        metadata["table-uuid"] = json!(Uuid::new_v4());
        lake.publish("t", &metadata).await;
        let (status, kind, message) = lake.commit("t", &property(&created, "late")).await.error();
        assert_eq!((status, kind.as_str()), (409, "CommitFailedException"));
        assert!(message.contains("its UUID is"), "{message}");
        assert_eq!(lake.load("t").await["metadata-location"], theirs);
    }
}

#[tokio::test]
async fn a_commit_that_ended_between_bucket_and_database_has_happened_when_it_comes_again() {
    for lake in Lake::all().await {
        let created = lake.table("t").await;
        // The other replica has a database of its own, without the commit: as if a server had lost it after publishing.
        let other = replica(&lake.body).await;
        other
            .post(
                other.at("namespaces"),
                &json!({ "namespace": [lake.namespace] }),
            )
            .await
            .expect(200);
        let at = |rest: &str| other.at(&format!("namespaces/{}/{rest}", lake.namespace));
        let register = json!({ "name": "t", "metadata-location": created["metadata-location"] });
        other.post(at("register"), &register).await.expect(200);
        let body = append(&created);
        let committed = lake.commit("t", &body).await.expect(200);

        let key = Uuid::now_v7().to_string();
        for _ in 0..2 {
            let again = other
                .post(at("tables/t"), &body)
                .header("idempotency-key", &key);
            let again = again.await.expect(200);
            assert_eq!(again["metadata-location"], committed["metadata-location"]);
            assert_eq!(again["metadata"]["snapshots"].as_array().unwrap().len(), 1);
        }
        let mut another = body;
        another["updates"][0]["snapshot"]["snapshot-id"] = json!(2);
        another["updates"][1]["snapshot-id"] = json!(2);
        assert_eq!(other.post(at("tables/t"), &another).await.error().0, 409);
    }
}

#[tokio::test]
async fn a_table_that_is_only_in_the_bucket_is_named_and_can_be_registered() {
    for lake in Lake::all().await {
        let created = lake.table("t").await;
        let unregister = lake.app.post(lake.at("tables/t/unregister"), &json!({}));
        unregister.await.expect(200);
        let file = text(&created["metadata-location"]);
        let (status, kind, message) = lake
            .app
            .post(lake.at("tables"), &testkit::table("t"))
            .await
            .error();
        assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
        assert!(message.contains(&file), "{message}");
        let namespace = lake.app.at(&format!("namespaces/{}", lake.namespace));
        if lake.body["storage-profile"]["flavor"] == "s3-compat" {
            // Not on moto, which drops namespaces with their contents; AWS refuses to.
            assert_eq!(
                lake.app.delete(namespace).await.error().1,
                "NamespaceNotEmptyException"
            );
        }
        let register = json!({ "name": "t", "metadata-location": file });
        let registered = lake
            .app
            .post(lake.at("register"), &register)
            .await
            .expect(200);
        assert_eq!(registered["metadata"], created["metadata"]);
        lake.commit("t", &property(&created, "a")).await.expect(200);
    }
}

#[tokio::test]
async fn a_publication_that_is_refused_as_stale_leaves_nothing() {
    let (lake, weed) = Lake::on_weed().await;
    let created = lake.table("t").await;
    let files = weed.keys();
    weed.fail_next_change(Fault::Outrun);
    let (status, kind, message) = lake.commit("t", &property(&created, "a")).await.error();
    assert_eq!((status, kind.as_str()), (409, "CommitFailedException"));
    assert!(
        message.contains("changed in the table bucket meanwhile"),
        "{message}"
    );
    assert_eq!(weed.keys(), files);
    assert_eq!(lake.load("t").await, created);
    lake.commit("t", &property(&created, "a")).await.expect(200);
}

#[tokio::test]
async fn a_publication_whose_answer_is_lost_is_looked_up() {
    let (lake, weed) = Lake::on_weed().await;
    let created = lake.table("t").await;
    weed.fail_next_change(Fault::AnswerLost);
    let after = lake.commit("t", &property(&created, "a")).await.expect(200);
    assert_eq!(
        lake.published("t").await.unwrap(),
        after["metadata-location"]
    );

    weed.fail_next_change(Fault::Broken);
    let files = weed.keys().len();
    let (status, kind, _) = lake.commit("t", &property(&created, "b")).await.error();
    assert_eq!(
        (status, kind.as_str()),
        (500, "CommitStateUnknownException")
    );
    assert_eq!(weed.keys().len(), files + 1, "it may be the table's");
    assert_eq!(lake.load("t").await["metadata"], after["metadata"]);
    let after = lake.commit("t", &property(&created, "b")).await.expect(200);
    assert_eq!(
        lake.published("t").await.unwrap(),
        after["metadata-location"]
    );
}

#[tokio::test]
async fn a_rename_that_ended_in_the_bucket_is_finished_when_it_comes_again() {
    for lake in Lake::all().await {
        lake.table("t").await;
        lake.table("u").await;
        lake.bucket
            .rename_table(&lake.name("t"), &lake.name("v"))
            .await
            .unwrap();
        assert_eq!(
            lake.rename("t", "w").await.error().1,
            "NoSuchTableException"
        );
        lake.rename("t", "v").await.expect(204);
        lake.load("v").await;
    }
}

#[tokio::test]
async fn the_first_name_of_a_renamed_table_is_not_given_to_another_one_on_its_files() {
    let (lake, _weed) = Lake::on_weed().await;
    let created = lake.table("t").await;
    lake.rename("t", "u").await.expect(204);
    let (status, kind, _) = lake
        .app
        .post(lake.at("tables"), &testkit::table("t"))
        .await
        .error();
    assert_eq!((status, kind.as_str()), (409, "LocationAlreadyTaken"));
    assert_eq!(lake.load("u").await["metadata"], created["metadata"]);
}

#[tokio::test]
async fn what_changes_in_the_bucket_while_it_is_dropped_is_looked_at_again() {
    let (lake, weed) = Lake::on_weed().await;
    lake.table("t").await;
    weed.fail_next_change(Fault::Outrun);
    let uri = lake.at("tables/t?purgeRequested=true");
    lake.app.delete(uri).await.expect(204);
    assert!(weed.keys().is_empty());

    lake.table("u").await;
    weed.fail_next_change(Fault::Outrun);
    let namespace = lake.app.at("namespaces/ns?recursive=true&purge=true");
    lake.app.delete(namespace).await.expect(204);
    assert!(weed.keys().is_empty());
}

#[tokio::test]
async fn another_table_that_has_got_the_name_in_the_bucket_is_not_dropped() {
    let (lake, weed) = Lake::on_weed().await;
    for name in ["t", "u"] {
        lake.table(name).await;
    }
    let (t, u) = (lake.name("t"), lake.name("u"));
    let token = lake.bucket.table(&t).await.unwrap().token;
    lake.bucket.drop_table(&t, Some(&token)).await.unwrap();
    lake.bucket.rename_table(&u, &t).await.unwrap();
    let files = weed.keys();
    for uri in [
        lake.at("tables/t?purgeRequested=true"),
        lake.app.at("namespaces/ns?recursive=true&purge=true"),
    ] {
        assert_eq!(lake.app.delete(uri).await.error().0, 409);
        assert_eq!(weed.keys(), files);
    }
}
