//! Opens connections and pools.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use tokio_postgres::Client;

use super::config::{PostgresConfig, Target};
use super::session::Session;
use super::tls;
use crate::error::{Failure, OpenError, Work, error_message};
use crate::migrate;

/// The oldest supported major version of the server.
const OLDEST_SERVER: u32 = 14;

/// How long lists are read from the primary after the replica could not be reached.
const REST: Duration = Duration::from_secs(10);

/// Connections that are used by one caller at a time.
pub(crate) struct Pools {
    primary: Pool,
    /// For lists: connections to the replica, or to the primary if there is none.
    replica: Pool,
    /// Until when the replica is not tried again.
    resting: Mutex<Option<Instant>>,
    patience: Duration,
}

impl Pools {
    /// Creates the pools and checks that the server and the layout fit this program.
    pub(crate) async fn open(config: &PostgresConfig) -> Result<Self, OpenError> {
        let greeting = config.greeting();
        let primary = config.primary()?;
        check(&connect(&primary, config).await?).await?;
        let writes = pool(&primary, config, config.write_connections, &greeting)?;
        // Lists have their own pool even on the primary, so that long lists do not delay commits.
        let replica = config.replica()?;
        if config.read_url.is_some() {
            check(&connect(&replica, config).await?).await?;
        }
        let reads = pool(&replica, config, config.read_connections, &greeting)?;
        Ok(Self {
            primary: writes,
            replica: reads,
            resting: Mutex::new(None),
            patience: patience(config),
        })
    }

    /// A connection to the primary.
    pub(crate) async fn primary(&self) -> Work<Session> {
        self.session(&self.primary).await
    }

    /// A connection to the replica; to the primary if there is none, or if it cannot be reached.
    pub(crate) async fn replica(&self) -> Work<Session> {
        if self.is_resting() {
            return self.primary().await;
        }
        match self.replica.get().await {
            Ok(client) => Ok(Session::new(client, self.patience)),
            Err(error @ (PoolError::Backend(_) | PoolError::Timeout(TimeoutType::Create))) => {
                let why = why(&error);
                tracing::warn!(%why, "lists are read from the primary: the replica cannot be reached");
                *self.resting() = Some(Instant::now() + REST);
                self.primary().await
            }
            // The pool is exhausted: the replica is overloaded.
            Err(error) => Err(Failure::Unreachable(why(&error))),
        }
    }

    fn is_resting(&self) -> bool {
        self.resting().is_some_and(|until| Instant::now() < until)
    }

    fn resting(&self) -> MutexGuard<'_, Option<Instant>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn session(&self, pool: &Pool) -> Work<Session> {
        match pool.get().await {
            Ok(client) => Ok(Session::new(client, self.patience)),
            Err(error) => Err(Failure::Unreachable(why(&error))),
        }
    }
}

fn why(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => error_message(error),
        error => error.to_string(),
    }
}

/// How long to wait for an answer: longer than the server's own timeout, so this expires only if the server is
/// gone.
pub(super) fn patience(config: &PostgresConfig) -> Duration {
    config.statement_timeout + config.connect_timeout
}

fn pool(
    target: &Target,
    config: &PostgresConfig,
    size: usize,
    greeting: &str,
) -> Result<Pool, OpenError> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(target.config.clone(), tls::connector(target)?, recycling);
    let greeting = greeting.to_owned();
    let greet = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let greeting = greeting.clone();
        Box::pin(async move {
            let greeted = client.batch_execute(&greeting).await;
            greeted.map_err(HookError::Backend)
        })
    });
    Pool::builder(manager)
        .max_size(size.max(1))
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(patience(config)))
        .create_timeout(Some(config.connect_timeout))
        .recycle_timeout(Some(config.connect_timeout))
        .post_create(greet)
        .build()
        // Fails only if there is no runtime for the timeouts.
        .map_err(|error| OpenError::Tls(rustls::Error::General(error.to_string())))
}

/// A connection outside the pools.
pub(crate) async fn connect(target: &Target, config: &PostgresConfig) -> Result<Client, OpenError> {
    let connecting = target.config.connect(tls::connector(target)?);
    let connected = tokio::time::timeout(config.connect_timeout, connecting).await;
    let connected = connected.map_err(|_| OpenError::Timeout {
        doing: format!("connecting as {}", target.address()),
        seconds: config.connect_timeout.as_secs(),
    })?;
    let (client, connection) = connected.map_err(|source| OpenError::Connect {
        address: target.address(),
        source,
    })?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = error_message(&error), "a database connection ended");
        }
    });
    Ok(client)
}

async fn check(client: &Client) -> Result<(), OpenError> {
    let row = client
        .query_one(
            "select current_setting('server_version_num')::integer, current_setting('server_version')",
            &[],
        )
        .await?;
    let (number, found): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if number.unsigned_abs() < OLDEST_SERVER * 10_000 {
        let needed = OLDEST_SERVER;
        return Err(OpenError::OldServer { found, needed });
    }
    migrate::verify(client).await
}
