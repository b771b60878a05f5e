//! A store in memory that denies as a policy would, with one hole at a time.

use async_trait::async_trait;

use super::*;
use crate::error::StoreFailure;
use crate::io::Page;
use crate::memory::MemoryStore;

/// A view on a store through access that is confined to one folder, except for one step.
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
            // As S3 answers whoever may not list the whole bucket.
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
    async fn prune_folders(&self, folder: &Location) -> Result<(), ObjectError> {
        self.inner.prune_folders(folder).await
    }
}

fn places() -> Places {
    Places::below(&Location::parse("memory://store/wh").unwrap()).unwrap()
}

fn confined<'a>(
    inner: &'a MemoryStore,
    places: &Places,
    (permission, hole): (Permission, Option<AccessStep>),
) -> Confined<'a> {
    Confined {
        inner,
        folder: places.inside.clone(),
        permission,
        hole,
    }
}

#[tokio::test]
async fn access_that_is_confined_passes() {
    let (own, places) = (MemoryStore::default(), places());
    let writer = confined(&own, &places, (Permission::Write, None));
    try_writer(&own, &writer, &places).await.unwrap();
    let reader = confined(&own, &places, (Permission::Read, None));
    try_reader(&own, &reader, &places).await.unwrap();
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
        let (own, places) = (MemoryStore::default(), places());
        let writer = confined(&own, &places, (Permission::Write, Some(hole)));
        let error = try_writer(&own, &writer, &places).await.unwrap_err();
        let VendedAccessError::Leaks { step, reached, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(*step, hole);
        assert!(reached.is_within(&places.beside), "{error}");
    }
}

#[tokio::test]
async fn a_reader_that_can_write_is_found() {
    for hole in [AccessStep::Write, AccessStep::Delete] {
        let (own, places) = (MemoryStore::default(), places());
        let reader = confined(&own, &places, (Permission::Read, Some(hole)));
        let error = try_reader(&own, &reader, &places).await.unwrap_err();
        assert!(
            matches!(&error, VendedAccessError::Leaks { step, .. } if *step == hole),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn access_that_does_not_work_is_told_from_access_that_leaks() {
    let (own, places) = (MemoryStore::default(), places());
    let useless = Confined {
        folder: places.check.join("elsewhere").unwrap(),
        ..confined(&own, &places, (Permission::Write, None))
    };
    let error = try_writer(&own, &useless, &places).await.unwrap_err();
    assert!(matches!(error, VendedAccessError::Inside(_)), "{error:?}");
    let error = try_reader(&own, &useless, &places).await.unwrap_err();
    assert!(matches!(error, VendedAccessError::Inside(_)), "{error:?}");
}
