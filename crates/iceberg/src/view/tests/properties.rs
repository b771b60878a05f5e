//! Invariants of a view after any updates.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Version { id: i32, schema: i32, query: u8 },
    Current(i32),
    Schema(u8),
    Keep(u8),
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (-2_i32..9, -1_i32..3, any::<u8>())
            .prop_map(|(id, schema, query)| Step::Version { id, schema, query }),
        3 => (-1_i32..9).prop_map(Step::Current),
        1 => any::<u8>().prop_map(Step::Schema),
        1 => (1_u8..5).prop_map(Step::Keep),
        1 => Just(Step::Forget),
    ]
}

fn concrete(steps: &[Step]) -> Value {
    let update = |step: &Step| match step {
        Step::Version { id, schema, query } => json!({"action": "add-view-version", "view-version":
            version(*id, *schema, &json!([sql("spark", &format!("SELECT {}", query % 4))]))}),
        Step::Current(id) => json!({"action": "set-current-view-version", "view-version-id": id}),
        Step::Schema(n) => {
            json!({"action": "add-schema", "schema": schema(&format!("c{}", n % 3))})
        }
        Step::Keep(n) => json!({"action": "set-properties",
            "updates": {"version.history.num-entries": n.to_string()}}),
        Step::Forget => json!({"action": "remove-properties",
            "removals": ["version.history.num-entries"]}),
    };
    steps.iter().map(update).collect()
}

fn check_invariants(view: &ViewMetadata, added: usize) {
    let versions = ids(view, "versions");
    assert_eq!(
        versions.iter().collect::<HashSet<_>>().len(),
        versions.len(),
        "ids are unique"
    );
    assert!(
        versions.contains(&i64::from(view.current_version_id())),
        "current is there"
    );
    assert!(
        ids(view, "version-log")
            .iter()
            .all(|id| versions.contains(id)),
        "the log has no gaps"
    );
    let json = value(view);
    let schemas: HashSet<_> = json["schemas"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["schema-id"].as_i64())
        .collect();
    let versions = json["versions"].as_array().unwrap();
    assert!(
        versions
            .iter()
            .all(|v| schemas.contains(&v["schema-id"].as_i64()))
    );
    let keep = view
        .property("version.history.num-entries")
        .map_or(10, |n| n.parse().unwrap());
    assert!(
        versions.len() <= keep.max(added + 1),
        "{} of {keep}",
        versions.len()
    );
    let read = ViewMetadata::parse(&view.to_json()).unwrap();
    assert_eq!(read.to_json(), view.to_json());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_updates_leave_a_view_that_the_spec_allows(
        commits in prop::collection::vec(prop::collection::vec(step(), 1..5), 1..15),
    ) {
        let mut base = view();
        for steps in commits {
            let Ok(after) = try_apply(&base, concrete(&steps)) else { continue };
            let added = steps.iter().filter(|step| matches!(step, Step::Version { .. })).count();
            let sets_properties = steps.iter().any(|step| matches!(step, Step::Keep(_) | Step::Forget));
            let Some(after) = after else {
                prop_assert!(!sets_properties);
                continue;
            };
            check_invariants(&after, added);
            prop_assert!(sets_properties || after.to_json() != base.to_json());
            base = after;
        }
    }
}
