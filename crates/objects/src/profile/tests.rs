//! Profiles: the JSON of the management API, the rules of their fields, updates.

use serde_json::json;
use uuid::Uuid;

use super::*;

fn s3(changes: &Value) -> Value {
    let mut profile = json!({"type": "s3", "bucket": "my-bucket", "region": "eu-central-1", "sts-enabled": false});
    for (field, value) in changes.as_object().unwrap() {
        profile[field] = value.clone();
    }
    profile
}

fn read(json: &Value) -> StorageProfile {
    StorageProfile::from_json(json).unwrap()
}

/// Whether two warehouses share files, by the catalog's rule for their addresses.
pub(super) fn overlap(a: &StorageProfile, b: &StorageProfile) -> bool {
    let (a, b) = (a.base_address(), b.base_address());
    let is_within = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_within(&a, &b) || is_within(&b, &a)
}

pub(super) fn refusal(json: &Value) -> String {
    StorageProfile::from_json(json)
        .expect_err(&json.to_string())
        .to_string()
}

#[test]
fn a_minimal_s3_profile_gets_the_documented_defaults() {
    let profile = read(&s3(&json!({})));
    assert_eq!(
        serde_json::to_value(&profile).unwrap(),
        json!({
            "type": "s3", "bucket": "my-bucket", "region": "eu-central-1", "sts-enabled": false,
            "key-prefix": null, "endpoint": null, "flavor": "aws", "path-style-access": null,
            "allow-alternative-protocols": null, "assume-role-arn": null, "sts-role-arn": null,
            "sts-endpoint": null, "sts-token-validity-seconds": 3600, "sts-session-tags": {},
            "remote-signing-enabled": true, "remote-signing-url-style": "auto",
            "push-s3-delete-disabled": true, "aws-kms-key-arn": null, "legacy-md5-behavior": null,
            "storage-layout": null,
        })
    );
}

#[test]
fn every_field_survives_a_round_trip() {
    let json = s3(&json!({
        "key-prefix": "a/b c", "endpoint": "http://localhost:9000/", "flavor": "s3-compat",
        "path-style-access": true, "allow-alternative-protocols": true, "sts-enabled": true,
        "assume-role-arn": "arn:aws:iam::1:role/a", "sts-role-arn": "arn:aws:iam::1:role/b",
        "sts-endpoint": "https://sts.example.com/x", "sts-token-validity-seconds": 900,
        "sts-session-tags": {"Team": "data & co".replace(" & ", "+")}, "remote-signing-enabled": false,
        "remote-signing-url-style": "virtual_host", "push-s3-delete-disabled": false,
        "aws-kms-key-arn": "arn:aws:kms:eu:1:key/x", "legacy-md5-behavior": true,
        "storage-layout": {"type": "full-hierarchy", "namespace": "{name}-{uuid}", "tabular": "{uuid}"},
    }));
    assert_eq!(serde_json::to_value(read(&json)).unwrap(), json);
    let local = json!({
        "type": "local", "root": "/data", "key-prefix": "a/b",
        "storage-layout": {"type": "tabular-only", "tabular": "{uuid}"},
    });
    assert_eq!(serde_json::to_value(read(&local)).unwrap(), local);
    assert_eq!(
        serde_json::to_value(read(&json!({"type": "memory"}))).unwrap(),
        json!({"type": "memory"})
    );
}

#[test]
fn other_spellings_are_read_and_the_first_is_printed() {
    let profile = serde_json::to_value(read(&s3(&json!({
        "flavor": "minio", "s3-url-detection-mode": "path-style", "key-prefix": "/a/b/",
        "endpoint": "http://minio:9000/my-bucket", "sts-role-arn": "  ", "unknown-field": 1,
    }))))
    .unwrap();
    assert_eq!(profile["flavor"], "s3-compat");
    assert_eq!(profile["remote-signing-url-style"], "path");
    assert_eq!(profile["key-prefix"], "a/b");
    assert_eq!(profile["endpoint"], "http://minio:9000/");
    assert_eq!(profile["sts-role-arn"], Value::Null);
    assert_eq!(
        serde_json::to_value(read(&s3(
            &json!({"remote-signing-url-style": "virtual-host"})
        )))
        .unwrap()["remote-signing-url-style"],
        "virtual_host"
    );
}

/// Each change must be refused with a message that contains the text beside it.
fn refused(table: &[(Value, &str)]) {
    for (changes, expected) in table {
        let message = refusal(&s3(changes));
        assert!(message.contains(expected), "{changes}: {message}");
    }
}

