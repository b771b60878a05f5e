//! Loads one task with its attempts.

use model::{Bounds, TaskId};
use store::TaskDetails;

use super::{Owner, SEE, missing, store_for, tabulars_of};
use crate::{Catalog, Request, Result};

/// The task with its latest attempts: at most `attempts` of them.
pub async fn details(
    cx: &Catalog,
    request: &Request,
    owner: &Owner,
    id: TaskId,
    attempts: u32,
) -> Result<TaskDetails> {
    let scope = owner.scope(cx, request)?;
    let found = cx.lookup().task_find(&scope, vec![id]).await?;
    let tabulars = tabulars_of(&found);
    let store = store_for(cx, request, &scope, SEE, tabulars.as_deref()).await?;
    let attempts = attempts.min(Bounds::TASK_ATTEMPTS);
    let found = store.task_details(&scope, id, attempts).await?;
    found.ok_or_else(|| missing(id))
}
