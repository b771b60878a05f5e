//! What session policies allow, judged by a small evaluator of IAM's language.

use super::*;
use crate::{Location, StorageProfile};

fn profile(fields: &Value) -> S3Profile {
    let mut json =
        json!({"type": "s3", "bucket": "lake", "region": "eu-central-1", "sts-enabled": true});
    for (name, value) in fields.as_object().unwrap() {
        json[name] = value.clone();
    }
    match StorageProfile::from_json(&json).unwrap() {
        StorageProfile::S3(profile) => *profile,
        other => panic!("{other:?}"),
    }
}

fn scope(key: &str, permission: Permission) -> Scope {
    Scope {
        folder: Location::parse_object(&format!("s3://lake/{key}")).unwrap(),
        permission,
    }
}

fn compat() -> S3Profile {
    profile(&json!({"flavor": "s3-compat", "endpoint": "http://minio", "region": "cn-north-1"}))
}

/// A stand-in for IAM: whether the policy allows the action on a resource, for a listing with this prefix.
fn allows(policy: &str, action: &str, resource: &str, prefix: Option<&str>) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap();
    policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .any(|statement| {
            assert_eq!(statement["Effect"], "Allow");
            let named = match &statement["Action"] {
                Value::String(one) => one == action,
                many => many.as_array().unwrap().contains(&json!(action)),
            };
            let pattern = |json: &Value| json.as_str().unwrap().to_owned();
            let condition = &statement["Condition"]["StringLike"]["s3:prefix"];
            named
                && matches(&pattern(&statement["Resource"]), resource)
                && (condition.is_null()
                    || prefix.is_some_and(|prefix| matches(&pattern(condition), prefix)))
        })
}

/// `*` stands for any text, `?` for any character, `${*}` for a star.
fn matches(pattern: &str, text: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("${") {
        let (literal, rest) = rest.split_once('}').unwrap();
        return text.strip_prefix(literal).is_some_and(|t| matches(rest, t));
    }
    match (pattern.chars().next(), text.chars().next()) {
        (None, end) => end.is_none(),
        (Some('*'), end) => {
            matches(&pattern[1..], text)
                || end.is_some_and(|c| matches(pattern, &text[c.len_utf8()..]))
        }
        (Some('?'), Some(c)) => matches(&pattern[1..], &text[c.len_utf8()..]),
        (Some(p), Some(c)) => p == c && matches(&pattern[p.len_utf8()..], &text[c.len_utf8()..]),
        (Some(_), None) => false,
    }
}

#[test]
fn a_folder_is_open_and_its_siblings_are_not() {
    for profile in [profile(&json!({})), compat()] {
        let policy = of_aws(&profile, &scope("wh/orders", Permission::Write)).unwrap();
        let object = |key: &str| format!("arn:aws:s3:::lake/{key}");
        for action in WRITE {
            assert!(allows(&policy, action, &object("wh/orders/data/a"), None));
            for outside in ["wh/orders2/a", "wh/orders", "wh/a", "a", "wh/orders2"] {
                assert!(
                    !allows(&policy, action, &object(outside), None),
                    "{outside}"
                );
            }
            let other = "arn:aws:s3:::lake2/wh/orders/a";
            assert!(!allows(&policy, action, other, None));
        }
        let list = |prefix| allows(&policy, "s3:ListBucket", "arn:aws:s3:::lake", prefix);
        assert!(list(Some("wh/orders/")) && list(Some("wh/orders/data/")));
        for outside in [
            None,
            Some(""),
            Some("wh/"),
            Some("wh/orders"),
            Some("wh/orders2/"),
        ] {
            assert!(!list(outside), "{outside:?}");
        }
    }
}

#[test]
fn readers_cannot_write() {
    let policy = of_aws(&compat(), &scope("wh/t", Permission::Read)).unwrap();
    let object = "arn:aws:s3:::lake/wh/t/a";
    for action in WRITE {
        assert_eq!(
            allows(&policy, action, object, None),
            READ.contains(action),
            "{action}"
        );
    }
}

