//! Objects in the memory of the process, for tests.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::ObjectError;
use crate::io::{Objects, Page, PageRequest, PageToken};
use crate::location::Location;

/// An independent store; its objects are gone when it is dropped.
#[derive(Default)]
pub(crate) struct MemoryStore {
    /// By normalised location, so that the order is that of the keys.
    objects: Mutex<BTreeMap<String, Stored>>,
}

struct Stored {
    location: Location,
    content: Bytes,
}

impl MemoryStore {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Stored>> {
        // No code that can panic runs under the lock.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} objects)", self.objects().len())
    }
}

#[async_trait]
impl Objects for MemoryStore {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        let objects = self.objects();
        let found = objects
            .get(at.normalized())
            .ok_or_else(|| ObjectError::not_found(at, "no such object"))?;
        let size = found.content.len() as u64;
        if size > max_bytes {
            return Err(ObjectError::TooLarge {
                location: at.clone(),
                size,
                max: max_bytes,
            });
        }
        Ok(found.content.clone())
    }

    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        let mut objects = self.objects();
        if objects.contains_key(at.normalized()) {
            return Err(ObjectError::already_exists(
                at,
                "an object of this name is there",
            ));
        }
        objects.insert(
            at.normalized().to_owned(),
            Stored {
                location: at.clone(),
                content,
            },
        );
        Ok(())
    }

    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.objects().remove(at.normalized());
        Ok(())
    }

    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        let mut objects = self.objects();
        for location in all {
            objects.remove(location.normalized());
        }
        Ok(())
    }

    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        let prefix = format!("{}/", folder.normalized());
        let start = match &page.after {
            Some(PageToken(last)) => Bound::Excluded(last.clone()),
            None => Bound::Included(prefix.clone()),
        };
        let limit = page.bounded_limit();
        let objects = self.objects();
        let mut found = objects
            .range((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&prefix))
            .map(|(_, stored)| (stored.location.clone(), stored.content.len() as u64));
        let (locations, sizes): (Vec<Location>, Vec<u64>) = found.by_ref().take(limit).unzip();
        let bytes = sizes.iter().sum();
        let next = found
            .next()
            .and(locations.last())
            .map(|last| PageToken(last.normalized().to_owned()));
        Ok(Page {
            locations,
            bytes,
            next,
            ..Page::default()
        })
    }
}
