//! Profiles on Azure: the JSON of the management API, the rules of their fields, updates.

use serde_json::json;

use super::super::{
    StorageProfile,
    tests::{overlap, refusal},
};
use super::*;
use crate::credential::StorageCredential;
use crate::location::Location;

const WORKSPACE: &str = "0b2c1f1e-95d1-4a3c-8a3e-6f1f5d7c0a11";
const LAKEHOUSE: &str = "6a7b8c9d-0e1f-4a2b-9c3d-4e5f6a7b8c9d";

fn with(mut profile: Value, changes: &Value) -> Value {
    for (field, value) in changes.as_object().unwrap() {
        profile[field] = value.clone();
    }
    profile
}

fn adls(changes: &Value) -> Value {
    with(
        json!({"type": "adls", "account-name": "account1", "filesystem": "lake"}),
        changes,
    )
}

fn onelake(changes: &Value) -> Value {
    with(
        json!({"type": "onelake", "workspace-id": WORKSPACE, "lakehouse-id": LAKEHOUSE}),
        changes,
    )
}

fn read(json: &Value) -> StorageProfile {
    StorageProfile::from_json(json).unwrap()
}

fn base(json: &Value) -> String {
    read(json).base_location().to_string()
}

#[test]
fn minimal_profiles_get_the_documented_defaults() {
    let profile = read(&with(adls(&json!({})), &json!({"type": "azdls"})));
    assert_eq!(
        serde_json::to_value(&profile).unwrap(),
        json!({
            "type": "adls", "account-name": "account1", "filesystem": "lake", "key-prefix": null,
            "host": null, "authority-host": null, "sas-enabled": true,
            "sas-token-validity-seconds": null, "allow-alternative-protocols": false,
            "storage-layout": null,
        })
    );
    let StorageProfile::Adls(profile) = profile else {
        panic!()
    };
    assert_eq!(profile.sas_token_validity_seconds(), 3600);
    assert_eq!(
        serde_json::to_value(read(&onelake(&json!({})))).unwrap(),
        json!({
            "type": "onelake", "workspace-id": WORKSPACE, "lakehouse-id": LAKEHOUSE,
            "directory-rel-path": null, "top-level-folder": "Files",
            "endpoint-mode": {"type": "default"}, "sas-enabled": true,
            "sas-token-validity-seconds": null, "authority-host": null, "storage-layout": null,
        })
    );
}

#[test]
fn every_field_survives_a_round_trip() {
    let full = adls(&json!({
        "key-prefix": "a/b c", "host": "dfs.core.chinacloudapi.cn",
        "authority-host": "https://login.chinacloudapi.cn/", "sas-enabled": false,
        "sas-token-validity-seconds": 900, "allow-alternative-protocols": true,
        "storage-layout": {"type": "tabular-only", "tabular": "{uuid}"},
    }));
    assert_eq!(serde_json::to_value(read(&full)).unwrap(), full);
    let full = onelake(&json!({
        "directory-rel-path": "a/b", "top-level-folder": "Tables",
        "endpoint-mode": {"type": "regional", "region": "westus"}, "sas-enabled": false,
        "sas-token-validity-seconds": 3600, "authority-host": "https://login.microsoftonline.us/",
        "storage-layout": {"type": "default"},
    }));
    assert_eq!(serde_json::to_value(read(&full)).unwrap(), full);
}

#[test]
fn the_base_location_is_made_of_the_fields() {
    let table = [
        (
            adls(&json!({})),
            "abfss://lake@account1.dfs.core.windows.net",
        ),
        (
            adls(&json!({"key-prefix": "/a/b/", "host": " Blob.Core.Windows.NET "})),
            "abfss://lake@account1.dfs.core.windows.net/a/b",
        ),
        (
            adls(&json!({"host": "z1.blob.storage.azure.net"})),
            "abfss://lake@account1.z1.dfs.storage.azure.net",
        ),
        (
            onelake(&json!({})),
            &format!("abfss://{WORKSPACE}@onelake.dfs.fabric.microsoft.com/{LAKEHOUSE}/Files"),
        ),
        (
            onelake(
                &json!({"endpoint-mode": {"type": "regional", "region": " WestUS "}, "directory-rel-path": "/a/"}),
            ),
            &format!(
                "abfss://{WORKSPACE}@westus-onelake.dfs.fabric.microsoft.com/{LAKEHOUSE}/Files/a"
            ),
        ),
        (
            onelake(
                &json!({"endpoint-mode": {"type": "workspace-private-link"}, "top-level-folder": "Tables"}),
            ),
            &format!(
                "abfss://{WORKSPACE}@{}.z0b.dfs.fabric.microsoft.com/{LAKEHOUSE}/Tables",
                WORKSPACE.replace('-', "")
            ),
        ),
    ];
    for (profile, expected) in table {
        assert_eq!(base(&profile), expected);
        let location = read(&profile).base_location();
        assert_eq!(
            Location::parse(location.as_str()).unwrap().normalized(),
            location.normalized()
        );
    }
}

