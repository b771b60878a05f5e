//! Commits to tables: to one or several at once, to existing ones or to tables that the commit creates.
//!
//! Requirements are checked before anything is written, so a commit that is refused costs no file. A commit that
//! loses a race in the database is checked and applied again on the new state; its file is deleted, since no row ever
//! pointed to it. Only if the outcome is unknown does the file stay, because the table's row may point to it.

use std::collections::HashSet;

use futures::future::{join_all, try_join_all};
use iceberg::{TableRequirement, TableUpdate};
use model::{Bounds, Event, TabularKind, TabularPath, WarehouseId};
use objects::StorageProfile;
use store::{Commit, Effects, IdempotencyRecord, StoreError, Swap};

use super::plan::{Change, Plan, plan};
use super::proposed::approve;
use super::taken_in::take_in;
use super::together;
use crate::again::{ATTEMPTS, pause};
use crate::files;
use crate::idempotency::Interrupted;
use crate::table_bucket::{self, Publication};
use crate::tabular::{self, CommittedTabular, once_loaded};
use crate::{Catalog, CatalogError, ErrorKind, Loaded, Request, Result};

/// How many metadata files of one request are written concurrently.
const WRITES: usize = 16;

/// A commit to one table.
#[derive(Debug, Clone)]
pub struct TableCommit {
    /// The table.
    pub path: TabularPath,
    /// The requirements that must hold.
    pub requirements: Vec<TableRequirement>,
    /// The updates to apply.
    pub updates: Vec<TableUpdate>,
}

impl TableCommit {
    /// Roughly how many bytes are processed to apply it.
    pub(super) fn size(&self) -> usize {
        self.updates.iter().map(TableUpdate::size).sum()
    }

    /// Whether the commit creates the table, so that the table must not exist yet.
    pub(super) fn creates(&self) -> bool {
        let is_creation = |one: &TableRequirement| matches!(one, TableRequirement::AssertCreate);
        self.requirements.iter().any(is_creation)
    }
}

/// Commits to one table.
pub async fn commit(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commit: TableCommit,
) -> Result<Loaded> {
    let path = commit.path.clone();
    once_loaded(cx, request, TabularKind::Table, &path, async {
        check_bounds(std::slice::from_ref(&commit))?;
        // Verifiers are shown each commit by itself, with the state that it is applied to; so with verifiers, commits
        // share no file.
        if cx.verifiers().is_none() && together::can_share(&commit) {
            return together::commit(cx, request, warehouse, commit).await;
        }
        let record = |committed: &[CommittedTabular]| match committed {
            [one] => request.record(one, cx.now()),
            _ => Err(CatalogError::internal("one commit, several outcomes")),
        };
        let commits = [commit];
        let alone = commit_all(cx, request, warehouse, &commits, record);
        let done = Box::pin(alone).await?;
        let done = done.into_iter().next();
        done.ok_or_else(|| CatalogError::internal("a commit without an outcome").into())
    })
    .await
}

/// Commits to all of the tables or to none. `record` builds the idempotency record of the outcome.
pub(crate) async fn commit_all(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commits: &[TableCommit],
    record: impl Fn(&[CommittedTabular]) -> Result<Vec<IdempotencyRecord>>,
) -> std::result::Result<Vec<(CommittedTabular, Loaded)>, Interrupted> {
    check_bounds(commits)?;
    for attempt in 0..ATTEMPTS {
        let paths = commits.iter().map(|one| &one.path);
        let turn = cx.turns.take(warehouse, paths).await?;
        let plans = commits.iter().map(|one| plan(cx, request, warehouse, one));
        let plans: Vec<Plan> = try_join_all(plans).await?;
        approve(cx, request, commits, &plans).await?;
        match execute(cx, warehouse, plans, &record).await? {
            Some(done) => return Ok(done),
            None => drop(turn),
        }
        pause(attempt).await;
    }
    Err(conflict().into())
}

/// The error of a commit that lost the race in each attempt.
pub(super) fn conflict() -> CatalogError {
    let message = format!(
        "other commits changed the same tables in each of {ATTEMPTS} attempts; refresh and try again"
    );
    CatalogError::new(ErrorKind::CommitFailed, message)
}

fn check_bounds(commits: &[TableCommit]) -> Result<()> {
    let mut seen = HashSet::new();
    for commit in commits {
        let path = &commit.path;
        if !seen.insert((path.namespace.key(), path.name.key())) {
            return Err(CatalogError::bad_request(format!(
                "the transaction has table `{path}` twice"
            )));
        }
        let (updates, max) = (commit.updates.len(), Bounds::UPDATES_PER_COMMIT);
        if updates > max {
            return Err(CatalogError::bad_request(format!(
                "a commit may have at most {max} updates, not {updates}"
            )));
        }
    }
    let (tables, max) = (commits.len(), Bounds::TABLES_PER_TRANSACTION);
    if tables > max {
        return Err(CatalogError::bad_request(format!(
            "a transaction may have at most {max} tables, not {tables}"
        )));
    }
    Ok(())
}

