//! Lists tasks.

use model::{Bounds, Page};
use store::{TaskFilter, TaskInfo, WithoutTabular};

use super::{Owner, SEE, store_for};
use crate::tabular::collect;
use crate::{Catalog, CatalogError, ListQuery, Request, Result};

/// The tasks that match the filter, latest first, including ended ones until the log is cleaned up. A caller that may
/// not see all tasks of a warehouse may list those of tables and views that the filter names, if it has the right on
/// each of them.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    owner: &Owner,
    filter: TaskFilter,
    query: ListQuery,
) -> Result<Page<TaskInfo>> {
    let scope = owner.scope(cx, request)?;
    let named = filter.subjects.as_ref();
    for (what, count) in [
        ("entities", named.map_or(0, |named| named.tabulars.len())),
        ("queue names", filter.queues.as_ref().map_or(0, Vec::len)),
    ] {
        let max = Bounds::TASKS_PER_REQUEST;
        if count > max {
            let message = format!("{count} {what} are too many for one request; {max} are allowed");
            return Err(CatalogError::bad_request(message));
        }
    }
    let named = named.filter(|named| named.without_tabular == WithoutTabular::Excluded);
    let named = named.map(|named| named.tabulars.as_slice());
    let store = store_for(cx, request, &scope, SEE, named).await?;
    collect(query, async |page| {
        Ok(store.task_list(&scope, filter.clone(), page).await?)
    })
    .await
}
