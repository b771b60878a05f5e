//! Large trees of folders, with a paused clock.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::*;
use crate::guard::{Guarded, Patience};
use crate::io::{Page, PageToken, delete_prefix};

const BASE: &str = "memory://store/base";
/// Time that each request takes.
const LATENCY: Duration = Duration::from_millis(15);

/// Folders without files, across a network.
#[derive(Debug, Default)]
struct Folders {
    /// Their locations, each with a final slash.
    all: Arc<Mutex<BTreeSet<String>>>,
    /// Those folders in which there is a file that stays.
    kept: BTreeSet<String>,
    requests: AtomicUsize,
    at_a_time: AtomicUsize,
    most_at_a_time: Arc<AtomicUsize>,
    /// Number of requests after which all others are refused.
    fails_after: Option<usize>,
}

impl Folders {
    fn of(all: impl IntoIterator<Item = String>) -> Self {
        let mut with_parents = BTreeSet::new();
        for folder in all {
            let folder = format!("{BASE}/{folder}/");
            for (end, _) in folder.match_indices('/').filter(|(at, _)| *at > BASE.len()) {
                with_parents.insert(folder[..=end].to_owned());
            }
        }
        Self {
            all: Arc::new(Mutex::new(with_parents)),
            ..Self::default()
        }
    }

    fn left(&self) -> BTreeSet<String> {
        self.all.lock().unwrap().clone()
    }

    async fn request(&self, at: &Location) -> Result<(), ObjectError> {
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        if self.fails_after.is_some_and(|most| before >= most) {
            return Err(ObjectError::unavailable(at, "planned"));
        }
        let together = self.at_a_time.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_a_time.fetch_max(together, Ordering::Relaxed);
        tokio::time::sleep(LATENCY).await;
        self.at_a_time.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Objects for Folders {
    async fn read(&self, _at: &Location, _max_bytes: u64) -> Result<Bytes, ObjectError> {
        unreachable!("there are no files")
    }
    async fn write_new(&self, _at: &Location, _content: Bytes) -> Result<(), ObjectError> {
        unreachable!("there are no files")
    }
    async fn delete(&self, _at: &Location) -> Result<(), ObjectError> {
        unreachable!("there are no files")
    }
    async fn delete_batch(&self, _all: Vec<Location>) -> Result<(), ObjectError> {
        unreachable!("there are no files")
    }
    async fn list_prefix(&self, folder: &Location, _: PageRequest) -> Result<Page, ObjectError> {
        self.request(folder).await?;
        Ok(Page::default())
    }
    async fn list_folders(
        &self,
        folder: &Location,
        page: PageRequest,
    ) -> Result<Page, ObjectError> {
        self.request(folder).await?;
        let prefix = format!("{}/", folder.as_str());
        let after = page.after.as_ref().map_or("", |token| token.0.as_str());
        let all = self.all.lock().unwrap();
        let mut names = all
            .range(prefix.clone()..)
            .take_while(|path| path.starts_with(&prefix))
            .filter_map(|path| path.strip_prefix(&prefix)?.strip_suffix('/'))
            .filter(|name| !name.is_empty() && !name.contains('/') && *name > after);
        let found: Vec<&str> = names.by_ref().take(page.bounded_limit()).collect();
        let next = names.next().and(found.last());
        Ok(Page {
            locations: found
                .iter()
                .map(|name| folder.join(name).unwrap())
                .collect(),
            next: next.map(|name| PageToken((*name).to_owned())),
            ..Page::default()
        })
    }
    async fn remove_folder(&self, folder: &Location) -> Result<(), ObjectError> {
        self.request(folder).await?;
        let path = format!("{}/", folder.as_str());
        let mut all = self.all.lock().unwrap();
        let is_empty = |path: &String| {
            all.range(path.clone()..)
                .nth(1)
                .is_none_or(|next| !next.starts_with(path.as_str()))
        };
        if !self.kept.contains(&path) && is_empty(&path) {
            all.remove(&path);
        }
        Ok(())
    }
}

fn base() -> Location {
    Location::parse(BASE).unwrap()
}

/// A table that is partitioned by day and by bucket.
fn days_and_buckets(days: usize) -> impl Iterator<Item = String> {
    (0..days).flat_map(|day| (0..16).map(move |bucket| format!("t/data/d{day:04}/b{bucket}")))
}

#[tokio::test(start_paused = true)]
async fn more_folders_than_one_attempt_could_remove_go_in_one_run() {
    let folders = Folders::of(days_and_buckets(1000));
    assert_eq!(folders.left().len(), 17_002);
    let all = Arc::clone(&folders.all);
    let most_at_a_time = Arc::clone(&folders.most_at_a_time);
    let folders = Guarded::new(folders, base(), Patience::NETWORK);
    let table = base().join("t").unwrap();
    let start = tokio::time::Instant::now();
    let mut confirmed = 0_usize;
    let confirm = |_| {
        confirmed += 1;
        ready(Ok::<_, ObjectError>(()))
    };
    delete_prefix(&folders, &table, confirm).await.unwrap();
    assert_eq!(*all.lock().unwrap(), BTreeSet::new());
    let took = start.elapsed();
    assert!(took > Patience::NETWORK.attempt, "{took:?}: too easy");
    assert!(took < Duration::from_mins(3), "{took:?}");
    assert_eq!(most_at_a_time.load(Ordering::Relaxed), AT_A_TIME);
    assert_eq!(confirmed, 1 + 10 + 1000, "once for each page of folders");
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_before_an_error_stays_removed() {
    let mut folders = Folders::of(days_and_buckets(40));
    let mut left = folders.left().len();
    let table = base().join("t").unwrap();
    let mut runs = 0;
    while left > 0 {
        folders.requests = AtomicUsize::new(0);
        folders.fails_after = Some(200);
        let outcome = prune_folders(&folders, &table, || ready(Ok::<_, ObjectError>(()))).await;
        let before = left;
        left = folders.left().len();
        assert!(left < before, "{left} are left of {before}");
        assert_eq!(outcome.is_ok(), left == 0);
        runs += 1;
    }
    assert!(runs > 5, "{runs}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_removed_that_is_not_confirmed_after_its_listing() {
    let folders = Folders::of(days_and_buckets(3));
    let before = folders.left();
    let table = base().join("t").unwrap();
    let refuse = || ready(Err(ObjectError::unavailable(&table, "the claim is lost")));
    prune_folders(&folders, &table, refuse).await.unwrap_err();
    assert_eq!(folders.left(), before);
}

#[tokio::test(start_paused = true)]
async fn a_folder_with_files_stays_with_those_around_it_and_does_not_stop_the_others() {
    let mut folders = Folders::of(days_and_buckets(250));
    folders.kept = BTreeSet::from([format!("{BASE}/t/data/d0007/b3/")]);
    let table = base().join("t").unwrap();
    let confirm = || ready(Ok::<_, ObjectError>(()));
    prune_folders(&folders, &table, confirm).await.unwrap();
    let expected = ["t/", "t/data/", "t/data/d0007/", "t/data/d0007/b3/"];
    assert_eq!(
        folders.left(),
        expected.map(|path| format!("{BASE}/{path}")).into()
    );
}
