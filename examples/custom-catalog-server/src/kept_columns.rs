//! A verifier: columns stay.

use std::collections::HashMap;

use approval::{
    Action, ContractVerification, Denial, Proposal, ProposedChange, Refusal, Unavailable, Verdict,
};
use async_trait::async_trait;
use serde_json::Value;
use serde_json::value::RawValue;

/// Refuses commits that take a column out of a table's current schema: somebody may read it.
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

/// A column that the change takes away.
fn missing_column(change: &ProposedChange) -> Option<String> {
    let is_rewritten = matches!(change.action, Action::Update | Action::Overwrite);
    if !is_rewritten {
        return None;
    }
    let before = columns(change.old_metadata.as_deref()?)?;
    let after = columns(change.new_metadata.as_deref()?)?;
    // By id: a column that gets another name is still there.
    let mut missing = before.into_iter().filter(|(id, _)| !after.contains_key(id));
    missing.next().map(|(_, name)| name)
}

/// The columns of the current schema by their ids. A view has versions instead: none.
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
