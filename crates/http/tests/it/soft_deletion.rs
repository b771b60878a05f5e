//! Soft deletion: drops that can be undone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, ManualClock, SystemClock};
use serde_json::{Value, json};
use store::{SOFT_DELETION, TABULAR_PURGE};
use testkit::{Action, RecordingAuthorizer, TableAction, TestApp};

const WEEK: u64 = 7 * 24 * 3_600;

async fn set_profile(app: &TestApp, profile: Value) {
    let uri = format!("/management/v1/warehouse/{}/delete-profile", app.warehouse);
    let body = json!({ "delete-profile": profile });
    let answer = app.post(uri, &body).await.expect(200);
    assert_eq!(answer["delete-profile"], profile);
}

async fn make_soft(app: &TestApp) {
    let soft = json!({ "type": "soft", "expiration-seconds": WEEK });
    set_profile(app, soft).await;
}

async fn soft() -> TestApp {
    let app = TestApp::start().await;
    make_soft(&app).await;
    app
}

fn deleted_uri(app: &TestApp) -> String {
    let warehouse = &app.warehouse;
    format!("/management/v1/warehouse/{warehouse}/deleted-tabulars")
}

async fn deleted(app: &TestApp) -> Vec<Value> {
    let answer = app.get(deleted_uri(app)).await.expect(200);
    assert_eq!(answer["next-page-token"], Value::Null);
    answer["tabulars"].as_array().unwrap().clone()
}

async fn undrop(app: &TestApp, targets: &[(&str, &Value)]) -> testkit::Answer {
    let targets = targets
        .iter()
        .map(|(kind, id)| json!({ "type": kind, "id": id }));
    let body = json!({ "targets": targets.collect::<Vec<_>>() });
    app.post(format!("{}/undrop", deleted_uri(app)), &body)
        .await
}

async fn protect(app: &TestApp, kind: &str, id: &Value) {
    let (warehouse, id) = (&app.warehouse, id.as_str().unwrap());
    let uri = format!("/management/v1/warehouse/{warehouse}/{kind}/{id}/protection");
    app.post(uri, &json!({ "protected": true }))
        .await
        .expect(200);
}

async fn waiting(app: &TestApp) -> (u64, u64) {
    let count = async |queue| app.store.task_count(queue).await.unwrap();
    (count(SOFT_DELETION).await, count(TABULAR_PURGE).await)
}

/// The effect of a drop.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    /// Soft-deleted: it can be undropped.
    Hidden,
    /// Deleted; the files stay.
    Gone,
    /// Deleted with its files.
    Purged,
}

async fn fate(app: &TestApp, status: u16) -> Fate {
    match (status, waiting(app).await) {
        (409, (0, 0)) => Fate::Refused,
        (204, (1, 0)) => Fate::Hidden,
        (204, (0, 0)) => Fate::Gone,
        (204, (0, 1)) => Fate::Purged,
        other => panic!("{other:?}"),
    }
}

