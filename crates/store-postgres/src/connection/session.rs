//! A connection in use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object};
use futures::future::join4;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::advisory::AdvisoryLocks;
use crate::error::{Failure, Work};

pub(crate) type Params<'a> = [&'a (dyn ToSql + Sync)];

/// A pooled connection. If it has an open transaction, or its state is unknown, it is closed instead of returned
/// to the pool; the server then rolls back what was not committed.
pub(crate) struct Session {
    client: Option<Object>,
    unfit: AtomicBool,
    patience: Duration,
}

impl Drop for Session {
    fn drop(&mut self) {
        if *self.unfit.get_mut()
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

impl Session {
    pub(super) fn new(client: Object, patience: Duration) -> Self {
        Self {
            client: Some(client),
            unfit: AtomicBool::new(false),
            patience,
        }
    }

    /// Records whether a transaction is open.
    pub(crate) fn set_open_transaction(&self, open: OpenTransaction) {
        self.unfit
            .store(open == OpenTransaction::Yes, Ordering::Relaxed);
    }

    fn client(&self) -> Work<&ClientWrapper> {
        // The client is only taken on drop.
        self.client
            .as_deref()
            .ok_or_else(|| Failure::Unreachable("the connection is closed".to_owned()))
    }

    /// Waits for the server, but not for ever. The given future must send its statement when it is first polled,
    /// so that futures that are polled together are sent together.
    async fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Work<T> {
        let answered = match tokio::time::timeout(self.patience, answer).await {
            Ok(answered) => answered.map_err(Failure::from),
            Err(_) => Err(Failure::NoAnswer(format!(
                "it did not answer within {} seconds",
                self.patience.as_secs()
            ))),
        };
        if answered.as_ref().is_err_and(Failure::ends_connection) {
            self.unfit.store(true, Ordering::Relaxed);
        }
        answered
    }

    /// Prepares a statement, once per connection.
    pub(crate) async fn prepare(&self, sql: &str) -> Work<Statement> {
        let client = self.client()?;
        let prepared = self.wait(client.prepare_cached(sql)).await;
        prepared.map_err(Failure::before_anything_was_sent)
    }

    /// Runs a prepared statement; it is sent at the first poll.
    pub(crate) async fn run(&self, statement: &Statement, params: &Params<'_>) -> Work<Vec<Row>> {
        let client = self.client()?;
        self.wait(client.query(statement, params)).await
    }

    /// Runs a statement without parameters; it is sent at the first poll.
    pub(crate) async fn order(&self, sql: &'static str) -> Work<()> {
        let client = self.client()?;
        self.wait(client.batch_execute(sql)).await
    }

    /// The rows that a statement returns.
    pub(crate) async fn query(&self, sql: &str, params: &Params<'_>) -> Work<Vec<Row>> {
        let statement = self.prepare(sql).await?;
        self.run(&statement, params).await
    }

    /// The first row, if there is one.
    pub(crate) async fn query_opt(&self, sql: &str, params: &Params<'_>) -> Work<Option<Row>> {
        let rows = self.query(sql, params).await?;
        Ok(rows.into_iter().next())
    }

    /// The row of a statement that always returns one.
    pub(crate) async fn query_one(&self, sql: &str, params: &Params<'_>) -> Work<Row> {
        let row = self.query_opt(sql, params).await?;
        row.ok_or_else(|| Failure::damaged("a statement that always yields a row has not"))
    }

    /// How many rows a statement has changed.
    pub(crate) async fn execute(&self, sql: &str, params: &Params<'_>) -> Work<u64> {
        let statement = self.prepare(sql).await?;
        let client = self.client()?;
        self.wait(client.execute(&statement, params)).await
    }

    /// Runs one statement in a transaction that takes the locks first. Everything is sent together, so `statement`
    /// must be prepared already and must be sent when it is first polled.
    pub(crate) async fn exclusively(
        &self,
        locks: AdvisoryLocks,
        statement: impl Future<Output = Work<Vec<Row>>>,
    ) -> Work<Vec<Row>> {
        let (numbers, exclusive) = locks.columns();
        let lock = self.prepare(AdvisoryLocks::SQL).await?;
        self.set_open_transaction(OpenTransaction::Yes);
        let (begun, locked, answered, committed) = join4(
            self.order("begin"),
            self.run(&lock, &[&numbers, &exclusive]),
            statement,
            self.order("commit"),
        )
        .await;
        let answers = [
            begun.as_ref().err(),
            locked.as_ref().err(),
            answered.as_ref().err(),
            committed.as_ref().err(),
        ];
        if !answers.into_iter().flatten().any(Failure::ends_connection) {
            self.set_open_transaction(OpenTransaction::No);
        }
        begun.map_err(Failure::after_commit_was_sent)?;
        locked.map_err(Failure::after_commit_was_sent)?;
        let answered = answered.map_err(Failure::after_commit_was_sent)?;
        committed.map_err(Failure::after_commit_was_sent)?;
        Ok(answered)
    }
}

/// Whether a transaction is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenTransaction {
    Yes,
    No,
}
