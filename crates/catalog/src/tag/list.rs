//! Tells the tags of something.

use model::{TabularId, TabularKind, TagTarget, WarehouseId};
use store::{AttachedTag, TagReach};

use super::target::{Purpose, TagSubject, require};
use crate::{Catalog, Request, Result};

/// Whether the tags of what it lies in count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inheritance {
    /// Only its own.
    Own,
    /// These and those of what it lies in, of each tag the nearest. Columns have their own alone.
    Effective,
}

/// The tags of the subject, by name, and what it is: those with another target are inherited.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, &TagSubject),
    inheritance: Inheritance,
) -> Result<(TagTarget, Vec<AttachedTag>)> {
    let (tagged, target) = require(cx, request, at, Purpose::See).await?;
    let reach = match (inheritance, target) {
        (Inheritance::Own, _) | (_, TagTarget::Column(..)) => TagReach::Direct,
        (Inheritance::Effective, _) => TagReach::Effective(tagged.namespace),
    };
    let store = cx.store(&tagged);
    let tags = store.tag_list((tagged.warehouse, target), reach).await?;
    Ok((target, tags))
}

/// The tags of the table's columns, by field id and name.
pub async fn list_of_columns(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    table: TabularId,
) -> Result<Vec<AttachedTag>> {
    let subject = TagSubject::Tabular(TabularKind::Table, table);
    let at = (warehouse, &subject);
    let (tagged, _) = require(cx, request, at, Purpose::See).await?;
    Ok(cx
        .store(&tagged)
        .tag_list_of_columns(warehouse, table)
        .await?)
}
