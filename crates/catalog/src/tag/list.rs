//! Lists the tags of a thing.

use model::{TabularId, TabularKind, TagTarget, WarehouseId};
use store::{AttachedTag, TagReach};

use super::target::{Purpose, TagSubject, require};
use crate::{Catalog, Request, Result};

/// Whether inherited tags are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inheritance {
    /// Only the thing's own tags.
    Own,
    /// Its own tags and those of the things that it lies in; of the same tag, the nearest. Columns do not inherit.
    Effective,
}

/// The tags of the subject, ordered by name, and what the subject is: tags with another target are inherited.
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

/// The tags of the table's columns, ordered by field id and name.
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
