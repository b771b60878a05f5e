//! Commits to several tables at once.

use model::WarehouseId;

use crate::idempotency::once;
use crate::table::{TableCommit, commit_all};
use crate::{Catalog, Request, Result};

/// Commits to all of the tables or to none.
pub async fn commit(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commits: Vec<TableCommit>,
) -> Result<()> {
    once(cx, request, async {
        commit_all(cx, request, warehouse, &commits, |_| {
            request.record(&(), cx.now())
        })
        .await?;
        Ok(())
    })
    .await
}