#[test]
fn a_refused_place_is_named_with_its_value_and_rule() {
    refused(&[
        (
            json!({"bucket": "ab"}),
            "`bucket` is `ab`: it must have 3 to 63 characters",
        ),
        (json!({"bucket": "My_Bucket"}), "lower case letters"),
        (json!({"bucket": "-ab"}), "must begin and end with"),
        (json!({"bucket": "10.0.0.1"}), "IP address"),
        (
            json!({"region": ""}),
            "`region` is ``: it must not be empty",
        ),
        (json!({"region": "a b"}), "`region` is `a b`"),
        (
            json!({"region": "x".repeat(129)}),
            "at most 128 bytes, not 129",
        ),
        (
            json!({"key-prefix": "a/../b"}),
            "`key-prefix` is `a/../b`: it cannot be used: it has a `..` segment",
        ),
        (json!({"key-prefix": "a//b"}), "empty segment"),
        (json!({"key-prefix": "a?b"}), "engines read differently"),
        (
            json!({"key-prefix": "x".repeat(897)}),
            "at most 896 bytes, not 897",
        ),
        (
            json!({"endpoint": "minio:9000"}),
            "must begin with `http://`",
        ),
        (
            json!({"endpoint": "ftp://minio"}),
            "must begin with `http://`",
        ),
        (
            json!({"endpoint": "http://minio/path"}),
            "must have no path",
        ),
        (json!({"endpoint": "http://minio/?x=1"}), "no `?`"),
        (json!({"endpoint": "not a url"}), "must be a URL"),
    ]);
}

#[test]
fn other_refused_fields_are_named_with_their_value_and_rule() {
    refused(&[
        (
            json!({"sts-endpoint": "file:///x"}),
            "`sts-endpoint` is `file:///x`",
        ),
        (
            json!({"sts-role-arn": "a b"}),
            "`sts-role-arn` is `a b`: it must be one ARN",
        ),
        (json!({"aws-kms-key-arn": "arn:*"}), "`aws-kms-key-arn`"),
        (
            json!({"sts-token-validity-seconds": 60}),
            "between 900 and 43200 seconds",
        ),
        (json!({"sts-session-tags": {"": "x"}}), "keys of 1 to 128"),
        (json!({"sts-session-tags": {"a": "<"}}), "(tag `a`)"),
        (
            json!({"storage-layout": {"type": "tabular-only", "tabular": "{name}"}}),
            "must contain `{uuid}`",
        ),
        (
            json!({"storage-layout": {"type": "tabular-only", "tabular": "{uuid}/../x"}}),
            "beside its placeholders",
        ),
        (
            json!({"storage-layout": {"type": "full-hierarchy", "namespace": "n", "tabular": "{uuid}"}}),
            "storage-layout.namespace",
        ),
        (
            json!({"storage-layout": {"type": "spiral"}}),
            "unknown variant `spiral`",
        ),
        (json!({"flavor": "azure"}), "unknown variant `azure`"),
        (json!({"bucket": null}), "malformed storage profile"),
        (
            json!({"path-style-access": "yes"}),
            "malformed storage profile",
        ),
    ]);
    let message = refusal(&json!({"type": "s3", "bucket": "abc", "region": "x"}));
    assert!(message.contains("missing field `sts-enabled`"), "{message}");
}

#[test]
fn a_password_in_an_endpoint_is_refused_and_not_shown() {
    let message = refusal(&s3(&json!({"endpoint": "http://user:hunter2@minio:9000"})));
    assert!(
        message.contains("must hold no user and password") && !message.contains("hunter2"),
        "{message}"
    );
}

#[test]
fn kinds_of_storage_that_are_not_there_yet_are_told_from_nonsense() {
    let message = refusal(&json!({"type": "stackit"}));
    let expected = "`type` `stackit` is not supported by this build yet";
    assert!(message.contains(expected), "{message}");
    assert!(refusal(&json!({"type": "tape"})).contains("must be `s3`, `s3-tables`, `gcs`"));
    assert!(refusal(&json!({})).contains("no `type`"));
    assert!(refusal(&json!("s3")).contains("no `type`"));
}

#[test]
fn local_roots_are_absolute_folders() {
    let local = |root: &str| json!({"type": "local", "root": root});
    for root in [
        "data",
        "",
        "./x",
        "/",
        "//host/x",
        "/a/../b",
        "/a\nb",
        "file:///data",
    ] {
        assert!(refusal(&local(root)).contains("`root`"), "{root}");
    }
    assert!(refusal(&json!({"type": "local"})).contains("missing field `root`"));
    assert_eq!(
        read(&local("/data//x/")).base_location().as_str(),
        "file:///data/x"
    );
    let prefixed = read(&json!({"type": "local", "root": "/data", "key-prefix": "/a/b/"}));
    assert_eq!(prefixed.base_location().as_str(), "file:///data/a/b");
}

