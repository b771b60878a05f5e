//! A contract verifier that keeps columns from being removed.

use std::collections::HashMap;

use approval::{
    Action, ContractVerification, Denial, Proposal, ProposedChange, Refusal, Unavailable, Verdict,
};
use async_trait::async_trait;
use serde_json::Value;
use serde_json::value::RawValue;

/// Refuses changes that remove a column from the current schema of a table, because somebody may read it.
#[derive(Debug)]
pub struct KeptColumns;

#[async_trait]
impl ContractVerification for KeptColumns {
    fn name(&self) -> &'static str {
        "kept-columns"
    }

    async fn verify(&self, proposal: &Proposal) -> Result<Verdict, Unavailable> {
        for change in &proposal.changes {
            if let Some(column) = missing_column(change) {
                let named = &change.named;
                let table = format!("{}.{}", named.namespace.join("."), named.name);
                let reason = format!("column `{column}` of `{table}` is relied on and must stay");
                return Ok(Verdict::Deny(Denial::new(Refusal::Forbidden, &reason)));
            }
        }
        Ok(Verdict::Allow)
    }
}

/// The name of a column that the change removes, if there is one.
fn missing_column(change: &ProposedChange) -> Option<String> {
    let is_rewritten = matches!(change.action, Action::Update | Action::Overwrite);
    if !is_rewritten {
        return None;
    }
    let before = columns(change.old_metadata.as_deref()?)?;
    let after = columns(change.new_metadata.as_deref()?)?;
    // Compares ids, because a renamed column is still there.
    let mut missing = before.into_iter().filter(|(id, _)| !after.contains_key(id));
    missing.next().map(|(_, name)| name)
}

/// The names of the current schema's columns by their ids. `None` for a view, whose metadata has no current schema.
fn columns(metadata: &RawValue) -> Option<HashMap<i64, String>> {
    let metadata: Value = serde_json::from_str(metadata.get()).ok()?;
    let current = metadata.get("current-schema-id")?;
    let schemas = metadata.get("schemas")?.as_array()?;
    let schema = schemas
        .iter()
        .find(|schema| schema.get("schema-id") == Some(current))?;
    let fields = schema.get("fields")?.as_array()?;
    let columns = fields.iter().map(|field| {
        let name = field.get("name")?.as_str()?.to_owned();
        Some((field.get("id")?.as_i64()?, name))
    });
    columns.collect()
}
