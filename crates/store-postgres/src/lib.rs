//! The catalog's store in PostgreSQL: any number of replicas of the program share one database.
//!
//! A change is one statement, or one transaction whose statements are sent together. A look-up is one statement
//! for all waiting keys.

mod commit;
mod connection;
mod effects;
mod error;
mod event_sink;
mod grants;
mod idempotency;
mod migrate;
mod mirror;
mod mirror_fact;
mod namespace;
mod namespace_move;
mod obsolete_file;
mod outbox;
mod project;
mod resolve;
mod role;
mod row;
mod search;
mod secret;
mod server;
mod soft_deletion;
mod statistics;
mod tabular;
mod tag;
mod task;
mod task_config;
mod task_control;
mod task_state;
mod user;
mod warehouse;

pub use connection::{PostgresConfig, TemporaryDatabase, Tls};
pub use error::OpenError;
pub use migrate::migrate;

use std::fmt;
use std::sync::Arc;

use connection::{BoxedWork, Lanes, Pools, Session, change, in_own_task};
use store::{Effects, Result, StoreError};

use crate::error::{Failure, Work};
use crate::tabular::{Lists, gather_lists};

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    lanes: Lanes,
    lists: Lists,
    pools: Arc<Pools>,
    // Dropped last.
    _temporary: Option<TemporaryDatabase>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PostgresStore")
    }
}

impl PostgresStore {
    /// Connects to a database that [`migrate`] has prepared.
    pub async fn connect(config: PostgresConfig) -> std::result::Result<Self, OpenError> {
        Self::open(&config, None).await
    }

    /// A store in a new database on the server of this URL, which is dropped with it; for tests.
    pub async fn temporary(url: &str) -> std::result::Result<Self, OpenError> {
        let database = TemporaryDatabase::create(url).await?;
        Self::open(&PostgresConfig::new(database.url()), Some(database)).await
    }

    async fn open(
        config: &PostgresConfig,
        temporary: Option<TemporaryDatabase>,
    ) -> std::result::Result<Self, OpenError> {
        let pools = Arc::new(Pools::open(config).await?);
        Ok(Self {
            lanes: Lanes::open(config).await?,
            lists: gather_lists(&pools),
            pools,
            _temporary: temporary,
        })
    }

    /// A connection for reads that must be current.
    async fn read(&self) -> Work<Session> {
        self.pools.primary().await
    }

    /// A connection for reads that may be a little out of date.
    async fn read_list(&self) -> Work<Session> {
        self.pools.replica().await
    }

    /// Makes a change that is a single statement without effects.
    async fn write<T: Send + Sync + 'static, R: Send + 'static>(
        &self,
        input: T,
        work: BoxedWork<T, R>,
    ) -> Result<R> {
        let pools = Arc::clone(&self.pools);
        in_own_task(async move {
            let session = pools.primary().await?;
            let written = work(&session, &input).await;
            written.map_err(|failure| StoreError::from(Failure::after_commit_was_sent(failure)))
        })
        .await
    }

    /// Makes a change and writes its effects: all or nothing.
    async fn change<T: Send + Sync + 'static, R: Send + 'static>(
        &self,
        effects: Effects,
        input: T,
        work: BoxedWork<T, R>,
    ) -> Result<R> {
        let pools = Arc::clone(&self.pools);
        in_own_task(async move { change(&pools, &effects, &input, work).await }).await
    }
}