/// Every delete profile × kind × protection × `force` × `purgeRequested`.
#[tokio::test]
async fn what_a_drop_does_is_decided_by_profile_protection_and_flags() {
    for is_soft in [false, true] {
        for (kind, is_protected, force) in [
            ("table", false, ""),
            ("table", false, "force=true&"),
            ("table", true, ""),
            ("table", true, "force=true&"),
            ("view", false, ""),
            ("view", false, "force=true&"),
            ("view", true, ""),
            ("view", true, "force=true&"),
        ] {
            for purge in ["", "purgeRequested=false", "purgeRequested=true"] {
                let app = if is_soft {
                    soft().await
                } else {
                    TestApp::start().await
                };
                app.namespace("ns").await;
                let (loaded, id) = match kind {
                    "table" => (app.table("ns", "x").await, "table-uuid"),
                    _ => (app.view("ns", "x").await, "view-uuid"),
                };
                let id = &loaded["metadata"][id];
                if is_protected {
                    protect(&app, kind, id).await;
                }
                let uri = app.at(&format!("namespaces/ns/{kind}s/x"));
                let dropped = app.delete(format!("{uri}?{force}{purge}")).await;
                let expected = match (is_soft, is_protected, force, purge) {
                    (_, true, "", _) => Fate::Refused,
                    (true, false, "", _) => Fate::Hidden,
                    (_, _, _, "purgeRequested=true") => Fate::Purged,
                    _ => Fate::Gone,
                };
                let case = format!("soft={is_soft} {kind} protected={is_protected} {force}{purge}");
                let found = fate(&app, dropped.status.as_u16()).await;
                assert_eq!(found, expected, "{case}");
                let there = app.get(&uri).await.status.as_u16();
                let is_there = found == Fate::Refused;
                assert_eq!(there, if is_there { 200 } else { 404 }, "{case}");
                let listed = deleted(&app).await;
                assert_eq!(listed.len(), usize::from(found == Fate::Hidden), "{case}");
                if found == Fate::Hidden {
                    assert_eq!((&listed[0]["id"], &listed[0]["typ"]), (id, &json!(kind)));
                    undrop(&app, &[(kind, id)]).await.expect(204);
                    app.get(&uri).await.expect(200);
                    assert_eq!(waiting(&app).await, (0, 0), "{case}");
                }
            }
        }
    }
}

