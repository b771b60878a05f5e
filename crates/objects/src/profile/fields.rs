//! Tests every field of every kind of profile from one list: that it is stored, that its rule is enforced, and that
//! an update treats it as it should.
//!
//! `fields.json` has the fields as the management API describes them. For each it has a value that is not the
//! default, a value that is refused, and the effect of an update: `refused` if the field locates the data; `kept` if
//! an update that does not mention the field keeps the old value; `taken` if such an update sets the default.

use serde_json::{Map, json};

use super::tests::refusal;
use super::*;

struct Kind {
    name: String,
    required: Value,
    fields: Map<String, Value>,
}

fn kinds() -> Vec<Kind> {
    let all: Map<String, Value> = serde_json::from_str(include_str!("fields.json")).unwrap();
    let kinds = all.into_iter().map(|(name, mut kind)| Kind {
        name,
        required: kind["required"].take(),
        fields: kind["fields"].as_object().unwrap().clone(),
    });
    kinds.collect()
}

impl Kind {
    fn with(&self, field: &str, value: &Value) -> Value {
        let mut profile = self.required.clone();
        profile[field] = value.clone();
        profile
    }
}

fn read(json: &Value) -> StorageProfile {
    StorageProfile::from_json(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn printed(profile: &StorageProfile) -> Value {
    serde_json::to_value(profile).unwrap()
}

#[test]
fn no_field_is_unknown_or_forgotten() {
    for kind in kinds() {
        let profile = printed(&read(&kind.required));
        let mut listed: Vec<&str> = kind.fields.keys().map(String::as_str).collect();
        listed.push("type");
        listed.sort_unstable();
        let mut there: Vec<&str> = profile
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        there.sort_unstable();
        assert_eq!(there, listed, "{}", kind.name);
    }
}

#[test]
fn each_field_is_kept() {
    for kind in kinds() {
        let default = printed(&read(&kind.required));
        for (field, facts) in &kind.fields {
            let profile = kind.with(field, &facts["other"]);
            let mut expected = default.clone();
            expected[field] = facts["other"].clone();
            assert_ne!(
                expected, default,
                "{} {field}: not another value",
                kind.name
            );
            assert_eq!(printed(&read(&profile)), expected, "{} {field}", kind.name);
        }
    }
}

#[test]
fn each_field_has_a_rule_that_its_refusal_names() {
    for kind in kinds() {
        for (field, facts) in &kind.fields {
            let message = refusal(&kind.with(field, &facts["wrong"]));
            assert!(message.contains(field), "{} {field}: {message}", kind.name);
        }
    }
}

#[test]
fn an_update_changes_what_it_may_and_never_where_the_data_is() {
    for kind in kinds() {
        let old = read(&kind.required);
        for (field, facts) in &kind.fields {
            let new = read(&kind.with(field, &facts["other"]));
            let updated = old.update_with(new.clone());
            if facts["update"] == "refused" {
                let message = updated.unwrap_err().to_string();
                let expected = format!("`{field}` cannot be changed from");
                assert!(
                    message.starts_with(&expected),
                    "{} {field}: {message}",
                    kind.name
                );
                // The value can be set neither from the default nor back to it.
                assert!(
                    new.update_with(old.clone()).is_err(),
                    "{} {field}",
                    kind.name
                );
            } else {
                let updated = updated.unwrap();
                assert_eq!(updated, new, "{} {field}", kind.name);
                assert_eq!(updated.base_location(), old.base_location());
            }
        }
    }
}

#[test]
fn an_update_that_does_not_mention_a_field_keeps_it_or_sets_it_back() {
    for kind in kinds() {
        let new = read(&kind.required);
        for (field, facts) in &kind.fields {
            let old = read(&kind.with(field, &facts["other"]));
            let updated = match facts["update"].as_str().unwrap() {
                "refused" => continue,
                _ => printed(&old.update_with(new.clone()).unwrap()),
            };
            let expected = match facts["update"].as_str().unwrap() {
                "kept" => &facts["other"],
                "taken" => &printed(&new)[field],
                other => panic!("{other}"),
            };
            assert_eq!(&updated[field], expected, "{} {field}", kind.name);
        }
    }
}

#[test]
fn another_region_is_taken_with_an_endpoint_which_then_locates_the_bucket() {
    let profile = |region: &str, endpoint: Option<&str>| {
        read(&json!({
            "type": "s3", "bucket": "my-bucket", "region": region, "sts-enabled": false, "endpoint": endpoint,
        }))
    };
    let endpoint = Some("https://s3.example.com");
    let old = profile("eu-central-1", None);
    assert!(old.update_with(profile("us-east-1", endpoint)).is_ok());
    assert!(old.update_with(profile("us-east-1", None)).is_err());
}

#[test]
fn a_kind_stays_what_it_is() {
    for old in kinds() {
        for new in kinds() {
            let updated = read(&old.required).update_with(read(&new.required));
            assert_eq!(
                updated.is_ok(),
                old.name == new.name,
                "{} {}",
                old.name,
                new.name
            );
        }
    }
}

#[test]
fn a_profile_of_stackit_is_refused_by_name_whatever_its_fields() {
    let message = refusal(&json!({
        "type": "stackit", "bucket": "my-bucket", "region": "eu01", "credentials-group-urn": "urn:x",
    }));
    assert!(
        message.contains("`type` `stackit` is not supported by this build yet"),
        "{message}"
    );
}
