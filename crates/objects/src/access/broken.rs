//! A storage in which one step fails.

use async_trait::async_trait;
use bytes::Bytes;

use super::AccessStep;
use crate::error::{ObjectError, StoreFailure};
use crate::io::{Objects, Page, PageRequest};
use crate::location::Location;
use crate::memory::MemoryStore;

/// A store in memory that refuses one step.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) inner: MemoryStore,
    pub(super) step: AccessStep,
}

impl Broken {
    fn refuse(&self, at: &Location, step: AccessStep) -> Result<(), ObjectError> {
        if self.step != step {
            return Ok(());
        }
        Err(ObjectError::PermissionDenied {
            location: at.clone(),
            source: Box::new(StoreFailure::new("no right to do so")),
        })
    }
}

#[async_trait]
impl Objects for Broken {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        self.refuse(at, AccessStep::Read)?;
        self.inner.read(at, max_bytes).await
    }
    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        self.refuse(at, AccessStep::Write)?;
        self.inner.write_new(at, content).await
    }
    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.refuse(at, AccessStep::Delete)?;
        self.inner.delete(at).await
    }
    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        if let Some(first) = all.first() {
            self.refuse(first, AccessStep::Delete)?;
        }
        self.inner.delete_batch(all).await
    }
    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.refuse(folder, AccessStep::List)?;
        self.inner.list_prefix(folder, page).await
    }
}
