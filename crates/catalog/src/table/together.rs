//! Concurrent commits to one table share a file: the request whose turn it is applies all waiting commits one after
//! another in memory, and they share one metadata file and one transaction. Each commit keeps its own authorization,
//! requirements, event, idempotency record and answer; the answer shows the table with all of them.

use iceberg::TableUpdate;
use model::{TabularKind, WarehouseId};
use store::IdempotencyRecord;
use tokio::sync::oneshot;

use super::TableCommit;
use super::commit::{conflict, execute};
use super::plan::{PlanOutcome, plan_together};
use crate::again::{ATTEMPTS, pause};
use crate::idempotency::Interrupted;
use crate::tabular::{self, CommittedTabular};
use crate::turns::{InLine, Turn};
use crate::{Catalog, CatalogError, ErrorKind, Loaded, Request, Result};

/// Most commits that share a metadata file.
const MOST: usize = 64;

type Outcome = std::result::Result<(CommittedTabular, Loaded), Interrupted>;

/// A commit in the queue of its table, for the request whose turn it is.
#[derive(Debug)]
pub(crate) struct WaitingCommit {
    request: Request,
    commit: TableCommit,
    outcome: oneshot::Sender<Outcome>,
}

impl WaitingCommit {
    fn key(&self) -> Option<uuid::Uuid> {
        self.request.idempotency.as_ref().map(|sent| sent.key)
    }

    /// The receiver may be gone: when the server stops.
    fn tell(self, outcome: Outcome) {
        let _ = self.outcome.send(outcome);
    }
}

/// Whether the commit can share a file with others: not if it creates or moves the table.
pub(super) fn can_share(commit: &TableCommit) -> bool {
    let moves = |one: &TableUpdate| matches!(one, TableUpdate::SetLocation { .. });
    !commit.creates() && !commit.updates.iter().any(moves)
}

/// Commits to one table, together with the other commits that wait for it.
pub(super) async fn commit(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commit: TableCommit,
) -> Outcome {
    let line = cx.turns.join(warehouse, &commit.path)?;
    let (outcome, mut ended) = oneshot::channel();
    line.leave(WaitingCommit {
        request: request.clone(),
        commit,
        outcome,
    });
    let ended = loop {
        let turn = tokio::select! {
            biased;
            ended = &mut ended => break ended,
            turn = line.turn() => turn,
        };
        let commits = line.collect(MOST);
        if commits.is_empty() {
            // Another request has taken this commit already, and only paused between two attempts.
            drop(turn);
            break ended.await;
        }
        // Boxed, because most commits never get here and need not reserve the room.
        Box::pin(commit_groups(cx, warehouse, &line, turn, commits)).await;
    };
    ended.unwrap_or_else(|_| Err(unknown().into()))
}

/// The error if the request that had taken the commit panicked.
fn unknown() -> CatalogError {
    let message = "the commit ended without an outcome; it may or may not have been applied";
    CatalogError::new(ErrorKind::CommitStateUnknown, message)
}

/// What is left to do after an attempt.
enum Left {
    /// Groups to try right away, starting with the last one.
    Groups(Vec<Vec<WaitingCommit>>),
    /// The attempt lost a race; the group is to be tried again.
    Lost(Vec<WaitingCommit>),
}

impl Left {
    const NOTHING: Self = Self::Groups(Vec::new());
}

/// Makes the commits, and tells each its outcome.
async fn commit_groups(
    cx: &Catalog,
    warehouse: WarehouseId,
    line: &InLine<'_, WaitingCommit>,
    mut turn: Turn,
    commits: Vec<WaitingCommit>,
) {
    let (mut groups, mut lost) = (split_by_key(commits), 0);
    while let Some(group) = groups.pop() {
        match attempt(cx, warehouse, group).await {
            Left::Groups(left) => groups.extend(left),
            Left::Lost(group) if lost + 1 == ATTEMPTS => {
                for one in group {
                    one.tell(Err(conflict().into()));
                }
            }
            Left::Lost(group) => {
                drop(turn);
                pause(lost).await;
                lost += 1;
                turn = line.turn().await;
                groups.push(group);
            }
        }
    }
}