/// Each change must be refused with a message that contains the text beside it.
fn refused(table: &[(Value, &str)]) {
    for (changes, expected) in table {
        let message = refusal(&adls(changes));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn fields_that_break_their_rule_are_named_with_value_and_rule() {
    let table = [
        (
            json!({"account-name": "ab"}),
            "`account-name` is `ab`: it must have 3 to 24 lower case",
        ),
        (
            json!({"account-name": "Account1"}),
            "it must have 3 to 24 lower case",
        ),
        (
            json!({"account-name": "account1.dfs.core.windows.net"}),
            "and no host",
        ),
        (
            json!({"filesystem": "a"}),
            "`filesystem` is `a`: it must have 3 to 63 characters",
        ),
        (
            json!({"filesystem": "la--ke"}),
            "it must not have two hyphens in a row",
        ),
        (
            json!({"filesystem": "Lake"}),
            "it may only have lower case letters, digits and hyphens",
        ),
        (
            json!({"filesystem": "-lake"}),
            "it must begin and end with a letter or a digit",
        ),
        (
            json!({"host": "https://dfs.core.windows.net"}),
            "`host` is `https://dfs.core.windows.net`: it must",
        ),
        (
            json!({"host": "account1.dfs.core.windows.net"}),
            "it must not begin with the account",
        ),
        (
            json!({"host": "dfs.core.windows.net/x"}),
            "it must be labels of 1 to 63",
        ),
        (
            json!({"host": "localhost"}),
            "it must have at least two labels",
        ),
        (
            json!({"host": "10.0.0.1"}),
            "it must be a name, not an IP address",
        ),
    ];
    refused(&table);
}

#[test]
fn prefixes_authorities_and_validities_that_break_their_rule_are_named_with_value_and_rule() {
    let table = [
        (json!({"key-prefix": "a/../b"}), "`key-prefix` is `a/../b`"),
        (json!({"key-prefix": "a./b"}), "ends with a dot"),
        (
            json!({"authority-host": "login"}),
            "`authority-host` is `login`: it must be a URL",
        ),
        (
            json!({"authority-host": "http://login.example.com"}),
            "it must begin with `https://`",
        ),
        (
            json!({"sas-token-validity-seconds": 0}),
            "`sas-token-validity-seconds` is `0`: it must be between 1 and 604800",
        ),
        (
            json!({"sas-token-validity-seconds": 604_801}),
            "it must be between 1 and 604800 seconds",
        ),
        (
            json!({"storage-layout": {"type": "tabular-only", "tabular": "x"}}),
            "must contain `{uuid}`",
        ),
        (json!({"filesystem": null}), "malformed storage profile"),
    ];
    refused(&table);
    let message = refusal(&adls(
        &json!({"authority-host": "https://me:hunter2@login.example.com"}),
    ));
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn fields_of_onelake_that_break_their_rule_are_named_with_value_and_rule() {
    let region = |region: &str| json!({"endpoint-mode": {"type": "regional", "region": region}});
    let table = [
        (json!({"workspace-id": "mine"}), "malformed storage profile"),
        (
            json!({"directory-rel-path": "a/../b"}),
            "`directory-rel-path` is `a/../b`",
        ),
        (
            json!({"directory-rel-path": "a%20b"}),
            "`directory-rel-path` is `a%20b`: it must have no `%`",
        ),
        (
            region("west.us"),
            "`endpoint-mode.region` is `west.us`: it must be the short name",
        ),
        (region(""), "it must be the short name"),
        (region("evil.example.com/"), "it must be the short name"),
        (
            json!({"sas-token-validity-seconds": 3601}),
            "it must be between 1 and 3600 seconds",
        ),
        (
            json!({"storage-layout": {"type": "tabular-only", "tabular": "{uuid}"}}),
            "it must be `default` on OneLake",
        ),
    ];
    for (changes, expected) in table {
        let message = refusal(&onelake(&changes));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn updates_change_everything_but_where_the_data_is() {
    let old = read(&adls(&json!({
        "key-prefix": "a", "storage-layout": {"type": "tabular-only", "tabular": "{uuid}"},
    })));
    let new = adls(&json!({
        "key-prefix": "a", "host": "dfs.core.windows.net", "sas-enabled": false,
        "sas-token-validity-seconds": 900, "authority-host": "https://login.example.com/",
        "allow-alternative-protocols": true,
    }));
    let updated = old.update_with(read(&new)).unwrap();
    let mut expected = new.clone();
    expected["storage-layout"] = json!({"type": "tabular-only", "tabular": "{uuid}"});
    assert_eq!(serde_json::to_value(&updated).unwrap(), expected);
    assert_eq!(updated.base_location(), old.base_location());
    for (field, value) in [
        ("account-name", "account2"),
        ("filesystem", "lake2"),
        ("key-prefix", "b"),
        ("host", "dfs.core.chinacloudapi.cn"),
    ] {
        let mut changed = new.clone();
        changed[field] = json!(value);
        let message = old.update_with(read(&changed)).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("`{field}` cannot be changed")),
            "{message}"
        );
    }
}

#[test]
fn updates_of_onelake_change_everything_but_where_the_data_is() {
    let old = read(&onelake(&json!({})));
    let new = onelake(
        &json!({"sas-enabled": false, "sas-token-validity-seconds": 900, "storage-layout": {"type": "default"}}),
    );
    assert_eq!(
        serde_json::to_value(old.update_with(read(&new)).unwrap()).unwrap()["sas-enabled"],
        false
    );
    for (field, value) in [
        ("workspace-id", json!(LAKEHOUSE)),
        ("lakehouse-id", json!(WORKSPACE)),
        ("top-level-folder", json!("Tables")),
        ("directory-rel-path", json!("a")),
        ("endpoint-mode", json!({"type": "workspace-private-link"})),
    ] {
        let changed = with(new.clone(), &json!({field: value}));
        let message = old.update_with(read(&changed)).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("`{field}` cannot be changed")),
            "{message}"
        );
    }
    let other = read(&adls(&json!({})));
    assert!(
        old.update_with(other)
            .unwrap_err()
            .to_string()
            .contains("`type` cannot be changed")
    );
}

#[test]
fn overlaps_are_found_whatever_the_spelling() {
    let profile = |changes: Value| read(&adls(&changes));
    let table = [
        (profile(json!({})), true),
        (profile(json!({"key-prefix": "a"})), true),
        (
            profile(json!({"key-prefix": "a/b/c", "host": "blob.core.windows.net"})),
            true,
        ),
        (profile(json!({"key-prefix": "a/b2"})), false),
        (profile(json!({"filesystem": "lake2"})), false),
        (profile(json!({"account-name": "account2"})), false),
        (read(&onelake(&json!({}))), false),
    ];
    let a = profile(json!({"key-prefix": "a/b"}));
    for (b, expected) in table {
        assert_eq!(overlap(&a, &b), expected, "{b:?}");
        assert_eq!(overlap(&b, &a), expected, "{b:?}");
    }
    let one = read(&onelake(&json!({"directory-rel-path": "a"})));
    let regional = json!({"endpoint-mode": {"type": "regional", "region": "westus"}});
    assert!(overlap(&one, &read(&onelake(&regional))));
    let by_account = read(&adls(&json!({
        "account-name": "onelake", "filesystem": WORKSPACE, "host": "dfs.fabric.microsoft.com",
    })));
    assert!(overlap(&one, &by_account) && overlap(&by_account, &one));
    let tables = read(&onelake(&json!({"top-level-folder": "Tables"})));
    assert!(!overlap(&one, &tables));
}

#[test]
fn locations_must_have_an_allowed_scheme_and_be_within() {
    let inside = "wasbs://lake@account1.blob.core.windows.net/wh/t";
    let strict = read(&adls(&json!({"key-prefix": "wh"})));
    let lenient = read(&adls(
        &json!({"key-prefix": "wh", "allow-alternative-protocols": true}),
    ));
    let message = strict.parse_location(inside).unwrap_err().to_string();
    assert!(
        message.ends_with("has the scheme `wasbs`, but this warehouse accepts `abfss://`"),
        "{message}"
    );
    assert_eq!(lenient.parse_location(inside).unwrap().as_str(), inside);
    for profile in [&strict, &lenient] {
        assert!(
            profile
                .parse_location("abfss://lake@ACCOUNT1.dfs.core.windows.net/wh/t")
                .is_ok()
        );
        for outside in [
            "abfss://lake@account1.dfs.core.windows.net/wh2/t",
            "abfss://lake@account2.dfs.core.windows.net/wh/t",
            "abfss://other@account1.dfs.core.windows.net/wh/t",
            "s3://lake/wh/t",
        ] {
            assert!(profile.parse_location(outside).is_err(), "{outside}");
        }
    }
    let one = read(&onelake(&json!({})));
    let base = one.base_location();
    assert!(one.parse_location(&format!("{base}/t")).is_ok());
    let message = one
        .parse_location(&format!("{base}/t%41"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("has a `%`, which engines read differently"),
        "{message}"
    );
}

#[test]
fn the_servers_identity_must_be_allowed_and_onelake_has_no_keys() {
    let credential = |kind: &str, more: Value| {
        let json = with(json!({"type": "az", "credential-type": kind}), &more);
        StorageCredential::from_json(&json).unwrap()
    };
    let identity = credential("azure-system-identity", json!({}));
    let key = credential("shared-access-key", json!({"key": "aHVudGVyMg=="}));
    let strict = Policy::default();
    let lenient = Policy {
        azure_identity: AzureIdentity::Allowed,
        ..strict
    };
    let [account, lakehouse] = [read(&adls(&json!({}))), read(&onelake(&json!({})))];
    for profile in [&account, &lakehouse] {
        let check = |policy| profile.validate_credential(Some(&identity), policy);
        assert!(check(&lenient).is_ok());
        let message = check(&strict).unwrap_err().to_string();
        assert!(
            message.contains("LAKEKEEPER__ENABLE_AZURE_SYSTEM_CREDENTIALS=true"),
            "{message}"
        );
    }
    let elsewhere = json!({"authority-host": "https://evil.example"});
    for profile in [adls(&elsewhere), onelake(&elsewhere)].map(|json| read(&json)) {
        let refused = profile.validate_credential(Some(&identity), &lenient);
        let message = refused.unwrap_err().to_string();
        assert!(
            message.starts_with("`authority-host` is `https://evil.example/`"),
            "{message}"
        );
        // The warehouse's own credential goes where the creator of the warehouse says.
        assert!(
            read(&adls(&elsewhere))
                .validate_credential(Some(&key), &strict)
                .is_ok()
        );
    }
    assert!(account.validate_credential(Some(&key), &strict).is_ok());
    let error = lakehouse
        .validate_credential(Some(&key), &lenient)
        .unwrap_err();
    assert!(error.to_string().contains("OneLake has no keys"), "{error}");
}

#[test]
fn engines_are_told_of_hosts_that_they_do_not_assume() {
    let config = |changes: Value| {
        let config = read(&adls(&changes)).client_config();
        serde_json::to_value(
            config
                .into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
        )
        .unwrap()
    };
    assert_eq!(config(json!({})), json!({"adls.account-name": "account1"}));
    assert_eq!(
        config(json!({"host": "dfs.core.usgovcloudapi.net"})),
        json!({
            "adls.account-name": "account1",
            "adls.account-host": "account1.blob.core.usgovcloudapi.net",
            "adls.blob-storage-authority": ".blob.core.usgovcloudapi.net",
            "adls.dfs-storage-authority": ".dfs.core.usgovcloudapi.net",
        })
    );
    let emulator = config(json!({"host": "dfs.localhost:10000"}));
    assert_eq!(emulator["adls.blob-storage-scheme"], "http");
    assert_eq!(
        emulator["adls.connection-string.account1.dfs.localhost:10000"],
        "http://account1.dfs.localhost:10000"
    );
    assert_eq!(
        emulator["adls.account-host"],
        "account1.blob.localhost:10000"
    );
}
