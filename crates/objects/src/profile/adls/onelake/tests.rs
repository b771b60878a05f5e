//! OneLake as the account of a profile of type `adls`.

use serde_json::json;

use super::*;
use crate::credential::StorageCredential;
use crate::profile::StorageProfile;

fn account(changes: &Value) -> Result<StorageProfile, ProfileError> {
    let mut profile = json!({
        "type": "adls", "account-name": "onelake", "host": "blob.fabric.microsoft.com",
        "filesystem": "0b2c1f1e-95d1-4a3c-8a3e-6f1f5d7c0a11", "key-prefix": "lakehouse/Files",
    });
    for (field, value) in changes.as_object().unwrap() {
        profile[field] = value.clone();
    }
    StorageProfile::from_json(&profile)
}

#[test]
fn an_account_that_is_onelake_keeps_its_rules() {
    for (changes, expected) in [
        (
            json!({"sas-token-validity-seconds": 3601}),
            "`sas-token-validity-seconds` is `3601`: it must be between 1 and 3600 seconds on OneLake",
        ),
        (
            json!({"storage-layout": {"type": "tabular-only", "tabular": "{uuid}"}}),
            "`storage-layout` is `tabular-only`: it must be `default` on OneLake",
        ),
        (
            json!({"key-prefix": "lakehouse/Files/a%20b"}),
            "`key-prefix` is `lakehouse/Files/a%20b`: it must have no `%`",
        ),
        (
            json!({"host": "z0b.dfs.fabric.microsoft.com", "sas-token-validity-seconds": 3601}),
            "seconds on OneLake",
        ),
    ] {
        let message = account(&changes).unwrap().check_new().unwrap_err();
        let message = message.to_string();
        assert!(message.contains(expected), "{message}");
    }
    let elsewhere = json!({"host": "dfs.core.windows.net", "sas-token-validity-seconds": 3601});
    assert!(account(&elsewhere).unwrap().check_new().is_ok());
}

/// The profile was stored before the rules were known.
#[test]
fn a_stored_account_that_is_onelake_is_signed_for_as_long_as_that_can_be() {
    let stored = json!({
        "sas-token-validity-seconds": 7_200, "key-prefix": "lakehouse/Files/a%20b",
        "storage-layout": { "type": "tabular-only", "tabular": "{uuid}" },
    });
    let StorageProfile::Adls(profile) = account(&stored).unwrap() else {
        panic!()
    };
    assert_eq!(profile.lake().token_validity, Duration::from_hours(1));
}

#[test]
fn an_account_that_is_onelake_asks_for_no_key_that_onelake_refuses() {
    let StorageProfile::Adls(profile) = account(&json!({})).unwrap() else {
        panic!()
    };
    assert_eq!(profile.lake().longest_key, Duration::from_hours(1));
}

#[test]
fn an_account_that_is_onelake_has_no_key_and_no_locations_that_are_decoded() {
    let profile = account(&json!({})).unwrap();
    let key = json!({"type": "az", "credential-type": "shared-access-key", "key": "aHVudGVyMg=="});
    let key = StorageCredential::from_json(&key).unwrap();
    let refused = profile.validate_credential(Some(&key), &Policy::default());
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("OneLake has no keys"), "{message}");

    let base = profile.base_location();
    assert!(profile.parse_location(&format!("{base}/t")).is_ok());
    let refused = profile.parse_location(&format!("{base}/t%41"));
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("has a `%`"), "{message}");
}