#[test]
fn the_key_of_the_bucket_comes_with_it() {
    let key = "arn:aws:kms:eu-central-1:1:key/k";
    let encrypted = profile(&json!({"aws-kms-key-arn": key}));
    let read = of_aws(&encrypted, &scope("t", Permission::Read)).unwrap();
    let write = of_aws(&encrypted, &scope("t", Permission::Write)).unwrap();
    assert!(allows(&read, "kms:Decrypt", key, None) && allows(&write, "kms:Decrypt", key, None));
    assert!(allows(&write, "kms:GenerateDataKey", key, None));
    assert!(!allows(&read, "kms:GenerateDataKey", key, None));
    let compatible =
        json!({"aws-kms-key-arn": key, "flavor": "s3-compat", "endpoint": "http://minio"});
    for without in [json!({}), compatible] {
        let policy = of_aws(&profile(&without), &scope("t", Permission::Write)).unwrap();
        assert!(!policy.contains("kms"), "{policy}");
    }
}

#[test]
fn the_partition_is_that_of_the_region() {
    let table = [
        (profile(&json!({"region": "cn-north-1"})), "arn:aws-cn:s3"),
        (
            profile(&json!({"region": "us-gov-east-1"})),
            "arn:aws-us-gov:s3",
        ),
        (
            profile(&json!({"region": "eusc-de-east-1"})),
            "arn:aws-eusc:s3",
        ),
        (profile(&json!({})), "arn:aws:s3"),
        (compat(), "arn:aws:s3"),
    ];
    for (profile, expected) in table {
        let policy = of_aws(&profile, &scope("t", Permission::Read)).unwrap();
        assert!(policy.contains(expected), "{policy}");
    }
}

#[test]
fn patterns_in_keys_are_taken_literally() {
    let policy = of_aws(&profile(&json!({})), &scope("a*b/?$", Permission::Read)).unwrap();
    assert!(policy.contains("lake/a${*}b/${?}${$}/*"), "{policy}");
    let reads = |key: &str| {
        let object = format!("arn:aws:s3:::lake/{key}");
        allows(&policy, "s3:GetObject", &object, None)
    };
    assert!(reads("a*b/?$/x"));
    assert!(!reads("axxb/?$/x") && !reads("a*b/x$/x"));
}

#[test]
fn stores_that_know_no_escapes_get_no_patterns() {
    for key in ["a*b", "a?b", "a${aws:username}b"] {
        let scope = scope(key, Permission::Read);
        for result in [of_aws(&compat(), &scope), of_aliyun(&compat(), &scope)] {
            let problem = result.unwrap_err();
            assert!(matches!(problem, PolicyProblem::Wildcard(_)), "{problem}");
        }
    }
    of_aws(&compat(), &scope("a$b", Permission::Read)).unwrap();
}

#[test]
fn quotes_and_other_alphabets_stay_what_they_are() {
    let scope = scope("a\"b/\u{fc}\u{1f600}", Permission::Write);
    let policy = of_aws(&profile(&json!({})), &scope).unwrap();
    assert!(policy.is_ascii(), "{policy}");
    let object = "arn:aws:s3:::lake/a\"b/\u{fc}\u{1f600}/x";
    assert!(allows(&policy, "s3:PutObject", object, None));
}

#[test]
fn a_policy_that_sts_would_refuse_is_refused_here() {
    let longest = (1..1000)
        .rev()
        .find(|n| {
            let scope = scope(&"k".repeat(*n), Permission::Write);
            of_aws(&profile(&json!({})), &scope).is_ok()
        })
        .unwrap();
    assert!(longest > 700, "{longest}");
    let scope = scope(&"k".repeat(longest + 1), Permission::Write);
    let problem = of_aws(&profile(&json!({})), &scope).unwrap_err();
    assert!(problem.to_string().contains("at most 2048"), "{problem}");
}

#[test]
fn aliyun_has_names_of_its_own() {
    let policy = of_aliyun(&compat(), &scope("wh/t", Permission::Write)).unwrap();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    assert_eq!(policy["Version"], "1");
    let (objects, list) = (&policy["Statement"][0], &policy["Statement"][1]);
    assert_eq!(objects["Resource"], "acs:oss:*:*:lake/wh/t/*");
    assert!(
        objects["Action"]
            .as_array()
            .unwrap()
            .contains(&json!("oss:DeleteObject"))
    );
    assert_eq!(list["Resource"], "acs:oss:*:*:lake");
    assert_eq!(list["Condition"]["StringLike"]["oss:Prefix"], "wh/t/*");
    let read = of_aliyun(&compat(), &scope("wh/t", Permission::Read)).unwrap();
    assert!(!read.contains("Put") && !read.contains("Delete"), "{read}");
}
