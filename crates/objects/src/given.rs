//! Fields that a client sends and nobody reads.

use serde_json::Value;

use crate::profile::ProfileError;

/// Names of the 0.x API for fields that have another name now.
const FORMER_NAMES: [&str; 3] = [
    "s3-url-detection-mode",
    "aws-access-key-id",
    "aws-secret-access-key",
];

/// Refuses a field of `given` that `read`, its normal form, does not have: a misspelled optional field would silently get
/// its default. A field that is null or an empty text says nothing, so it may have any name: forms send the fields of other
/// types along empty.
pub(crate) fn refuse_unknown(
    what: &'static str,
    given: &Value,
    read: &Value,
) -> Result<(), ProfileError> {
    let (Some(given), Some(read)) = (given.as_object(), read.as_object()) else {
        return Ok(());
    };
    let is_unknown = |name: &str| !read.contains_key(name) && !FORMER_NAMES.contains(&name);
    let says_nothing = |value: &Value| value.is_null() || value.as_str() == Some("");
    let unknown = given
        .iter()
        .find(|(name, value)| !says_nothing(value) && is_unknown(name));
    let Some((name, _)) = unknown else {
        return Ok(());
    };
    let known: Vec<_> = read.keys().map(|name| format!("`{name}`")).collect();
    let name = crate::location::shortened(name);
    Err(ProfileError::Malformed {
        what,
        reason: format!(
            "unknown field `{name}`; the fields here are {}",
            known.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{StorageCredential, StorageProfile};

    fn refused(given: &serde_json::Value) -> String {
        let read = StorageProfile::from_request(given).map(drop);
        read.unwrap_err().to_string()
    }

    #[test]
    fn a_misspelled_field_of_a_profile_is_named_with_those_that_there_are() {
        let misspelled = refused(&json!({"type": "local", "root": "/x", "key-prefx": "team-a"}));
        assert_eq!(
            misspelled,
            "malformed storage profile: unknown field `key-prefx`; the fields here are `key-prefix`, `root`, \
             `storage-layout`, `type`"
        );
        let within = json!({"type": "full-hierarchy", "namespace": "{uuid}", "tabular": "{uuid}", "tabluar": "x"});
        let within = refused(&json!({"type": "local", "root": "/x", "storage-layout": within}));
        assert!(within.contains("unknown field `tabluar`"), "{within}");
    }

    #[test]
    fn former_names_and_nulls_are_taken() {
        let profile = json!({
            "type": "s3", "bucket": "lake", "region": "eu-central-1", "sts-enabled": false,
            "s3-url-detection-mode": "path", "sts-session-tags": {"any": "name"}, "of-a-later-version": null,
        });
        StorageProfile::from_request(&profile).unwrap();
        let credential = json!({
            "type": "s3", "credential-type": "access-key", "aws-access-key-id": "a", "aws-secret-access-key": "b",
        });
        StorageCredential::from_request(&credential).unwrap();
        let of_a_form = json!({
            "type": "az", "credential-type": "azure-system-identity", "client-id": "", "client-secret": "", "tenant-id": "",
        });
        StorageCredential::from_request(&of_a_form).unwrap();
    }

    #[test]
    fn a_misspelled_field_of_a_credential_is_named_and_no_value() {
        let given = json!({
            "type": "s3", "credential-type": "access-key", "access-key-id": "a", "secret-access-key": "hunter2",
            "externalid": "hunter3",
        });
        let refused = StorageCredential::from_request(&given)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("unknown field `externalid`"), "{refused}");
        assert!(!refused.contains("hunter"), "{refused}");
    }
}
