//! Connections for resolving names: each carries many statements at once, so that none waits for another's answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio_postgres::{Client, Row, Statement};

use super::config::{PostgresConfig, Target};
use super::open::{connect, patience};
use super::session::Params;
use crate::error::{Failure, OpenError, Work};
use crate::resolve::Lookup;

/// A few connections with the look-up statements prepared, used in turn.
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    next: AtomicUsize,
    target: Target,
    config: PostgresConfig,
    patience: Duration,
}

#[derive(Default)]
struct Lane {
    live: std::sync::Mutex<Option<Arc<Live>>>,
    /// Held while the lane reconnects.
    connecting: tokio::sync::Mutex<()>,
}

struct Live {
    client: Client,
    by_name: Statement,
    by_id: Statement,
}

impl Live {
    const fn statement(&self, lookup: Lookup) -> &Statement {
        match lookup {
            Lookup::ByName => &self.by_name,
            Lookup::ById => &self.by_id,
        }
    }
}

impl Lane {
    fn live(&self) -> Option<Arc<Live>> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.clone().filter(|live| !live.client.is_closed())
    }

    fn set(&self, live: Option<Arc<Live>>) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }
}

impl Lanes {
    pub(crate) async fn open(config: &PostgresConfig) -> Result<Self, OpenError> {
        let lanes = Self {
            lanes: (0..config.resolve_connections.max(1))
                .map(|_| Lane::default())
                .collect(),
            next: AtomicUsize::new(0),
            target: config.primary()?,
            config: config.clone(),
            patience: patience(config),
        };
        for lane in &lanes.lanes {
            lane.set(Some(lanes.connect().await?));
        }
        Ok(lanes)
    }

    /// Runs a look-up. It only reads, so a broken connection is replaced and the statement is sent once more.
    pub(crate) async fn run(&self, lookup: Lookup, params: &Params<'_>) -> Work<Vec<Row>> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let lane = turn.checked_rem(self.lanes.len());
        let lane = lane
            .and_then(|at| self.lanes.get(at))
            .ok_or_else(|| Failure::damaged("there is no lane"))?;
        match self.attempt(lane, lookup, params).await {
            Err(failure @ Failure::Sql(_)) if failure.ends_connection() => {
                self.attempt(lane, lookup, params).await
            }
            answered => answered,
        }
    }

    async fn attempt(&self, lane: &Lane, lookup: Lookup, params: &Params<'_>) -> Work<Vec<Row>> {
        let live = match lane.live() {
            Some(live) => live,
            None => self.reconnect(lane).await?,
        };
        let answer = live.client.query(live.statement(lookup), params);
        let answered = match tokio::time::timeout(self.patience, answer).await {
            Ok(answered) => answered.map_err(Failure::from),
            Err(_) => Err(Failure::NoAnswer(format!(
                "it did not answer within {} seconds",
                self.patience.as_secs()
            ))),
        };
        if answered.as_ref().is_err_and(Failure::ends_connection) {
            lane.set(None);
        }
        answered
    }

    async fn reconnect(&self, lane: &Lane) -> Work<Arc<Live>> {
        let _one_at_a_time = lane.connecting.lock().await;
        if let Some(live) = lane.live() {
            return Ok(live);
        }
        let live = self.connect().await;
        let live = live.map_err(|error| Failure::Unreachable(error.to_string()))?;
        lane.set(Some(Arc::clone(&live)));
        Ok(live)
    }

    async fn connect(&self) -> Result<Arc<Live>, OpenError> {
        let client = connect(&self.target, &self.config).await?;
        let preparing = async {
            client.batch_execute(&self.config.greeting()).await?;
            let by_name = client.prepare(Lookup::ByName.sql());
            futures::future::try_join(by_name, client.prepare(Lookup::ById.sql())).await
        };
        let prepared = tokio::time::timeout(self.config.connect_timeout, preparing).await;
        let (by_name, by_id) = prepared.map_err(|_| OpenError::Timeout {
            doing: "preparing a connection".to_owned(),
            seconds: self.config.connect_timeout.as_secs(),
        })??;
        Ok(Arc::new(Live {
            client,
            by_name,
            by_id,
        }))
    }
}
