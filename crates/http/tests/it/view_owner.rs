//! Owners of views: who may set them, who can be one, and which of an owner's rights readers of the view get.

use http::Method;
use model::Privilege;
use serde_json::{Value, json};

use crate::grants::Lake;
use crate::view_security::{OWNER, T, Views};

#[tokio::test]
async fn an_owner_who_cannot_be_is_said_to_be_none() {
    let views = Views::start().await;
    let table = views.0.table("a", "t").await;
    for (name, owner, expected) in [
        ("empty", "", 400),
        ("control", "a\nb", 400),
        ("long", &"x".repeat(5_000), 400),
        // An owner is always a user of the engine's own provider: these two are unknown users without rights.
        ("foreign", "kubernetes~bob", 404),
        ("unknown", "nobody", 404),
    ] {
        let view = views.view("a", name, Some(owner)).await;
        views.select("ann", &view).await;
        views.select("bob", &table).await;
        let found = views.through("ann", T, &format!("a%1F{name}")).await;
        assert_eq!(found.0, expected, "{name}: {found:?}");
    }
}

#[tokio::test]
async fn only_its_engine_sets_or_removes_the_owner() {
    let views = Views::start().await;
    views.view("a", "def", Some("bob")).await;
    let app = &views.0.app;
    let (trino, nobody) = (views.by_trino("admin"), views.0.idp.token("admin"));
    let mut create = testkit::view("new", "a");
    create["properties"] = json!({ OWNER: "admin" });
    let mut variant = testkit::view("new", "a");
    variant["properties"] = json!({ "Trino.Run-As-Owner": "admin" });
    let update = |updates: Value| json!({ "requirements": [], "updates": updates });
    let set = update(json!([{ "action": "set-properties", "updates": { OWNER: "admin" } }]));
    let remove = update(json!([{ "action": "remove-properties", "removals": [OWNER] }]));
    let cased = update(json!([
        { "action": "set-properties", "updates": { "comment": "x" } },
        { "action": "remove-properties", "removals": ["TRINO.RUN-AS-OWNER"] },
    ]));
    let other = update(json!([{ "action": "set-properties", "updates": { "comment": "x" } }]));
    let (views_at, def_at) = (
        app.at("namespaces/a/views"),
        app.at("namespaces/a/views/def"),
    );
    let register_at = app.at("namespaces/a/register-view");
    let loaded = app.get(&def_at).await.expect(200);
    let register = json!({ "name": "again", "metadata-location": loaded["metadata-location"] });
    for (token, uri, body, status) in [
        (&nobody, &views_at, &create, 403),
        (&nobody, &views_at, &variant, 403),
        (&trino, &views_at, &variant, 403),
        (&nobody, &def_at, &set, 403),
        (&nobody, &def_at, &remove, 403),
        (&trino, &def_at, &cased, 403),
        (&nobody, &register_at, &register, 403),
        (&nobody, &def_at, &other, 200),
        (&trino, &def_at, &set, 200),
        (&trino, &def_at, &remove, 200),
        (&trino, &views_at, &create, 200),
    ] {
        let call = app.call(Method::POST, uri).json(body).token(token);
        let answer = call.await;
        assert_eq!(answer.status.as_u16(), status, "{uri} {body}");
        if status == 403 {
            assert_eq!(answer.error().1, "ProtectedPropertyModification");
        }
    }
    // If no engine is trusted, it is an ordinary property.
    let plain = Lake::start().await;
    let at = plain.app.at("namespaces/a/views");
    plain.app.post(&at, &create).await.expect(200);
    let rest = format!("namespaces/{T}?referenced-by=a%1Fnew");
    assert_eq!(plain.as_user("ann", &plain.app.at(&rest)).await.0, 404);
}

