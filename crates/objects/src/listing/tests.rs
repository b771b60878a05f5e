//! Keys that cannot be listed, among keys that can.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta};

use super::*;
use crate::classify;
use crate::io::MAX_PAGE;

/// Holds keys in their order, and parses them as `object_store` does.
struct Keys {
    keys: Vec<String>,
    /// Whether a listing begins after the offset that it is given.
    takes_offsets: bool,
    requests: AtomicUsize,
}

impl Keys {
    fn of(keys: impl IntoIterator<Item = String>) -> Self {
        let mut keys: Vec<String> = keys.into_iter().collect();
        keys.sort();
        Self {
            keys,
            takes_offsets: true,
            requests: AtomicUsize::new(0),
        }
    }

    /// All pages: the keys found, those that cannot be addressed, and the outcome.
    async fn all(
        &self,
        resume_point: ResumePoint,
    ) -> (Vec<String>, Vec<String>, Result<(), ObjectError>) {
        let folder = Location::parse("s3://bucket/t").unwrap();
        let (mut found, mut left) = (Vec::new(), Vec::new());
        let mut request = PageRequest::first();
        loop {
            let page = match page(self, &folder, request, resume_point, classify::error).await {
                Ok(page) => page,
                Err(error) => return (found, left, Err(error)),
            };
            found.extend(page.locations.iter().map(|at| at.key().to_owned()));
            left.extend(page.unaddressable);
            match page.next {
                Some(token) => request = PageRequest::after(token),
                None => return (found, left, Ok(())),
            }
        }
    }
}

#[async_trait]
impl PaginatedListStore for Keys {
    async fn list_paginated(
        &self,
        prefix: Option<&str>,
        options: PaginatedListOptions,
    ) -> object_store::Result<PaginatedListResult> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        assert!(before < 1_000, "it goes on for ever");
        let offset = options.offset.filter(|_| self.takes_offsets);
        let start = options.page_token.or(offset);
        let limit = options.max_keys.unwrap();
        let mut rest = self
            .keys
            .iter()
            .filter(|key| key.starts_with(prefix.unwrap_or_default()))
            .filter(|key| start.as_ref().is_none_or(|start| *key > start));
        let page: Vec<&String> = rest.by_ref().take(limit).collect();
        let has_more = rest.next().is_some();
        let objects = page.iter().map(|key| {
            Ok(ObjectMeta {
                location: Path::parse(key)?,
                last_modified: chrono::DateTime::UNIX_EPOCH,
                size: u64::from(!key.ends_with('/') && !key.ends_with("empty")),
                e_tag: None,
                version: None,
            })
        });
        Ok(PaginatedListResult {
            result: ListResult {
                common_prefixes: Vec::new(),
                objects: objects.collect::<object_store::Result<_>>()?,
                extensions: options.extensions,
            },
            page_token: page.last().filter(|_| has_more).map(|key| (*key).clone()),
        })
    }
}

#[tokio::test]
async fn markers_of_folders_are_told_by_their_keys() {
    let keys = Keys::of(["t/", "t/a", "t/b/", "t/b/empty"].map(str::to_owned));
    let folder = Location::parse("s3://bucket/t").unwrap();
    let first = PageRequest::first();
    let page = page(&keys, &folder, first, ResumePoint::AnyKey, classify::error).await;
    let markers = page.unwrap().markers;
    // An empty object may be a marker.
    assert_eq!(
        markers.iter().map(Location::key).collect::<Vec<_>>(),
        ["t/", "t/b/", "t/b/empty/"]
    );
}

fn sorted(keys: &[&str]) -> Vec<String> {
    let mut keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn keys_that_cannot_be_listed_hide_no_others() {
    let good = [
        "t/.a", "t/...b", "t/..-c", "t/..d/e", "t/a", "t/b/c", "t/b/d", "t/z",
    ];
    // The first key of a folder stands for all of them.
    let bad = ["t/..", "t/../x", "t//a", "t/b/./c", "t/b/c\u{1}", "t/b/"];
    let all = good.iter().chain(&bad);
    let more = ["t//b", "t//b/c", "t/../y", "t2/a", "t2//a"];
    let keys = Keys::of(all.chain(&more).map(|&key| key.to_owned()));
    let (found, left, outcome) = keys.all(ResumePoint::AnyKey).await;
    outcome.unwrap();
    let expected: Vec<String> = sorted(&[&good[..], &["t/b"]].concat());
    assert_eq!(
        sorted(&found.iter().map(String::as_str).collect::<Vec<_>>()),
        expected
    );
    assert_eq!(
        left,
        sorted(&["t/..", "t/../x", "t//a", "t/b/./c", "t/b/c\u{1}"])
    );
}

#[tokio::test]
async fn a_whole_folder_of_them_costs_no_more_than_one() {
    let good = (0..MAX_PAGE * 2).map(|n| format!("t/a{n:06}"));
    let bad = (0..MAX_PAGE * 20).map(|n| format!("t/a000300//{n:06}"));
    let keys = Keys::of(good.chain(bad));
    let (found, left, outcome) = keys.all(ResumePoint::AnyKey).await;
    outcome.unwrap();
    assert_eq!((found.len(), left.len()), (MAX_PAGE * 2, 1));
    let requests = keys.requests.load(Ordering::Relaxed);
    assert!(requests < 70, "{requests}");
}

#[tokio::test]
async fn where_there_is_no_way_round_what_comes_before_is_listed() {
    let keys = || Keys::of(["t/a", "t/b//c", "t/d"].map(str::to_owned));
    let stuck = Keys {
        takes_offsets: false,
        ..keys()
    };
    for (store, resume_point, key) in [
        (keys(), ResumePoint::PagesOnly, "t/b//c"),
        (stuck, ResumePoint::AnyKey, "t/b//"),
    ] {
        let (found, _, outcome) = store.all(resume_point).await;
        assert_eq!(found, ["t/a"]);
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, ObjectError::Unaddressable { .. }),
            "{error:?}"
        );
        let expected = format!(
            "`s3://bucket/t` holds objects that cannot be addressed: such as `{key}`: delete what is left with the \
             store's own tools"
        );
        assert_eq!(error.report(), expected);
    }
}
