//! A store in memory that denies steps as a policy would, with one hole at a time.

use async_trait::async_trait;

use super::*;
use crate::error::StoreFailure;
use crate::io::Page;
use crate::memory::MemoryStore;
use crate::vend::Permission;

/// Access to a store that is confined to one folder, except for one step.
#[derive(Debug)]
struct Confined<'a> {
    inner: &'a MemoryStore,
    folder: Location,
    permission: Permission,
    hole: Option<AccessStep>,
}

impl Confined<'_> {
    fn check(&self, at: &Location, step: AccessStep) -> Result<(), ObjectError> {
        let writes = matches!(step, AccessStep::Write | AccessStep::Delete);
        let is_allowed =
            at.is_within(&self.folder) && (self.permission == Permission::Write || !writes);
        if is_allowed || self.hole == Some(step) {
            return Ok(());
        }
        Err(ObjectError::PermissionDenied {
            location: at.clone(),
            source: Box::new(StoreFailure::new("no")),
        })
    }
}

#[async_trait]
impl Objects for Confined<'_> {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        self.check(at, AccessStep::Read)?;
        match self.inner.read(at, max_bytes).await {
            // As S3 answers callers that may not list the whole bucket.
            Err(ObjectError::NotFound { location, source }) => {
                Err(ObjectError::PermissionDenied { location, source })
            }
            result => result,
        }
    }
    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        self.check(at, AccessStep::Write)?;
        self.inner.write_new(at, content).await
    }
    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.check(at, AccessStep::Delete)?;
        self.inner.delete(at).await
    }
    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        self.inner.delete_batch(all).await
    }
    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.check(folder, AccessStep::List)?;
        self.inner.list_prefix(folder, page).await
    }
}

fn places() -> Places {
    Places::below(&Location::parse("memory://store/wh").unwrap()).unwrap()
}

fn confined<'a>(
    inner: &'a MemoryStore,
    places: &Places,
    permission: Permission,
    hole: Option<AccessStep>,
) -> Confined<'a> {
    Confined {
        inner,
        folder: places.inside.clone(),
        permission,
        hole,
    }
}

/// The outcome of both checks, with a hole in the writer's access and one in the reader's.
async fn outcome(folder: &str, holes: [Option<AccessStep>; 2]) -> [Result<(), TrialError>; 2] {
    let (own, places) = (MemoryStore::default(), places());
    let view = |permission, hole| Confined {
        folder: places.check.join(folder).unwrap(),
        ..confined(&own, &places, permission, hole)
    };
    let (writer, reader) = (
        view(Permission::Write, holes[0]),
        view(Permission::Read, holes[1]),
    );
    let engines = Engines {
        writer: &writer,
        reader: &reader,
    };
    [
        works(&own, engines, &places).await,
        is_confined(&own, engines, &places).await,
    ]
}

#[tokio::test]
async fn access_that_is_confined_passes() {
    let [works, is_confined] = outcome("orders", [None; 2]).await;
    works.unwrap();
    is_confined.unwrap();
}

#[tokio::test]
async fn each_hole_of_a_writer_is_found_and_named() {
    let steps = [
        AccessStep::Write,
        AccessStep::Read,
        AccessStep::List,
        AccessStep::Delete,
    ];
    for hole in steps {
        let [works, is_confined] = outcome("orders", [Some(hole), None]).await;
        works.unwrap();
        let error = is_confined.unwrap_err();
        let TrialError::Leaks { step, reached, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(*step, hole);
        assert!(reached.as_str().contains("/orders2"), "{error}");
    }
}

#[tokio::test]
async fn a_reader_that_can_write_is_found() {
    for hole in [AccessStep::Write, AccessStep::Delete] {
        let [works, is_confined] = outcome("orders", [None, Some(hole)]).await;
        works.unwrap();
        let error = is_confined.unwrap_err();
        assert!(
            matches!(&error, TrialError::Leaks { step, .. } if *step == hole),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn access_that_does_not_work_is_told_from_access_that_leaks() {
    let [works, is_confined] = outcome("elsewhere", [None; 2]).await;
    let error = works.unwrap_err();
    assert!(matches!(error, TrialError::Inside(_)), "{error:?}");
    is_confined.unwrap();

    // Neither error hides the other.
    let [works, is_confined] = outcome("elsewhere", [Some(AccessStep::Read), None]).await;
    assert!(matches!(works.unwrap_err(), TrialError::Inside(_)));
    assert!(matches!(is_confined.unwrap_err(), TrialError::Leaks { .. }));
}
