//! What a commit's statement has found, and the error that results from it.

use model::{NamespaceId, TabularId, TaskId, WarehouseId};
use store::{Commit, Entity, StoreError};
use tokio_postgres::Row;
use uuid::Uuid;

use super::duplicate::Duplicate;
use crate::connection::Session;
use crate::error::{Failure, Work, already_exists, not_found};
use crate::idempotency;
use crate::row::get;
use crate::tabular;

/// What a commit's statement has found to be in the way.
pub(super) struct Verdict {
    /// An idempotency key that is recorded already.
    replayed: Option<Uuid>,
    stale: Vec<TabularId>,
    homeless: Option<NamespaceId>,
    /// The number of the new table or view, counted from 1.
    name_taken: Option<i64>,
    id_taken: Option<TabularId>,
    /// The requested location, and the one that it overlaps with.
    near: Option<Vec<String>>,
    ownerless: Option<WarehouseId>,
    task_taken: Option<TaskId>,
}

impl Verdict {
    pub(super) fn of(row: &Row) -> Work<Self> {
        let stale: Vec<Uuid> = get(row, 1)?;
        Ok(Self {
            replayed: get(row, 0)?,
            stale: stale.into_iter().map(TabularId::from).collect(),
            homeless: get::<Option<Uuid>>(row, 2)?.map(NamespaceId::from),
            name_taken: get(row, 3)?,
            id_taken: get::<Option<Uuid>>(row, 4)?.map(TabularId::from),
            near: get(row, 5)?,
            ownerless: get::<Option<Uuid>>(row, 6)?.map(WarehouseId::from),
            task_taken: get::<Option<Uuid>>(row, 7)?.map(TaskId::from),
        })
    }
}

/// Returns the error if anything was in the way.
pub(super) async fn refuse(
    db: &Session,
    commit: &Commit,
    verdict: &Verdict,
    duplicate: Option<Duplicate>,
) -> Work<()> {
    if let Some(key) = verdict.replayed {
        let earlier = idempotency::find(db, key).await?;
        let earlier = earlier.ok_or_else(|| Failure::damaged("a used key has no record"))?;
        return Err(StoreError::Replayed(Box::new(earlier)).into());
    }
    if !verdict.stale.is_empty() {
        return Err(stale(db, commit.warehouse, &verdict.stale).await);
    }
    if let Some(Duplicate::Row(id)) = duplicate {
        return Err(stale(db, commit.warehouse, &[id]).await);
    }
    if let Some(namespace) = verdict.homeless {
        return Err(not_found(Entity::Namespace(namespace)));
    }
    let taken_name = match duplicate {
        Some(Duplicate::Name(at)) => Some(at),
        _ => verdict
            .name_taken
            .and_then(|place| usize::try_from(place - 1).ok()),
    };
    if let Some(new) = taken_name.and_then(|at| commit.creates.get(at)) {
        return Err(already_exists(Entity::TabularName(new.name.clone())));
    }
    let taken_id = match duplicate {
        Some(Duplicate::Id(id)) => Some(id),
        _ => verdict.id_taken,
    };
    if let Some(id) = taken_id {
        return Err(already_exists(Entity::Tabular(id)));
    }
    match (duplicate, verdict.near.as_deref()) {
        (_, Some([location, other])) => {
            let (location, other) = (location.clone(), other.clone());
            return Err(StoreError::LocationTaken { location, other }.into());
        }
        (Some(Duplicate::Place { location, other }), _) => {
            return Err(StoreError::LocationTaken { location, other }.into());
        }
        _ => {}
    }
    match (verdict.ownerless, verdict.task_taken) {
        (Some(warehouse), _) => Err(not_found(Entity::Warehouse(warehouse))),
        (_, Some(task)) => Err(already_exists(Entity::Task(task))),
        (None, None) => Ok(()),
    }
}

/// `Stale` with those of the rows that are still live in the warehouse.
pub(super) async fn stale(db: &Session, warehouse: WarehouseId, moved_on: &[TabularId]) -> Failure {
    match tabular::stale(db, moved_on).await {
        Failure::Refused(StoreError::Stale { mut current }) => {
            current.retain(|row| row.warehouse == warehouse);
            StoreError::Stale { current }.into()
        }
        failure => failure,
    }
}
