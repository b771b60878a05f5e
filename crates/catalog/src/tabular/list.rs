//! Lists tables, views and generic tables, and collects pages of any list.

use std::future::Future;

use authz::{Protected, Resource};
use model::{
    NamespacePath, Page, PageItem, PageRequest, PageSize, PageToken, TabularKind, WarehouseId,
};
use store::ListedTabular;

use super::target::{TabularAction, listing};
use crate::namespace::NamespaceTarget;
use crate::{Catalog, Request, Result};

/// Whether a list is read in pages or as a whole.
#[derive(Debug, Clone)]
pub enum ListQuery {
    /// All items at once: what the specification asks for where the client sends no `pageToken`.
    Everything,
    /// One page.
    Page(PageRequest),
}

/// Answers a list query, reading page by page from the store if it asks for everything.
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

/// Like [`collect`], for a `fetch` that leaves out items that the caller may not see. A page is filled up with later
/// items. Its token is made of its last item, not of the last row read: that row may be hidden, and its name could be
/// decoded from the token.
pub(crate) async fn collect_visible<T, F>(
    query: ListQuery,
    mut fetch: impl FnMut(PageRequest) -> F,
) -> Result<Page<T>>
where
    T: PageItem,
    F: Future<Output = Result<Page<T>>>,
{
    let PageRequest { mut after, size } = match query {
        ListQuery::Page(page) => page,
        everything @ ListQuery::Everything => return collect(everything, fetch).await,
    };
    let (mut items, most) = (Vec::new(), size.items() as usize);
    let mut portion = size;
    loop {
        let page = fetch(PageRequest {
            after,
            size: portion,
        })
        .await?;
        items.extend(page.items);
        let is_all = page.next.is_none() && items.len() <= most;
        if is_all || items.len() >= most {
            items.truncate(most);
            let last = items.last().filter(|_| !is_all);
            let next = last.map(|last| PageToken::after(last.page_key()));
            return Ok(Page { items, next });
        }
        after = page.next;
        // Each read is twice as large as the one before: few reads if much is hidden, few permission checks if little
        // is.
        portion = PageSize::clamped(u64::from(portion.items()) * 2);
    }
}

/// The tables, views or generic tables of a namespace.
#[derive(Debug, Clone, Copy)]
pub struct InNamespace<'a> {
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// The kind that is listed.
    pub kind: TabularKind,
    /// The namespace; what its child namespaces hold is not listed.
    pub namespace: &'a NamespacePath,
}

/// Lists those that the caller may see.
pub async fn list(
    cx: &Catalog,
    request: &Request,
    all: InNamespace<'_>,
    query: ListQuery,
) -> Result<Page<ListedTabular>> {
    let InNamespace {
        warehouse,
        kind,
        namespace,
    } = all;
    let namespace = cx
        .require_namespace(request, warehouse, namespace, listing(kind))
        .await?;
    let store = cx.store(&namespace);
    let namespace = &*namespace;
    collect_visible(query, |page| async move {
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Numbered(u32);

    impl PageItem for Numbered {
        fn page_key(&self) -> String {
            format!("{:06}", self.0)
        }
    }

    /// A list of the numbers below `count`, of which the caller sees those that `is_seen` accepts. `asked` records
    /// the sizes of the reads.
    struct List<'a> {
        count: u32,
        is_seen: &'a dyn Fn(u32) -> bool,
        asked: RefCell<Vec<u32>>,
    }

    impl<'a> List<'a> {
        fn new(count: u32, is_seen: &'a dyn Fn(u32) -> bool) -> Self {
            let asked = RefCell::default();
            Self {
                count,
                is_seen,
                asked,
            }
        }

        fn fetch(&self, page: &PageRequest) -> Page<Numbered> {
            self.asked.borrow_mut().push(page.size.items());
            let after = page.after.as_ref().map(PageToken::as_key);
            let after = after.map_or(0, |key| key.parse::<u32>().unwrap() + 1);
            let most = after + page.size.items() + 1;
            let rows = (after..self.count.min(most)).map(Numbered).collect();
            let mut page = Page::cut(rows, page.size, PageItem::page_key);
            page.items.retain(|one| (self.is_seen)(one.0));
            page
        }

        async fn page(&self, after: Option<PageToken>, items: u64) -> Page<Numbered> {
            self.asked.borrow_mut().clear();
            let size = PageSize::clamped(items);
            let query = ListQuery::Page(PageRequest { after, size });
            collect_visible(query, async |page| Ok(self.fetch(&page)))
                .await
                .unwrap()
        }
    }

    #[tokio::test]
    async fn pages_are_full_of_what_is_seen_and_their_tokens_are_of_it() {
        let all = |_| true;
        let none = |_| false;
        let thirds = |n: u32| n.is_multiple_of(3);
        let few = |n: u32| n == 17 || n > 95;
        let filters: [&dyn Fn(u32) -> bool; 4] = [&all, &none, &thirds, &few];
        for is_seen in filters {
            let list = List::new(100, is_seen);
            let expected: Vec<_> = (0..100).filter(|n| is_seen(*n)).map(Numbered).collect();
            for size in [1, 2, 7, 33, 34, 99, 100, 101] {
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let page = list.page(after, size).await;
                    assert!(page.items.len() as u64 <= size);
                    let is_full = page.items.len() as u64 == size;
                    let last = page.items.last().map(PageItem::page_key);
                    seen.extend(page.items);
                    let Some(next) = page.next else {
                        break;
                    };
                    assert!(is_full);
                    assert_eq!(Some(next.to_string()), last);
                    after = Some(next);
                }
                assert_eq!(seen, expected, "by {size}");
            }
        }
    }

    #[tokio::test]
    async fn a_page_is_one_look_unless_something_is_hidden_and_few_then() {
        let list = List::new(1_000, &|_| true);
        list.page(None, 100).await;
        assert_eq!(*list.asked.borrow(), [100]);
        let last = |n: u32| n == 100_000;
        let list = List::new(100_001, &last);
        for size in [1, 100, 1_000] {
            assert_eq!(list.page(None, size).await.items, [Numbered(100_000)]);
            let asked = list.asked.borrow();
            assert!(asked.len() <= 111, "{} rounds by {size}", asked.len());
            assert_eq!(asked.iter().max(), Some(&PageSize::MAX.items()));
        }
    }
}
