//! Credential access boundaries: what a downscoped token can reach.
//!
//! <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::vend::{Permission, Scope};

/// Most characters of one condition.
const MAX_EXPRESSION: usize = 2048;

/// The boundary that allows everything below the scope's folder in `bucket`, and nothing else; the error is the rule
/// that the folder breaks.
///
/// Names occur in three places: in objects, in the folders of buckets with hierarchical namespace, and in the prefix
/// of a listing, whose resource is the bucket. Each is compared with the folder's key and a slash behind it, so
/// `orders` does not allow `orders2`.
pub(super) fn of(bucket: &str, scope: &Scope) -> Result<Value, String> {
    let key = scope.folder.key();
    let prefix = if key.is_empty() {
        String::new()
    } else {
        quoted(&format!("{key}/"))
    };
    let name = format!("projects/_/buckets/{}", quoted(bucket));
    let clauses = [
        format!("resource.name.startsWith('{name}/objects/{prefix}')"),
        format!("resource.name.startsWith('{name}/folders/{prefix}')"),
        format!(
            "api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('{prefix}')"
        ),
    ];
    if let Some(longest) = clauses.iter().map(|clause| clause.chars().count()).max()
        && longest > MAX_EXPRESSION
    {
        return Err(format!(
            "the path is too long for an access boundary: its condition has {longest} characters, and Google takes at most {MAX_EXPRESSION}"
        ));
    }
    let joined = clauses.join(" || ");
    // A request needs only one of the rules: if the clauses are too long for one rule, each gets its own.
    let expressions = if joined.chars().count() <= MAX_EXPRESSION {
        vec![joined]
    } else {
        clauses.to_vec()
    };
    let rules: Vec<Value> = expressions
        .iter()
        .map(|expression| rule(bucket, scope.permission, expression))
        .collect();
    Ok(json!({"accessBoundary": {"accessBoundaryRules": rules}}))
}

fn rule(bucket: &str, permission: Permission, expression: &str) -> Value {
    let role = match permission {
        Permission::Read => "inRole:roles/storage.objectViewer",
        // Unlike `objectAdmin`, this role cannot change who may access an object.
        Permission::Write => "inRole:roles/storage.objectUser",
    };
    json!({
        "availableResource": format!("//storage.googleapis.com/projects/_/buckets/{bucket}"),
        "availablePermissions": [role],
        "availabilityCondition": {"title": "one-folder", "expression": expression},
    })
}

/// Escapes `text` for a literal in single quotes of the Common Expression Language.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            // Locations have no control characters; if one slipped through, it must not end the literal.
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
