//! Shows commits to tables to the contract verifiers.

use approval::{Action, Named, ProposedChange};
use model::TabularKind;

use super::TableCommit;
use super::plan::{Change, Plan};
use crate::heavy::heavy;
use crate::{Catalog, Request, Result, contracts};

/// Asks the verifiers to approve the planned commits, before any file is written. New tables and unchanged ones are
/// not shown.
pub(super) async fn approve(
    cx: &Catalog,
    request: &Request,
    commits: &[TableCommit],
    plans: &[Plan],
) -> Result<()> {
    let Some(first) = plans.first() else {
        return Ok(());
    };
    let changes = || {
        let changes = commits.iter().zip(plans);
        let changes = changes.filter_map(|(commit, plan)| proposed(commit, plan).transpose());
        changes.collect()
    };
    cx.approve(request, &first.warehouse, changes).await
}

fn proposed(commit: &TableCommit, plan: &Plan) -> Result<Option<ProposedChange>> {
    let (Change::Swap(..), Some(file)) = (&plan.change, &plan.file) else {
        return Ok(None);
    };
    Ok(Some(ProposedChange {
        // Until the file is written, `plan.content.metadata` is the metadata before the commit.
        old_metadata: Some(contracts::metadata(&plan.content.metadata)?),
        updates: Some(contracts::updates(&commit.updates)?),
        new_metadata: Some(heavy(file.json.len(), || {
            contracts::json(file.json.clone())
        })?),
        ..ProposedChange::of(
            Action::Update,
            TabularKind::Table,
            plan.id,
            Named::from(&plan.path),
        )
    }))
}
