//! The guard around a store that fails on request.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::io::PageToken;
use crate::memory::MemoryStore;

const BASE: &str = "memory://store/base";

/// What one call does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Works,
    /// Fails before anything is done.
    Unavailable,
    /// Fails after everything is done.
    AnswerLost,
    Hangs,
    Denied,
}

#[derive(Debug)]
struct Faulty {
    inner: MemoryStore,
    plan: Mutex<VecDeque<Fault>>,
    calls: AtomicU32,
}

impl Faulty {
    async fn call<T>(
        &self,
        at: &Location,
        work: impl Future<Output = Result<T, ObjectError>>,
    ) -> Result<T, ObjectError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let fault = self
            .plan
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Fault::Works);
        match fault {
            Fault::Works => work.await,
            Fault::Unavailable => Err(ObjectError::unavailable(at, "planned")),
            Fault::AnswerLost => work.await.and(Err(ObjectError::unavailable(at, "planned"))),
            Fault::Hangs => std::future::pending().await,
            Fault::Denied => {
                let source = Box::new(crate::StoreFailure::new("planned"));
                Err(ObjectError::PermissionDenied {
                    location: at.clone(),
                    source,
                })
            }
        }
    }
}

#[async_trait]
impl Objects for Faulty {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        self.call(at, self.inner.read(at, max_bytes)).await
    }
    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        self.call(at, self.inner.write_new(at, content)).await
    }
    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.call(at, self.inner.delete(at)).await
    }
    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        self.call(&all[0].clone(), self.inner.delete_batch(all))
            .await
    }
    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.call(folder, self.inner.list_prefix(folder, page))
            .await
    }
    async fn is_gone(&self, at: &Location) -> bool {
        self.call(at, async { Ok(true) }).await.unwrap_or(false)
    }
}

fn guarded(plan: &[Fault]) -> Guarded<Faulty> {
    let inner = Faulty {
        inner: MemoryStore::default(),
        plan: Mutex::new(plan.iter().copied().collect()),
        calls: AtomicU32::new(0),
    };
    let patience = Patience {
        attempt: Duration::from_millis(50),
        attempts: 4,
        total: Duration::from_secs(10),
        pause: Duration::from_millis(1),
    };
    Guarded::new(inner, Location::parse(BASE).unwrap(), patience)
}

fn object() -> Location {
    Location::parse(BASE).unwrap().join("x").unwrap()
}

fn calls(store: &Guarded<Faulty>) -> u32 {
    store.inner.calls.load(Ordering::Relaxed)
}

#[tokio::test]
async fn passing_faults_are_outlived() {
    use Fault::{Hangs, Unavailable};
    let store = guarded(&[Unavailable, Hangs, Unavailable]);
    store
        .write_new(&object(), Bytes::from_static(b"x"))
        .await
        .unwrap();
    assert_eq!(calls(&store), 4);
    assert_eq!(store.read(&object(), 10).await.unwrap(), "x");
}

#[tokio::test]
async fn lasting_faults_end_after_the_last_attempt() {
    let store = guarded(&[Fault::Unavailable; 10]);
    let error = store.read(&object(), 10).await.unwrap_err();
    assert!(
        matches!(error, ObjectError::Unavailable { .. }),
        "{error:?}"
    );
    assert_eq!(calls(&store), 4);

    let store = guarded(&[Fault::Hangs; 10]);
    let error = store
        .list_prefix(&object(), PageRequest::first())
        .await
        .unwrap_err();
    assert!(matches!(error, ObjectError::Timeout { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the store of `memory://store/base/x` did not answer within 0.05 s"
    );
}

#[tokio::test]
async fn refusals_are_not_tried_again() {
    let store = guarded(&[Fault::Denied]);
    let error = store.delete(&object()).await.unwrap_err();
    assert!(
        matches!(error, ObjectError::PermissionDenied { .. }),
        "{error:?}"
    );
    assert_eq!(calls(&store), 1);
}

#[tokio::test]
async fn an_own_write_whose_answer_was_lost_is_a_success() {
    let store = guarded(&[Fault::AnswerLost]);
    store
        .write_new(&object(), Bytes::from_static(b"mine"))
        .await
        .unwrap();
    assert_eq!(store.read(&object(), 10).await.unwrap(), "mine");
}

#[tokio::test]
async fn a_write_of_somebody_else_is_never_taken_for_an_own_one() {
    let store = guarded(&[Fault::Works, Fault::Unavailable]);
    store
        .write_new(&object(), Bytes::from_static(b"theirs"))
        .await
        .unwrap();
    for mine in ["mine, and longer", "mine"] {
        let error = store
            .write_new(&object(), Bytes::from(mine))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ObjectError::AlreadyExists { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_sibling_of_the_base_is_outside() {
    let store = guarded(&[]);
    let sibling = Location::parse("memory://store/base2/x").unwrap();
    let error = store.write_new(&sibling, Bytes::new()).await.unwrap_err();
    assert!(
        error
            .report()
            .contains("outside of the warehouse's base `memory://store/base`")
    );
    assert_eq!(calls(&store), 0);
}

#[tokio::test]
async fn what_cannot_be_told_in_time_or_is_outside_is_not_known_to_be_gone() {
    let store = guarded(&[Fault::Works, Fault::Hangs]);
    assert!(store.is_gone(&object()).await);
    assert!(!store.is_gone(&object()).await);
    assert_eq!(calls(&store), 2);
    let sibling = Location::parse("memory://store/base2/x").unwrap();
    assert!(!store.is_gone(&sibling).await);
    assert_eq!(calls(&store), 2);
}

#[tokio::test]
async fn pages_are_passed_on() {
    let store = guarded(&[Fault::Unavailable]);
    let page = PageRequest {
        after: Some(PageToken("zzz".to_owned())),
        limit: 1,
    };
    let found = store
        .list_prefix(&Location::parse(BASE).unwrap(), page)
        .await
        .unwrap();
    assert_eq!(found, Page::default());
}
