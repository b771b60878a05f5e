//! What verifiers of contracts are shown of commits to tables.

use approval::{Action, Named, ProposedChange};
use model::TabularKind;

use super::TableCommit;
use super::plan::{Change, Plan};
use crate::heavy::heavy;
use crate::{Catalog, Request, Result, contracts};

/// Asks whether the planned commits may happen, before any of their files is written. Nobody is asked about what is new or stays as it is.
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
        // Until the file is written, the plan holds the metadata that it begins with.
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
