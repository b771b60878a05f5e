//! Tag definitions.

use serde_json::{Value, json};

use crate::tags::{DEFINITIONS, TaggableResources};

#[tokio::test]
async fn a_definition_lives_and_dies() {
    let things = TaggableResources::start().await;
    let app = &things.app;
    let body = json!({
        "name": "Pii.Level", "description": "how secret", "scope": ["column", "table"],
        "value-kind": "enumerated", "allowed-values": ["low", "high"],
    });
    let created = app.post(DEFINITIONS, &body).await.expect(201);
    assert_eq!(created["allowed-values"], json!(["high", "low"]));
    assert_eq!(created["scope"], json!(["table", "column"]));
    assert_eq!(
        (&created["name"], &created["updated-at"]),
        (&json!("Pii.Level"), &Value::Null)
    );
    let uri = format!("{DEFINITIONS}/{}", created["id"].as_str().unwrap());
    assert_eq!(app.get(&uri).await.expect(200), created);
    let listed = app
        .get(format!("{DEFINITIONS}?name=PII.LEVEL"))
        .await
        .expect(200);
    let mut without_values = created.clone();
    without_values
        .as_object_mut()
        .unwrap()
        .remove("allowed-values");
    assert_eq!(listed["tag-definitions"], json!([without_values]));
    let none = app
        .get(format!("{DEFINITIONS}?name=other"))
        .await
        .expect(200);
    assert_eq!(
        none,
        json!({ "tag-definitions": [], "next-page-token": null })
    );
    let update = json!({
        "name": "pii", "scope": ["view", "table", "column"], "add-allowed-values": ["low", "none"],
    });
    let updated = app.post(&uri, &update).await.expect(200);
    assert_eq!(updated["allowed-values"], json!(["high", "low", "none"]));
    assert_eq!(
        (&updated["name"], &updated["description"]),
        (&json!("pii"), &Value::Null)
    );
    assert!(updated["updated-at"].is_string());
    assert_eq!(app.get(&uri).await.expect(200), updated);
    app.delete(&uri).await.expect(204);
    for answer in [
        app.get(&uri).await,
        app.delete(&uri).await,
        app.post(&uri, &update).await,
    ] {
        let (status, kind, _) = answer.error();
        assert_eq!((status, kind.as_str()), (404, "TagDefinitionIdNotFound"));
    }
}

#[tokio::test]
async fn what_a_definition_cannot_be_is_refused() {
    let things = TaggableResources::start().await;
    let app = &things.app;
    let valid = json!({ "name": "t", "scope": ["table"], "value-kind": "marker" });
    let with = |changes: Value| {
        let mut body = valid.clone();
        for (key, value) in changes.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let many: Vec<_> = (0..1_001).map(|n| n.to_string()).collect();
    for (changes, expected) in [
        (json!({ "name": "" }), "InvalidTagName"),
        (json!({ "name": "x".repeat(257) }), "InvalidTagName"),
        (json!({ "name": ".a" }), "InvalidTagName"),
        (json!({ "name": " a" }), "InvalidTagName"),
        (json!({ "name": "System.pii" }), "ReservedTagNamespace"),
        (json!({ "name": "lakekeeper" }), "ReservedTagNamespace"),
        (json!({ "scope": [] }), "InvalidTagDefinition"),
        (json!({ "scope": ["project"] }), "BadRequestException"),
        (
            json!({ "value-kind": "enumerated" }),
            "InvalidTagDefinition",
        ),
        (json!({ "allowed-values": ["a"] }), "InvalidTagDefinition"),
        (
            json!({ "value-kind": "enumerated", "allowed-values": ["a", "a"] }),
            "InvalidTagDefinition",
        ),
        (
            json!({ "value-kind": "enumerated", "allowed-values": [""] }),
            "InvalidTagDefinition",
        ),
        (
            json!({ "value-kind": "enumerated", "allowed-values": ["x".repeat(257)] }),
            "InvalidTagDefinition",
        ),
        (
            json!({ "value-kind": "enumerated", "allowed-values": ["a\nb"] }),
            "InvalidTagDefinition",
        ),
        (
            json!({ "value-kind": "enumerated", "allowed-values": many }),
            "InvalidTagDefinition",
        ),
        (
            json!({ "description": "x".repeat((1 << 14) + 1) }),
            "InvalidTagDefinition",
        ),
    ] {
        let (status, kind, message) = app.post(DEFINITIONS, &with(changes)).await.error();
        assert_eq!((status, kind.as_str()), (400, expected), "{message}");
    }
    let at_the_bounds = with(json!({
        "name": "x".repeat(256), "description": "x".repeat(1 << 14),
        "value-kind": "enumerated", "allowed-values": &many[..1_000],
    }));
    things.define(&at_the_bounds).await;
}

#[tokio::test]
async fn a_change_never_makes_wrong_what_is_attached() {
    let things = TaggableResources::start().await;
    let app = &things.app;
    let valid = json!({ "name": "t", "scope": ["table"], "value-kind": "marker" });
    things.define_free("other").await;
    let id = things.define(&valid).await;
    let twin = app
        .post(
            DEFINITIONS,
            &json!({ "name": "T", "scope": ["view"], "value-kind": "marker" }),
        )
        .await;
    assert_eq!(
        (twin.error().0, twin.error().1.as_str()),
        (409, "TagNameAlreadyExists")
    );
    let uri = format!("{DEFINITIONS}/{id}");
    for (update, status, expected) in [
        (
            json!({ "name": "t", "scope": ["view"] }),
            400,
            "TagScopeNarrowed",
        ),
        (
            json!({ "name": "system.t", "scope": ["table"] }),
            400,
            "ReservedTagNamespace",
        ),
        (
            json!({ "name": "t", "scope": ["table"], "add-allowed-values": ["a"] }),
            400,
            "InvalidTagDefinition",
        ),
        (
            json!({ "name": "OTHER", "scope": ["table"] }),
            409,
            "TagNameAlreadyExists",
        ),
    ] {
        let (found, kind, message) = app.post(&uri, &update).await.error();
        assert_eq!((found, kind.as_str()), (status, expected), "{message}");
    }
}

#[tokio::test]
async fn definitions_are_listed_in_pages() {
    let things = TaggableResources::start().await;
    for name in ["b", "A", "c"] {
        things.define_free(name).await;
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let uri = format!("{DEFINITIONS}?pageSize=2&pageToken={token}");
        let page = things.app.get(uri).await.expect(200);
        let names = page["tag-definitions"].as_array().unwrap().iter();
        found.extend(names.map(|one| one["name"].as_str().unwrap().to_owned()));
        match page["next-page-token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(found, ["A", "b", "c"]);
}
