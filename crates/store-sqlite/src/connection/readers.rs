//! Readers: each read sees one snapshot of the database and runs on one of a few threads.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use store::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::{closed, guarded};
use crate::error::{Failure, Work};

/// Most waiting reads. Further callers wait for a place in the queue.
const WAITING: usize = 1_024;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The threads that read.
#[derive(Debug)]
pub(crate) struct Readers {
    queue: Option<mpsc::Sender<Read>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts a thread for each connection.
    pub(crate) fn start(connections: Vec<Connection>) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut readers = Self {
            queue: Some(queue),
            threads: Vec::new(),
        };
        for connection in connections {
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new()
                .name("sqlite-read".to_owned())
                .spawn(move || serve(&connection, &waiting))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs the work on a snapshot that is taken after this call.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Work<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |connection| {
            if !answer.is_closed() {
                let _ = answer.send(snapshot(connection, work));
            }
        });
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue.send(read).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?.map_err(Into::into)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, waiting: &Mutex<mpsc::Receiver<Read>>) {
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(read) = next else { return };
        read(connection);
    }
}

/// Runs the work in a transaction, so that all its statements see one state of the database.
fn snapshot<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Work<T>,
) -> Result<T, Failure> {
    let transaction = connection.unchecked_transaction()?;
    let found = guarded(&transaction, work)?;
    transaction.commit()?;
    Ok(found)
}
