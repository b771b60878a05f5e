//! Connections and the threads that they live on: SQLite blocks, callers must not.

mod open;
mod readers;
mod writer;

pub(crate) use open::{Durability, Files};
pub(crate) use readers::Readers;
pub(crate) use writer::Writer;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use store::StoreError;

use crate::error::{Failure, Work};

/// Runs work so that a panic in it is this work's failure, not the end of the thread.
fn guarded<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Work<T>,
) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(|| work(connection)))
        .unwrap_or_else(|_| Err(Failure::damaged("a statement's work panicked")))
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}
