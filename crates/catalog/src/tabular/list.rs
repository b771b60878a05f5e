//! Lists, by pages or all at once.

use std::future::Future;

use authz::{Authorized, Protected, Resource};
use model::{Page, PageRequest, PageSize, TabularKind};
use store::ListedTabular;

use super::target::TabularAction;
use crate::namespace::NamespaceTarget;
use crate::{Catalog, Request, Result};

/// Where and how long a list is to be.
#[derive(Debug, Clone)]
pub enum ListQuery {
    /// All items at once: what the specification asks for where the client sends no `pageToken`.
    Everything,
    /// One page.
    Page(PageRequest),
}

/// Collects what a list query asks for, page by page from the store.
pub(crate) async fn collect<T, F>(
    query: ListQuery,
    mut fetch: impl FnMut(PageRequest) -> F,
) -> Result<Page<T>>
where
    F: Future<Output = Result<Page<T>>>,
{
    match query {
        ListQuery::Page(page) => fetch(page).await,
        ListQuery::Everything => {
            let mut all = Page {
                items: Vec::new(),
                next: None,
            };
            let mut after = None;
            loop {
                let page = fetch(PageRequest {
                    after,
                    size: PageSize::MAX,
                })
                .await?;
                all.items.extend(page.items);
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(all),
                }
            }
        }
    }
}

/// The tables or views of a namespace that the caller may see.
pub(crate) async fn list(
    cx: &Catalog,
    request: &Request,
    namespace: &Authorized<NamespaceTarget>,
    (kind, query): (TabularKind, ListQuery),
) -> Result<Page<ListedTabular>> {
    let store = cx.store(namespace);
    let namespace = &**namespace;
    collect(query, |page| async move {
        let found = store.tabular_list(namespace.id, kind, page).await?;
        let seen = found
            .items
            .into_iter()
            .map(|item| ListedTarget {
                namespace,
                kind,
                item,
            })
            .collect();
        let visible = cx
            .filter(request, TabularAction::GetMetadata.on(kind), seen)
            .await?;
        let items = visible
            .into_iter()
            .map(|one| one.into_inner().item)
            .collect();
        Ok(Page {
            items,
            next: found.next,
        })
    })
    .await
}

struct ListedTarget<'a> {
    namespace: &'a NamespaceTarget,
    kind: TabularKind,
    item: ListedTabular,
}

impl Protected for ListedTarget<'_> {
    fn resource(&self) -> Resource {
        Resource::Tabular(
            self.kind,
            self.namespace.warehouse.as_resource(),
            self.namespace.id,
            self.item.id,
        )
    }
}
