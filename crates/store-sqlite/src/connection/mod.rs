//! Connections and their threads: SQLite blocks its thread, which the async callers must not do.

mod open;
mod readers;
mod writer;

pub(crate) use open::{Durability, Files, check};
pub(crate) use readers::Readers;
pub(crate) use writer::Writer;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use store::StoreError;

use crate::error::{Failure, Work};

/// Runs work such that a panic becomes its failure and does not end the thread.
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