#[test]
fn local_storage_needs_the_servers_consent() {
    let (allowed, refused) = (
        Policy {
            local_enabled: LocalStorage::Allowed,
            ..Policy::default()
        },
        Policy::default(),
    );
    for profile in [
        json!({"type": "local", "root": "/data"}),
        json!({"type": "memory"}),
    ] {
        let profile = read(&profile);
        profile.validate(&allowed).unwrap();
        let message = profile.validate(&refused).unwrap_err().to_string();
        assert!(
            message.contains("LAKEKEEPER__ENABLE_LOCAL_STORAGE=true"),
            "{message}"
        );
    }
    read(&s3(&json!({}))).validate(&refused).unwrap();
}

#[test]
fn proposed_locations_stay_in_the_warehouse() {
    let local = read(&json!({"type": "local", "root": "/data", "key-prefix": "wh"}));
    for good in ["file:/data/wh/t", "file:///data/wh/t", "/data/wh/t"] {
        assert_eq!(local.parse_location(good).unwrap().as_str(), good);
    }
    for bad in [
        "/data/wh2/t",
        "/data",
        "file:///etc/passwd",
        "s3://my-bucket/t",
        "/data/wh/../x",
    ] {
        assert!(local.parse_location(bad).is_err(), "{bad}");
    }
    let bucket = read(&s3(&json!({"key-prefix": "wh"})));
    bucket.parse_location("s3://my-bucket/wh/t").unwrap();
    for bad in [
        "s3a://my-bucket/wh/t",
        "s3://my-bucket/wh2/t",
        "s3://other-bucket/wh/t",
        "/wh/t",
    ] {
        assert!(bucket.parse_location(bad).is_err(), "{bad}");
    }
    let message = bucket
        .parse_location("s3n://my-bucket/wh/t")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("has the scheme `s3n`, but this warehouse accepts `s3://`"),
        "{message}"
    );
    let message = bucket
        .parse_location("s3://my-bucket/x")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("must be below `s3://my-bucket/wh`"),
        "{message}"
    );

    let lenient = read(&s3(&json!({"allow-alternative-protocols": true})));
    for good in ["s3://my-bucket/t", "s3a://my-bucket/t", "s3n://my-bucket/t"] {
        lenient.parse_location(good).unwrap();
    }
    assert!(lenient.parse_location("file:///t").is_err());
}

#[test]
fn an_update_never_moves_the_data() {
    let old = read(&s3(&json!({"key-prefix": "a"})));
    let update = |changes: &Value| {
        let mut json = s3(&json!({"key-prefix": "a"}));
        for (field, value) in changes.as_object().unwrap() {
            json[field] = value.clone();
        }
        old.update_with(read(&json))
    };
    for (changes, field) in [
        (json!({"bucket": "other-bucket"}), "bucket"),
        (json!({"key-prefix": "b"}), "key-prefix"),
        (json!({"key-prefix": null}), "key-prefix"),
        (json!({"region": "us-east-1"}), "region"),
    ] {
        let message = update(&changes).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("`{field}` cannot be changed from")),
            "{message}"
        );
    }
    update(&json!({"endpoint": "https://s3.example.com", "region": "us-east-1"})).unwrap();
    update(&json!({"sts-enabled": true, "sts-role-arn": "arn:x", "path-style-access": true}))
        .unwrap();

    let local = |root: &str, prefix: &str| {
        read(&json!({"type": "local", "root": root, "key-prefix": prefix}))
    };
    assert!(local("/a", "x").update_with(local("/a", "x")).is_ok());
    assert!(local("/a", "x").update_with(local("/a", "y")).is_err());
    assert!(local("/a", "x").update_with(local("/b", "x")).is_err());
    let message = old.update_with(local("/a", "x")).unwrap_err().to_string();
    assert!(
        message.starts_with("`type` cannot be changed from `s3` to `local`"),
        "{message}"
    );
}

#[test]
fn an_update_keeps_what_it_does_not_mention() {
    let layout = json!({"type": "tabular-only", "tabular": "{uuid}"});
    let old = read(&s3(
        &json!({"allow-alternative-protocols": true, "storage-layout": layout}),
    ));
    let updated = serde_json::to_value(old.update_with(read(&s3(&json!({})))).unwrap()).unwrap();
    assert_eq!(updated["allow-alternative-protocols"], true);
    assert_eq!(updated["storage-layout"], layout);
    let off = old
        .update_with(read(&s3(&json!({"allow-alternative-protocols": false}))))
        .unwrap();
    assert_eq!(
        serde_json::to_value(off).unwrap()["allow-alternative-protocols"],
        false
    );
}

