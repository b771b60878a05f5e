//! Credentials for Google Cloud Storage: what is read, what is refused, what is shown.

use serde_json::{Value, json};

use super::super::StorageCredential;
use super::*;

const PRIVATE_KEY: &str = include_str!("../../gcs/opens-nothing.pem");

fn with(changes: &[(&str, Value)]) -> Value {
    let mut key = json!({
        "type": "service_account",
        "project_id": "project-1",
        "private_key_id": "key-1",
        "private_key": PRIVATE_KEY,
        "client_email": "catalog@project-1.iam.gserviceaccount.com",
        "client_id": "123456789012345678901",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/catalog",
        "universe_domain": "googleapis.com",
    });
    for (field, value) in changes {
        key[field] = value.clone();
    }
    json!({"type": "gcs", "credential-type": "service-account-key", "key": key})
}

fn read(json: &Value) -> GcsCredential {
    let Ok(StorageCredential::Gcs(gcs)) = StorageCredential::from_json(json) else {
        panic!("a credential for GCS")
    };
    gcs
}

fn key(changes: &[(&str, Value)]) -> GcsKey {
    match read(&with(changes)) {
        GcsCredential::ServiceAccountKey(key) => *key,
        GcsCredential::SystemIdentity => panic!("no key"),
    }
}

#[test]
fn secrets_survive_storage_and_are_never_shown() {
    let given = with(&[("a_field_of_tomorrow", json!(1))]);
    let credential = StorageCredential::from_json(&given).unwrap();
    let stored = credential.expose_json();
    let stored: Value = serde_json::from_str(stored.expose()).unwrap();
    assert_eq!(stored, given);
    assert_eq!(StorageCredential::from_json(&stored).unwrap(), credential);
    assert_eq!(
        (credential.kind(), credential.credential_type()),
        ("gcs", "service-account-key")
    );
    let shown = format!("{credential:?}");
    assert!(shown.contains("catalog@project-1"), "{shown}");
    assert!(
        !shown.contains("PRIVATE") && !shown.contains("key-1"),
        "{shown}"
    );
}

#[test]
fn a_system_identity_has_nothing_to_keep() {
    let given = json!({"type": "gcs", "credential-type": "gcp-system-identity"});
    let credential = StorageCredential::from_json(&given).unwrap();
    let stored: Value = serde_json::from_str(credential.expose_json().expose()).unwrap();
    assert_eq!(stored, given);
    let gcs = read(&given);
    assert_eq!(gcs, GcsCredential::SystemIdentity);
    assert_eq!(gcs.storage_url(), "https://storage.googleapis.com");
    assert_eq!(gcs.sts_url(), "https://sts.googleapis.com/v1/token");
    assert_eq!(gcs.own_storage_url(), None);
}

#[test]
fn googles_own_endpoints_need_not_be_named() {
    let gcs = read(&with(&[
        ("token_uri", Value::Null),
        ("universe_domain", Value::Null),
    ]));
    assert_eq!(gcs.storage_url(), "https://storage.googleapis.com");
    assert_eq!(gcs.sts_url(), "https://sts.googleapis.com/v1/token");
    assert_eq!(gcs.own_storage_url(), None);
    assert_eq!(
        key(&[("token_uri", json!(""))]).token_uri(),
        "https://oauth2.googleapis.com/token"
    );
}

#[test]
fn another_cloud_with_googles_services_is_named_by_its_domain() {
    let gcs = read(&with(&[("universe_domain", json!("cloud.example"))]));
    assert_eq!(gcs.storage_url(), "https://storage.cloud.example");
    assert_eq!(gcs.sts_url(), "https://sts.cloud.example/v1/token");
    assert_eq!(gcs.own_storage_url(), Some("https://storage.cloud.example"));
}