/// Writes the files and swaps the pointers; `None` if a race was lost.
pub(super) async fn execute(
    cx: &Catalog,
    warehouse: WarehouseId,
    mut plans: Vec<Plan>,
    record: impl Fn(&[CommittedTabular]) -> Result<Vec<IdempotencyRecord>>,
) -> std::result::Result<Option<Vec<(CommittedTabular, Loaded)>>, Interrupted> {
    check_together(&plans)?;
    if let Err(error) = write(cx, &mut plans).await {
        forget_written(cx, &plans).await;
        return Err(error.into());
    }
    let committed: Vec<_> = plans.iter().map(Plan::committed).collect();
    let idempotency = record(&committed)?;
    let published = match publish(cx, &plans).await {
        Ok(Publication::Conflict(_)) => {
            forget_written(cx, &plans).await;
            return Ok(None);
        }
        Ok(published) => published,
        Err(error) => {
            if error.kind != ErrorKind::CommitStateUnknown {
                forget_written(cx, &plans).await;
            }
            return Err(error.into());
        }
    };
    let swapped = swap(cx, warehouse, &mut plans, idempotency).await;
    match swapped {
        Ok(()) => Ok(Some(finish(cx, plans))),
        Err(error) => {
            if error.changed_nothing() && !published.is_done() {
                forget_written(cx, &plans).await;
            }
            let failed = failed(cx, error, &plans).await;
            failed.map_err(|error| error.map(|error| published.then(error)))
        }
    }
}

/// Refuses a commit to several tables in a table bucket, which changes one table at a time.
fn check_together(plans: &[Plan]) -> Result<()> {
    let mut buckets = plans.iter().map(|plan| &plan.warehouse.profile);
    if plans.len() < 2 || !buckets.any(StorageProfile::is_table_bucket) {
        return Ok(());
    }
    let message = "the warehouse's storage is a table bucket, in which one table changes at a time: commit to each table by itself";
    Err(CatalogError::new(ErrorKind::NotSupported, message))
}

/// In a table bucket, publishes the new metadata file. If the bucket's table has another state than the catalog's,
/// takes in that state instead.
async fn publish(cx: &Catalog, plans: &[Plan]) -> Result<Publication> {
    let [plan] = plans else {
        return Ok(Publication::None);
    };
    if matches!(plan.change, Change::None) {
        return Ok(Publication::None);
    }
    let (base, file) = (plan.base_file.as_deref(), &plan.content.metadata_location);
    let published = table_bucket::publish(cx, &plan.warehouse, &plan.path, base, file).await?;
    if let Publication::Conflict(other) = &published {
        take_in(cx, plan, other.clone()).await?;
    }
    Ok(published)
}

/// Writes the files, [`WRITES`] at a time; stops after the first group with a failure.
async fn write(cx: &Catalog, plans: &mut [Plan]) -> Result<()> {
    for some in plans.chunks_mut(WRITES) {
        let written = join_all(some.iter_mut().map(|plan| plan.write(cx))).await;
        written.into_iter().collect::<Result<()>>()?;
    }
    Ok(())
}

async fn swap(
    cx: &Catalog,
    warehouse: WarehouseId,
    plans: &mut [Plan],
    idempotency: Vec<IdempotencyRecord>,
) -> store::Result<()> {
    let mut commit = Commit {
        warehouse,
        creates: Vec::new(),
        swaps: Vec::new(),
        at: cx.now(),
    };
    let mut effects = Effects {
        idempotency,
        ..Effects::none()
    };
    for plan in &*plans {
        match &plan.change {
            Change::None => {}
            Change::Swap(swap) => commit.swaps.push(swap.clone()),
            Change::Create(create) => commit.creates.push(create.clone()),
        }
    }
    for plan in &mut *plans {
        effects.events.append(&mut plan.events);
        effects.grants.append(&mut plan.grants);
    }
    // Several plans belong to one request, so their events are numbered; the events of one plan belong to one request
    // each.
    if plans.len() > 1 {
        Event::number(&mut effects.events);
    }
    let Some(first) = plans.first() else {
        return Ok(());
    };
    let store = first.store(cx);
    // One unchanged table needs no swap, only its record. Of several tables, all requirements must hold at the same
    // time.
    if plans.len() == 1 && commit.swaps.is_empty() && commit.creates.is_empty() {
        for record in effects.idempotency {
            store.idempotency_record(record).await?;
        }
        return Ok(());
    }
    // The requirements of an unchanged table must still hold when the others change, so its version is checked by a
    // swap.
    let unchanged = plans.iter();
    let unchanged = unchanged.filter(|plan| matches!(plan.change, Change::None));
    commit.swaps.extend(unchanged.map(|plan| Swap {
        id: plan.committed().id,
        expected: plan.version(),
        claimed_location: None,
        content: plan.content.clone(),
        obsolete: None,
    }));
    store.tabular_commit(commit, effects).await
}

fn finish(cx: &Catalog, plans: Vec<Plan>) -> Vec<(CommittedTabular, Loaded)> {
    let mut done = Vec::with_capacity(plans.len());
    for plan in plans {
        let committed = plan.committed();
        let at = plan.at();
        let versioned = cx.metadata.put_at(at, plan.hint(), plan.content.clone());
        let loaded = Loaded::of(&plan.warehouse, plan.id, &versioned);
        done.push((committed, loaded));
    }
    done
}

async fn forget_written(cx: &Catalog, plans: &[Plan]) {
    for plan in plans.iter().filter(|plan| plan.is_written) {
        files::forget(
            cx,
            &plan.warehouse,
            vec![plan.content.metadata_location.clone()],
        )
        .await;
    }
}

/// Maps an error of the store; `None` for a lost race.
async fn failed<T>(
    cx: &Catalog,
    error: StoreError,
    plans: &[Plan],
) -> std::result::Result<Option<T>, Interrupted> {
    if matches!(error, StoreError::Stale { .. }) {
        return Ok(None);
    }
    let created = plans
        .iter()
        .find(|plan| matches!(plan.change, Change::Create(_)));
    match created {
        Some(plan) => {
            Err(tabular::creation_refused(cx, plan.at(), TabularKind::Table, error).await)
        }
        None => Err(Interrupted::of(error, CatalogError::from)),
    }
}