#[test]
fn engines_are_told_how_to_reach_the_bucket() {
    let config = |changes: &Value| read(&s3(changes)).client_config();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let region = [
        pair("s3.region", "eu-central-1"),
        pair("client.region", "eu-central-1"),
        pair("region", "eu-central-1"),
    ];
    assert_eq!(config(&json!({})), region);
    assert_eq!(
        config(&json!({"endpoint": "http://minio:9000", "path-style-access": true}))[3..],
        [
            pair("s3.endpoint", "http://minio:9000/"),
            pair("s3.path-style-access", "true")
        ]
    );
    assert_eq!(
        config(&json!({"aws-kms-key-arn": "arn:k"}))[3..],
        [pair("s3.sse.type", "kms"), pair("s3.sse.key", "arn:k")]
    );
    let no_delete = [pair("s3.delete-enabled", "false")];
    let profile = read(&s3(&json!({})));
    assert_eq!(profile.catalog_defaults(DeletionMode::Soft), no_delete);
    assert_eq!(profile.catalog_defaults(DeletionMode::Hard), []);
    assert_eq!(
        read(&s3(&json!({"push-s3-delete-disabled": false}))).catalog_defaults(DeletionMode::Soft),
        []
    );
    assert_eq!(
        read(&json!({"type": "local", "root": "/data"})).client_config(),
        []
    );
}

#[test]
fn overlap_goes_by_bucket_and_segments() {
    let bucket = |changes: &Value| read(&s3(changes));
    let table = [
        (json!({}), json!({"key-prefix": "a"}), true),
        (
            json!({"key-prefix": "a"}),
            json!({"key-prefix": "a/b"}),
            true,
        ),
        (json!({"key-prefix": "a"}), json!({"key-prefix": "a"}), true),
        (
            json!({"key-prefix": "a"}),
            json!({"key-prefix": "ab"}),
            false,
        ),
        (
            json!({"key-prefix": "a/b"}),
            json!({"key-prefix": "a/c"}),
            false,
        ),
        (json!({}), json!({"bucket": "other-bucket"}), false),
        (json!({}), json!({"endpoint": "http://minio:9000"}), false),
        (
            json!({"endpoint": "http://minio:9000"}),
            json!({"endpoint": "http://minio:9000/", "key-prefix": "a"}),
            true,
        ),
        (
            json!({"endpoint": "http://minio:9000"}),
            json!({"endpoint": "http://minio-of-others:9000"}),
            false,
        ),
        (
            json!({}),
            json!({"endpoint": "https://s3.eu-central-1.amazonaws.com"}),
            true,
        ),
        (json!({}), json!({"region": "us-east-1"}), true),
    ];
    for (a, b, expected) in table {
        let (a, b) = (bucket(&a), bucket(&b));
        assert_eq!(
            (overlap(&a, &b), overlap(&b, &a)),
            (expected, expected),
            "{a:?} {b:?}"
        );
    }
    let local = |root: &str| read(&json!({"type": "local", "root": root}));
    assert!(overlap(&local("/data"), &local("/data/x")));
    assert!(!overlap(&local("/data"), &local("/data2")));
    assert!(!overlap(&local("/data"), &bucket(&json!({}))));
}

#[test]
fn layouts_name_folders() {
    let id = Uuid::nil();
    let names = [
        LayoutName {
            name: "eu",
            uuid: id,
        },
        LayoutName {
            name: "a b",
            uuid: id,
        },
    ];
    let table = LayoutName {
        name: "{uuid}/../中",
        uuid: id,
    };
    let folder = |json: Value| {
        let profile = read(&s3(&json!({"storage-layout": json})));
        let layout = profile.layout();
        let mut folders = layout.namespace_folders(&names);
        assert_eq!(layout.has_namespace_folders(), !folders.is_empty());
        folders.push(layout.tabular_folder(table));
        folders.join("/")
    };
    for default in [Value::Null, json!({"type": "default"})] {
        assert_eq!(folder(default), id.to_string());
    }
    assert_eq!(
        folder(json!({"type": "tabular-only", "tabular": "{name}-{uuid}"})),
        format!("%7Buuid%7D%2F..%2F%E4%B8%AD-{id}")
    );
    assert_eq!(
        folder(json!({"type": "full-hierarchy", "namespace": "{name}", "tabular": "t-{uuid}"})),
        format!("eu/a%20b/t-{id}")
    );
}
