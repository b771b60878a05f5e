//! The exact conditions of access boundaries.

use super::*;
use crate::location::Location;

fn scope(folder: &str, permission: Permission) -> Scope {
    Scope {
        folder: Location::parse_object(folder).unwrap(),
        permission,
    }
}

fn expressions(folder: &str) -> Vec<String> {
    let boundary = of("bucket-1", &scope(folder, Permission::Read)).unwrap();
    let rules = &boundary["accessBoundary"]["accessBoundaryRules"];
    rules
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            rule["availabilityCondition"]["expression"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn readers_reach_one_folder_and_its_listing() {
    let boundary = of(
        "bucket-1",
        &scope("gs://bucket-1/wh/t 1/", Permission::Read),
    );
    let expression = "resource.name.startsWith('projects/_/buckets/bucket-1/objects/wh/t 1/') \
        || resource.name.startsWith('projects/_/buckets/bucket-1/folders/wh/t 1/') \
        || api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('wh/t 1/')";
    assert_eq!(
        boundary.unwrap(),
        json!({"accessBoundary": {"accessBoundaryRules": [{
            "availableResource": "//storage.googleapis.com/projects/_/buckets/bucket-1",
            "availablePermissions": ["inRole:roles/storage.objectViewer"],
            "availabilityCondition": {"title": "one-folder", "expression": expression},
        }]}})
    );
}

#[test]
fn writers_may_not_change_who_may_access() {
    let boundary = of("bucket-1", &scope("gs://bucket-1/wh/t", Permission::Write)).unwrap();
    assert_eq!(
        boundary["accessBoundary"]["accessBoundaryRules"][0]["availablePermissions"],
        json!(["inRole:roles/storage.objectUser"])
    );
}

#[test]
fn a_path_cannot_end_its_literal() {
    let hostile = r"gs://bucket-1/x') || true || a.startsWith('/\' || true || '";
    let key = r"x') || true || a.startsWith('/\' || true || '/";
    let [expression] = &expressions(hostile)[..] else {
        panic!("one rule")
    };
    let (literals, outside) = split(expression);
    assert_eq!(
        literals,
        [
            &format!("projects/_/buckets/bucket-1/objects/{key}"),
            &format!("projects/_/buckets/bucket-1/folders/{key}"),
            "storage.googleapis.com/objectListPrefix",
            "",
            key,
        ]
    );
    assert!(!outside.contains("true"), "{outside}");
    assert_eq!(quoted(r"a'b\c"), r"a\'b\\c");
    assert_eq!(quoted("a\nb\u{7f}"), r"a\u000ab\u007f");
    assert_eq!(quoted("ü \"`?$"), "ü \"`?$");
}

#[test]
fn a_bucket_as_a_whole_has_no_prefix() {
    let [expression] = &expressions("gs://bucket-1")[..] else {
        panic!("one rule")
    };
    assert!(
        expression
            .starts_with("resource.name.startsWith('projects/_/buckets/bucket-1/objects/') || "),
        "{expression}"
    );
}

#[test]
fn a_long_path_is_spread_over_rules_and_one_that_fits_nowhere_is_refused() {
    let key = |c: &str, count: usize| format!("gs://bucket-1/{}", c.repeat(count));
    assert_eq!(expressions(&key("x", 550)).len(), 1);
    let spread = expressions(&key("x", 1024));
    assert_eq!(spread.len(), 3);
    for expression in &spread {
        assert!(expression.len() <= MAX_EXPRESSION && expression.contains(&"x".repeat(1024)));
        assert!(!expression.contains("||"));
    }
    let folder = key("'", 1024);
    let error = of("bucket-1", &scope(&folder, Permission::Read)).unwrap_err();
    assert!(error.contains("at most 2048"), "{error}");
}

/// The string literals of an expression, read by the rules of the Common Expression Language, and the text outside
/// them.
fn split(expression: &str) -> (Vec<String>, String) {
    let (mut inside, mut outside) = (Vec::new(), String::new());
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        if c != '\'' {
            outside.push(c);
            continue;
        }
        let mut literal = String::new();
        loop {
            match chars.next().expect("a literal that ends") {
                '\'' => break,
                '\\' => literal.extend(chars.next()),
                c => literal.push(c),
            }
        }
        inside.push(literal);
    }
    (inside, outside)
}