/// Views in a warehouse on a real S3 server, and its storage profile; `None` without such a server.
async fn on_s3() -> Option<(Views, Value)> {
    let mut body = crate::real_s3::warehouse()?;
    body["storage-profile"]["remote-signing-enabled"] = json!(true);
    let mut views = Views::start().await;
    let app = &mut views.0.app;
    let created = app
        .post("/management/v1/warehouse", &body)
        .await
        .expect(201);
    created["warehouse-id"]
        .as_str()?
        .clone_into(&mut app.warehouse);
    app.namespace("a").await;
    app.table("a", "t").await;
    Some((views, body["storage-profile"].clone()))
}

#[tokio::test]
async fn through_an_owner_files_are_read_and_never_written() {
    let Some((views, profile)) = on_s3().await else {
        return;
    };
    let definer = views.view("a", "def", Some("bob")).await;
    let table = views.0.table("a", "t").await;
    views.select("ann", &definer).await;
    views.0.give("bob", Privilege::Modify, table.clone()).await;
    views.select("eve", &table).await;
    let load = async |user: &str, rest: &str, by: &str| {
        let call = views
            .0
            .app
            .get(views.0.app.at(&format!("namespaces/a/tables/{rest}")));
        let call = call.header("x-iceberg-access-delegation", by);
        call.token(&views.by_trino(user)).await
    };
    let vended = "vended-credentials";
    let key = |answer: &Value| {
        let config = &answer["storage-credentials"][0]["config"];
        config["s3.access-key-id"].as_str().unwrap().to_owned()
    };
    let writer = load("bob", "t", vended).await;
    let reader = load("eve", "t", vended).await;
    let through = load("ann", "t?referenced-by=a%1Fdef", vended).await;
    let tags = [&writer, &reader, &through].map(|answer| answer.headers["etag"].clone());
    assert!(tags[2] != tags[0] && tags[2] != tags[1], "{tags:?}");
    let (writer, reader, through) = (writer.expect(200), reader.expect(200), through.expect(200));
    // Credentials are cached by their permission: all readers share one.
    assert_eq!(key(&through), key(&reader));
    assert_ne!(key(&through), key(&writer));
    // The renewal endpoint names the same view.
    let renewal = through["config"]["client.refresh-credentials-endpoint"].as_str();
    let renewal = renewal
        .unwrap()
        .strip_prefix("http://catalog.test")
        .unwrap();
    assert!(
        renewal.ends_with("/credentials?referenced-by=a%1Fdef"),
        "{renewal}"
    );
    let token = views.by_trino("ann");
    let renewed = views.0.app.get(renewal).token(&token).await.expect(200);
    assert_eq!(key(&renewed), key(&reader));
    let (without, _) = renewal.split_once('?').unwrap();
    assert_eq!(
        views.0.app.get(without).token(&token).await.status.as_u16(),
        404
    );
    // The signing endpoint names the view, too.
    let signing = load("ann", "t?referenced-by=a%1Fdef", "remote-signing").await;
    let signing = signing.expect(200);
    let signer = signing["config"]["signer.endpoint"].as_str().unwrap();
    let file = signing["metadata-location"].as_str().unwrap();
    let (endpoint, region) = (profile["endpoint"].as_str().unwrap(), &profile["region"]);
    let uri = format!("{endpoint}/{}", file.strip_prefix("s3://").unwrap());
    let (bare, _) = signer.split_once('?').unwrap();
    for (signer, user, method, status) in [
        (signer, "ann", "GET", 200),
        (signer, "ann", "PUT", 403),
        (signer, "ann", "DELETE", 403),
        (bare, "ann", "GET", 400),
        (bare, "bob", "PUT", 200),
    ] {
        let body = json!({
            "method": method, "uri": uri, "region": region, "headers": { "User-Agent": ["trino"] },
        });
        let path = format!("/catalog/{signer}");
        let call = views.0.app.call(Method::POST, &path).json(&body);
        let answer = call.token(&views.by_trino(user)).await;
        assert_eq!(answer.status.as_u16(), status, "{user} {method} {path}");
    }
}