/// Splits the commits into groups that have each idempotency key at most once, the first group last. A commit with
/// the same key as an earlier one is answered from the record of that one.
fn split_by_key(commits: Vec<WaitingCommit>) -> Vec<Vec<WaitingCommit>> {
    let mut groups: Vec<Vec<WaitingCommit>> = Vec::new();
    for one in commits {
        let key = one.key();
        let is_free = |group: &&mut Vec<WaitingCommit>| {
            key.is_none() || group.iter().all(|other| other.key() != key)
        };
        match groups.iter_mut().find(is_free) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups.reverse();
    groups
}

async fn attempt(cx: &Catalog, warehouse: WarehouseId, group: Vec<WaitingCommit>) -> Left {
    let all: Vec<_> = group
        .iter()
        .map(|one| (&one.request, &one.commit))
        .collect();
    let (plan, outcomes) = match plan_together(cx, warehouse, &all).await {
        Ok(planned) => planned,
        Err(error) => return refuse(group, &error),
    };
    let (mut planned, mut conflicting) = (Vec::new(), Vec::new());
    for (one, outcome) in group.into_iter().zip(outcomes) {
        match outcome {
            PlanOutcome::Planned => planned.push(one),
            PlanOutcome::Refused(error) => one.tell(Err(error.into())),
            PlanOutcome::Conflict(error) => conflicting.push((one, error)),
        }
    }
    let Some(plan) = plan else {
        return Left::NOTHING;
    };
    let record = |committed: &[CommittedTabular]| records(cx, &planned, committed);
    match execute(cx, warehouse, vec![plan], record).await {
        Ok(Some(done)) => {
            let Some(done) = done.into_iter().next() else {
                return refuse(planned, &CatalogError::internal("no outcome"));
            };
            for one in planned {
                one.tell(Ok(done.clone()));
            }
            for (one, error) in conflicting {
                one.tell(Err(error.into()));
            }
            Left::NOTHING
        }
        Ok(None) => Left::Lost(rejoin(planned, conflicting)),
        Err(Interrupted::Replayed(record)) => without_twin(rejoin(planned, conflicting), &record),
        // One of the commits may be the cause, so each is tried by itself and gets the outcome that it has alone.
        Err(Interrupted::Failed(error)) => match rejoin(planned, conflicting) {
            group if error.kind.is_terminal() && group.len() > 1 => {
                Left::Groups(group.into_iter().rev().map(|one| vec![one]).collect())
            }
            group => refuse(group, &error),
        },
    }
}

fn records(
    cx: &Catalog,
    planned: &[WaitingCommit],
    committed: &[CommittedTabular],
) -> Result<Vec<IdempotencyRecord>> {
    let [committed] = committed else {
        return Err(CatalogError::internal("several outcomes of one table"));
    };
    let mut records = Vec::new();
    for one in planned {
        records.extend(one.request.record(committed, cx.now())?);
    }
    Ok(records)
}

/// The planned commits and those that conflict with them, to be tried again together.
fn rejoin(
    mut planned: Vec<WaitingCommit>,
    conflicting: Vec<(WaitingCommit, CatalogError)>,
) -> Vec<WaitingCommit> {
    planned.extend(conflicting.into_iter().map(|(one, _)| one));
    planned
}

/// Refuses all of the commits with the same error.
fn refuse(group: Vec<WaitingCommit>, error: &CatalogError) -> Left {
    for one in group {
        let error = match error.kind {
            ErrorKind::NoSuchTable => tabular::missing(TabularKind::Table, &one.commit.path),
            _ => error.copy_for_other_caller(),
        };
        one.tell(Err(error.into()));
    }
    Left::NOTHING
}

/// Answers the commit whose key was used meanwhile; the others are tried again.
fn without_twin(group: Vec<WaitingCommit>, record: &IdempotencyRecord) -> Left {
    let is_twin = |one: &WaitingCommit| one.key() == Some(record.key);
    let (twins, others): (Vec<_>, Vec<_>) = group.into_iter().partition(is_twin);
    if twins.is_empty() {
        let error = CatalogError::internal("replay of a key that nobody sent");
        return refuse(others, &error);
    }
    for one in twins {
        one.tell(Err(Interrupted::Replayed(Box::new(record.clone()))));
    }
    if others.is_empty() {
        return Left::NOTHING;
    }
    Left::Groups(vec![others])
}

#[cfg(test)]
mod tests {
    use model::{Name, NamespacePath, TabularPath};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::Idempotent;

    fn commit(requirements: Value, updates: Value) -> TableCommit {
        TableCommit {
            path: TabularPath {
                namespace: NamespacePath::parse(vec!["ns".to_owned()]).unwrap(),
                name: Name::parse("table", "t").unwrap(),
            },
            requirements: serde_json::from_value(requirements).unwrap(),
            updates: serde_json::from_value(updates).unwrap(),
        }
    }

    fn waiting(key: Option<u128>) -> WaitingCommit {
        let idempotency = key.map(|key| Idempotent {
            key: Uuid::from_u128(key),
            fingerprint: [0; 32],
        });
        WaitingCommit {
            request: Request {
                idempotency,
                ..Request::system()
            },
            commit: commit(json!([]), json!([])),
            outcome: oneshot::channel().0,
        }
    }

    #[test]
    fn twins_are_in_different_groups() {
        let keys = [Some(1), None, Some(2), Some(1), None, Some(1)];
        let groups = split_by_key(keys.map(waiting).into());
        let groups = groups.iter().rev().map(|group| {
            let keys = group.iter().map(WaitingCommit::key);
            keys.map(|key| key.map(|key| key.as_u128()))
                .collect::<Vec<_>>()
        });
        let expected: [Vec<_>; 3] = [
            vec![Some(1), None, Some(2), None],
            vec![Some(1)],
            vec![Some(1)],
        ];
        assert_eq!(groups.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_commits_that_leave_the_table_where_it_is_can_share() {
        let property = json!({ "action": "set-properties", "updates": { "a": "1" } });
        let moved = json!({ "action": "set-location", "location": "file:///a" });
        let (uuid, create) = (Uuid::new_v4(), json!([{ "type": "assert-create" }]));
        let present = json!([{ "type": "assert-table-uuid", "uuid": uuid }]);
        assert!(can_share(&commit(present, json!([property]))));
        assert!(!can_share(&commit(create, json!([property]))));
        assert!(!can_share(&commit(json!([]), json!([property, moved]))));
    }
}