/// Every delete profile × `recursive` × `force` × `purge`, of a namespace with one table in it.
#[tokio::test]
async fn what_a_drop_of_a_namespace_does_is_decided_by_profile_and_flags() {
    for is_soft in [false, true] {
        for recursive in ["", "recursive=true&"] {
            for force in ["", "force=true&"] {
                for purge in ["", "purge=true"] {
                    let app = if is_soft {
                        soft().await
                    } else {
                        TestApp::start().await
                    };
                    app.namespace("ns").await;
                    app.table("ns", "t").await;
                    let uri = app.at(&format!("namespaces/ns?{recursive}{force}{purge}"));
                    let dropped = app.delete(uri).await;
                    let expected = match (recursive, is_soft, force, purge) {
                        ("", ..) => Fate::Refused,
                        (_, true, "", _) => Fate::Hidden,
                        (_, _, _, "purge=true") => Fate::Purged,
                        _ => Fate::Gone,
                    };
                    let case = format!("soft={is_soft} {recursive}{force}{purge}");
                    let found = fate(&app, dropped.status.as_u16()).await;
                    assert_eq!(found, expected, "{case}");
                    let there = app.get(app.at("namespaces/ns")).await.status.as_u16();
                    let is_there = found == Fate::Refused;
                    assert_eq!(there, if is_there { 200 } else { 404 }, "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_soft_deleted_is_nowhere_and_its_place_is_taken() {
    let app = soft().await;
    app.namespace("ns").await;
    let table = app.table("ns", "t").await;
    let uri = app.at("namespaces/ns/tables/t");
    app.delete(&uri).await.expect(204);
    assert_eq!(app.get(&uri).await.error().1, "NoSuchTableException");
    assert_eq!(app.head(&uri).await.status, 404);
    assert_eq!(app.delete(&uri).await.error().0, 404);
    let uuid = &table["metadata"]["table-uuid"];
    let commit = crate::set_property(uuid, "a", "b");
    assert_eq!(app.post(&uri, &commit).await.error().0, 404);
    let listed = app.get(app.at("namespaces/ns/tables")).await.expect(200);
    assert_eq!(listed["identifiers"], json!([]));
    let rename = json!({
        "source": { "namespace": ["ns"], "name": "t" },
        "destination": { "namespace": ["ns"], "name": "u" },
    });
    let renamed = app.post(app.at("tables/rename"), &rename).await;
    assert_eq!(renamed.error().0, 404);
    let id = uuid.as_str().unwrap();
    let protection = format!(
        "/management/v1/warehouse/{}/table/{id}/protection",
        app.warehouse
    );
    assert_eq!(app.get(protection).await.error().0, 404);
    // Its metadata file cannot be registered again, and its location is taken.
    let register = json!({ "name": "again", "metadata-location": table["metadata-location"] });
    let registered = app.post(app.at("namespaces/ns/register"), &register).await;
    assert_eq!(registered.error().0, 409);
    let mut inside = testkit::table("inside");
    let location = table["metadata"]["location"].as_str().unwrap();
    inside["location"] = json!(format!("{location}/in"));
    let created = app.post(app.at("namespaces/ns/tables"), &inside).await;
    assert_eq!(created.error().1, "LocationAlreadyTaken");
    let (status, kind, message) = app.delete(app.at("namespaces/ns")).await.error();
    assert_eq!((status, kind.as_str()), (409, "NamespaceNotEmptyException"));
    assert!(message.contains("ns"), "{message}");
    // Its name is free.
    app.view("ns", "t").await;
}

#[tokio::test]
async fn names_that_are_taken_meanwhile_are_told() {
    let app = soft().await;
    app.namespace("ns").await;
    let (t, u) = (app.table("ns", "t").await, app.table("ns", "u").await);
    for name in ["t", "u"] {
        let uri = app.at(&format!("namespaces/ns/tables/{name}"));
        app.delete(uri).await.expect(204);
    }
    app.table("ns", "t").await;
    let (t, u) = (&t["metadata"]["table-uuid"], &u["metadata"]["table-uuid"]);
    let (status, kind, message) = undrop(&app, &[("table", u), ("table", t)]).await.error();
    assert_eq!((status, kind.as_str()), (409, "AlreadyExistsException"));
    assert!(
        message.contains("`ns.t`") && !message.contains("`ns.u`"),
        "{message}"
    );
    assert_eq!(deleted(&app).await.len(), 2, "all or none");
    undrop(&app, &[("table", u)]).await.expect(204);
    app.load("ns", "u").await;
}

#[tokio::test]
async fn an_undrop_that_makes_no_sense_is_refused() {
    let app = soft().await;
    app.namespace("ns").await;
    let (live, gone) = (app.table("ns", "live").await, app.table("ns", "gone").await);
    let (live, gone) = (
        &live["metadata"]["table-uuid"],
        &gone["metadata"]["table-uuid"],
    );
    app.delete(app.at("namespaces/ns/tables/gone"))
        .await
        .expect(204);
    let nobody = json!(uuid::Uuid::new_v4());
    for (targets, status) in [
        (vec![("table", live)], 404),
        (vec![("view", gone)], 404),
        (vec![("table", &nobody)], 404),
        (vec![("table", gone), ("table", gone)], 400),
        (vec![("stream", gone)], 400),
    ] {
        let refused = undrop(&app, &targets).await;
        assert_eq!(refused.error().0, status, "{targets:?}");
    }
    assert_eq!(deleted(&app).await.len(), 1);
    undrop(&app, &[]).await.expect(204);
    let other = app.create_warehouse("other").await;
    let uri = format!("/management/v1/warehouse/{other}/deleted-tabulars/undrop");
    let body = json!({ "targets": [{ "type": "table", "id": gone }] });
    assert_eq!(app.post(uri, &body).await.error().0, 404);
}

#[tokio::test]
async fn a_namespace_comes_back_with_its_tables_as_it_was() {
    let app = soft().await;
    let (outer, inner) = (app.namespace("a").await, app.namespace("a.b").await);
    app.namespace("a.empty").await;
    let properties = json!({ "updates": { "kept": "yes" } });
    app.post(app.at("namespaces/a%1Fb/properties"), &properties)
        .await
        .expect(200);
    let (table, view) = (app.table("a%1Fb", "t").await, app.view("a", "v").await);
    app.delete(app.at("namespaces/a?recursive=true"))
        .await
        .expect(204);
    let listed = app.get(app.at("namespaces")).await.expect(200);
    assert_eq!(listed["namespaces"], json!([]));
    let all = deleted(&app).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["namespace"], json!(["a", "b"]));
    let of_inner = format!("{}?namespaceId={inner}", deleted_uri(&app));
    let of_inner = app.get(of_inner).await.expect(200);
    assert_eq!(of_inner["tabulars"].as_array().unwrap().len(), 1);

    // Another namespace has the name meanwhile.
    app.namespace("A").await;
    let table = &table["metadata"]["table-uuid"];
    let (status, _, message) = undrop(&app, &[("table", table)]).await.error();
    assert_eq!(status, 409);
    assert!(message.contains("`a`"), "{message}");
    app.delete(app.at("namespaces/A")).await.expect(204);

    undrop(&app, &[("table", table)]).await.expect(204);
    for (path, id) in [("a", outer), ("a%1Fb", inner)] {
        let uri = app.at(&format!("namespaces/{path}?returnUuid=true"));
        let loaded = app.get(uri).await.expect(200);
        assert_eq!(loaded["namespace-uuid"], json!(id));
    }
    let loaded = app.get(app.at("namespaces/a%1Fb")).await.expect(200);
    assert_eq!(loaded["properties"]["kept"], "yes");
    app.get(app.at("namespaces/a%1Fempty")).await.expect(200);
    app.load("a%1Fb", "t").await;
    let view_uri = app.at("namespaces/a/views/v");
    assert_eq!(app.get(&view_uri).await.status, 404);
    let view = &view["metadata"]["view-uuid"];
    undrop(&app, &[("view", view)]).await.expect(204);
    app.get(&view_uri).await.expect(200);
}

#[tokio::test]
async fn lists_are_in_pages_and_show_what_the_caller_may_see() {
    let authorizer = Arc::new(RecordingAuthorizer::default());
    let builder = TestApp::builder().authorizer(Arc::<RecordingAuthorizer>::clone(&authorizer));
    let app = builder.start().await;
    make_soft(&app).await;
    app.namespace("ns").await;
    for name in ["t", "u"] {
        app.table("ns", name).await;
        let uri = app.at(&format!("namespaces/ns/tables/{name}"));
        app.delete(uri).await.expect(204);
    }
    app.view("ns", "v").await;
    app.delete(app.at("namespaces/ns/views/v"))
        .await
        .expect(204);
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let uri = format!("{}?pageSize=2&pageToken={token}", deleted_uri(&app));
        let page = app.get(uri).await.expect(200);
        let items = page["tabulars"].as_array().unwrap();
        names.extend(
            items
                .iter()
                .map(|one| one["name"].as_str().unwrap().to_owned()),
        );
        match page["next-page-token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["t", "u", "v"]);
    authorizer.forbid([Action::Table(TableAction::GetMetadata)]);
    let seen = deleted(&app).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["typ"], "view");
    authorizer.forbid([Action::Table(TableAction::Undrop)]);
    let hidden = deleted(&app).await;
    let id = &hidden[0]["id"];
    assert_eq!(undrop(&app, &[("table", id)]).await.error().0, 403);
    // A table that the caller may not see is answered like a missing one.
    authorizer.forbid([TableAction::GetMetadata, TableAction::Undrop].map(Action::Table));
    let nobodys = json!(uuid::Uuid::new_v4());
    let told = |error: (u16, String, String), id: &Value| {
        let message = error.2.replace(id.as_str().unwrap(), "it");
        (error.0, error.1, message)
    };
    let hidden = undrop(&app, &[("table", id)]).await.error();
    let missing = undrop(&app, &[("table", &nobodys)]).await.error();
    assert_eq!(told(hidden, id), told(missing, &nobodys));
    let (_, _, first) = undrop(&app, &[("table", id), ("table", &nobodys)])
        .await
        .error();
    assert!(first.contains(id.as_str().unwrap()), "{first}");
}

fn data_file(app: &TestApp, loaded: &Value) -> PathBuf {
    let location = loaded["metadata"]["location"].as_str().unwrap();
    let folder = PathBuf::from(location.strip_prefix("file://").unwrap());
    assert!(folder.starts_with(app.folder().canonicalize().unwrap()));
    let file = folder.join("data.parquet");
    std::fs::write(&file, "data").unwrap();
    file
}

#[tokio::test]
async fn when_its_time_is_over_it_is_gone_with_its_files_if_that_was_asked_for() {
    let start = SystemClock.now();
    let clock = Arc::new(ManualClock::at(start));
    let builder = TestApp::builder().clock(Arc::<ManualClock>::clone(&clock));
    let app = builder.start().await;
    make_soft(&app).await;
    app.namespace("ns").await;
    let (kept, purged) = (
        app.table("ns", "kept").await,
        app.table("ns", "purged").await,
    );
    let (kept, purged) = (data_file(&app, &kept), data_file(&app, &purged));
    app.delete(app.at("namespaces/ns/tables/kept"))
        .await
        .expect(204);
    let uri = app.at("namespaces/ns/tables/purged?purgeRequested=true");
    app.delete(uri).await.expect(204);
    let expires = start.plus(Duration::from_secs(WEEK));
    let listed = deleted(&app).await;
    assert_eq!(listed[0]["deleted-at"], json!(start.to_string()));
    assert_eq!(listed[0]["expiration-date"], json!(expires.to_string()));
    // A new delete profile applies only to tables that are dropped from now on.
    set_profile(&app, json!({ "type": "hard" })).await;
    clock.set(start.plus(Duration::from_secs(WEEK - 1)));
    app.work_off().await;
    assert_eq!(deleted(&app).await.len(), 2);
    clock.set(expires);
    app.work_off().await;
    assert!(deleted(&app).await.is_empty());
    assert!(kept.exists() && !purged.exists());
    assert_eq!(waiting(&app).await, (0, 0));
    app.delete(app.at("namespaces/ns")).await.expect(204);
}

#[tokio::test]
async fn a_hard_drop_of_a_namespace_purges_what_was_soft_deleted_with_a_purge() {
    let app = soft().await;
    app.namespace("ns").await;
    let (kept, purged) = (
        app.table("ns", "kept").await,
        app.table("ns", "purged").await,
    );
    let (kept, purged) = (data_file(&app, &kept), data_file(&app, &purged));
    app.delete(app.at("namespaces/ns/tables/kept"))
        .await
        .expect(204);
    let uri = app.at("namespaces/ns/tables/purged?purgeRequested=true");
    app.delete(uri).await.expect(204);
    let uri = app.at("namespaces/ns?recursive=true&force=true");
    app.delete(uri).await.expect(204);
    assert_eq!(waiting(&app).await, (0, 1));
    app.work_until(|| !purged.exists()).await;
    assert!(kept.exists());
}

#[tokio::test]
async fn engines_are_told_not_to_delete_files() {
    let skipped = |settings: &mut catalog::Settings| {
        settings.storage_trial = catalog::StorageTrial::Skipped;
    };
    let app = TestApp::builder().settings(skipped).start().await;
    let soft = json!({ "type": "soft", "expiration-seconds": 60 });
    for (name, profile, push, expected) in [
        ("hard", json!({ "type": "hard" }), true, Value::Null),
        ("soft", soft.clone(), true, json!("false")),
        ("not-pushed", soft, false, Value::Null),
    ] {
        let body = json!({
            "warehouse-name": name,
            "storage-profile": {
                "type": "s3", "bucket": "soft-deletion", "key-prefix": name, "region": "eu-central-1",
                "sts-enabled": false, "push-s3-delete-disabled": push,
            },
            "storage-credential": {
                "type": "s3", "credential-type": "access-key", "access-key-id": "a", "secret-access-key": "b",
            },
            "delete-profile": profile,
        });
        app.post("/management/v1/warehouse", &body)
            .await
            .expect(201);
        let uri = format!("/catalog/v1/config?warehouse={name}");
        let config = app.get(uri).await.expect(200);
        assert_eq!(config["defaults"]["s3.delete-enabled"], expected, "{name}");
    }
}

#[tokio::test]
async fn an_expiry_has_a_bound() {
    let app = TestApp::start().await;
    let uri = format!("/management/v1/warehouse/{}/delete-profile", app.warehouse);
    for (seconds, status) in [(0, 200), (3_153_600_000_u64, 200), (3_153_600_001, 400)] {
        let soft = json!({ "type": "soft", "expiration-seconds": seconds });
        let answer = app.post(&uri, &json!({ "delete-profile": soft })).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    }
}
