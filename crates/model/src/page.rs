//! Lists in pages. A page is found by the key of the last item before it, so that inserts and deletes between two
//! requests neither repeat nor skip an item that was there all the time.

use std::fmt;

use crate::Bounds;

/// Where a page starts: after the item with this sort key. The store that makes the token decides what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(String);

impl PageToken {
    /// A token for the page after the item with the given sort key.
    pub const fn after(key: String) -> Self {
        Self(key)
    }

    /// The sort key of the last item before the page.
    pub fn as_key(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// How many items a page may hold: 1 to [`Bounds::PAGE_ITEMS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u32);

impl PageSize {
    /// The largest page.
    pub const MAX: Self = Self(Bounds::PAGE_ITEMS);

    /// Clamps to 1 … [`Bounds::PAGE_ITEMS`].
    pub fn clamped(items: u64) -> Self {
        Self(
            u32::try_from(items)
                .unwrap_or(u32::MAX)
                .clamp(1, Bounds::PAGE_ITEMS),
        )
    }

    /// The number of items.
    pub const fn items(self) -> u32 {
        self.0
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Where to start; the beginning when absent.
    pub after: Option<PageToken>,
    /// How many items at most.
    pub size: PageSize,
}

impl PageRequest {
    /// The first page, as large as it may be.
    pub const FIRST: Self = Self {
        after: None,
        size: PageSize::MAX,
    };
}

/// Items and where the next page starts; no token on the last page.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items, in the order of their sort key.
    pub items: Vec<T>,
    /// Where the next page starts, if there is one.
    pub next: Option<PageToken>,
}

/// An item of a list whose pages leave out what the caller may not see.
pub trait PageItem {
    /// The item's sort key in the list.
    fn page_key(&self) -> String;
}

impl<T> Page<T> {
    /// A page out of up to `size + 1` items: the surplus item only tells that there is a next page.
    pub fn cut(mut items: Vec<T>, size: PageSize, key: impl Fn(&T) -> String) -> Self {
        let size = size.items() as usize;
        let more = items.len() > size;
        items.truncate(size);
        let next = if more {
            items.last().map(|last| PageToken::after(key(last)))
        } else {
            None
        };
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, PageSize};

    #[test]
    fn the_surplus_item_becomes_the_token_and_no_item() {
        let page = Page::cut(vec![1, 2, 3], PageSize::clamped(2), ToString::to_string);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(page.next.map(|t| t.to_string()), Some("2".to_owned()));
        assert!(
            Page::cut(vec![1, 2], PageSize::clamped(2), ToString::to_string)
                .next
                .is_none()
        );
    }

    #[test]
    fn sizes_are_clamped() {
        assert_eq!(PageSize::clamped(0).items(), 1);
        assert_eq!(PageSize::clamped(u64::MAX).items(), 1_000);
    }
}