#[test]
fn an_emulator_needs_no_private_key() {
    let emulator = [
        ("gcs_base_url", json!("http://127.0.0.1:4443/")),
        ("disable_oauth", json!(true)),
        ("private_key", json!("")),
    ];
    assert_eq!(key(&emulator).private_key(), None);
    let gcs = read(&with(&emulator));
    assert_eq!(gcs.own_storage_url(), Some("http://127.0.0.1:4443"));
}

/// Each change of the key must be refused with a message that contains the text beside it, and no secret.
fn refused(table: &[(&str, Value, &str)]) {
    for (field, value, expected) in table {
        let error = StorageCredential::from_json(&with(&[(field, value.clone())])).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected), "{field}: {shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_private_key_that_cannot_be_used_is_not_shown() {
    let mut broken = PRIVATE_KEY.to_owned();
    broken.insert_str(100, "hunter2");
    let redacted = "`key.private_key` is `[redacted]`";
    refused(&[
        ("private_key", Value::Null, "`key.private_key` is missing"),
        ("private_key", json!("hunter2"), redacted),
        ("private_key", json!(broken), redacted),
        ("private_key", json!(["hunter2"]), "must be a string"),
        (
            "private_key",
            json!("hunter2".repeat(3000)),
            "at most 16384 bytes",
        ),
    ]);
}

#[test]
fn a_refused_field_is_named_with_its_value_and_rule() {
    refused(&[
        (
            "type",
            json!("external_account"),
            "`key.type` is `external_account`",
        ),
        ("type", Value::Null, "`key.type` is missing"),
        ("client_email", Value::Null, "`key.client_email` is missing"),
        ("client_email", json!("a b"), "`key.client_email` is `a b`"),
        (
            "private_key_id",
            json!(7),
            "`key.private_key_id` must be a string",
        ),
        ("project_id", json!("x".repeat(321)), "`key.project_id`"),
        ("disable_oauth", json!("yes"), "must be true or false"),
        (
            "disable_oauth",
            json!(true),
            "`key.disable_oauth` is `true`",
        ),
        ("universe_domain", json!("1.2.3.4"), "`key.universe_domain`"),
        (
            "universe_domain",
            json!("a.example/x?"),
            "`key.universe_domain`",
        ),
        (
            "universe_domain",
            json!("localhost"),
            "`key.universe_domain`",
        ),
    ]);
}

#[test]
fn what_is_no_credential_is_told_what_it_lacks() {
    for (json, expected) in [
        (json!({"type": "gcs"}), "no `credential-type`"),
        (
            json!({"type": "gcs", "credential-type": "hmac"}),
            "must be `service-account-key` or",
        ),
        (
            json!({"type": "gcs", "credential-type": "service-account-key"}),
            "`key` must be",
        ),
    ] {
        let error = StorageCredential::from_json(&json).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn addresses_are_those_of_services() {
    for (url, expected) in [
        ("not a url", "must be a URL"),
        ("ftp://storage.example", "must begin with `http://`"),
        ("file:///etc/passwd", "must begin with `http://`"),
        (
            "https://u:hunter2@storage.example",
            "must hold no user and password",
        ),
        ("https://storage.example/?a", "must have no `?`"),
        ("https://storage.example/#a", "must have no `?`"),
        ("http://169.254.169.254/latest", "metadata server"),
        ("http://0xa9fea9fe/", "metadata server"),
        ("http://[::ffff:169.254.169.254]/", "metadata server"),
        ("http://[fe80::1]/", "metadata server"),
        ("http://[fd00:ec2::254]/", "metadata server"),
        ("http://100.100.100.200/", "metadata server"),
        ("http://168.63.129.16/", "metadata server"),
        ("http://Metadata.Google.Internal./x", "metadata server"),
        ("http://metadata/x", "metadata server"),
    ] {
        for field in ["token_uri", "gcs_base_url", "sts_url"] {
            let error = StorageCredential::from_json(&with(&[(field, json!(url))])).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected), "{url}: {shown}");
            assert!(shown.contains(&format!("`key.{field}`")), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
