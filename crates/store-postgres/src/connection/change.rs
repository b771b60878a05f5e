//! Transactions. Each runs to its end in a task of its own, so that a caller that goes away does not leave it
//! half-done.

use std::time::Duration;

use futures::future::{BoxFuture, join, join4};
use store::{Effects, Result, StoreError};

use super::open::Pools;
use super::session::{OpenTransaction, Session};
use crate::effects::{self, Statements};
use crate::error::{Failure, Work};

/// The work of a transaction on its input.
pub(crate) type BoxedWork<T, R> = for<'a> fn(&'a Session, &'a T) -> BoxFuture<'a, Work<R>>;

/// Makes a change and writes its effects: all or nothing.
pub(crate) async fn change<T, R>(
    pools: &Pools,
    effects: &Effects,
    input: &T,
    work: BoxedWork<T, R>,
) -> Result<R> {
    let mut attempts = Attempts::default();
    loop {
        match once(pools, effects, input, work).await {
            Err(failure) if attempts.again(&failure).await => {}
            ended => return ended.map_err(StoreError::from),
        }
    }
}

async fn once<T, R>(pools: &Pools, effects: &Effects, input: &T, work: BoxedWork<T, R>) -> Work<R> {
    let session = pools.primary().await?;
    session.set_open_transaction(OpenTransaction::Yes);
    // BEGIN and the first statement are sent together.
    let (begun, worked) = join(session.order("begin"), async {
        effects::claim(&session, effects).await?;
        work(&session, input).await
    })
    .await;
    begun?;
    let ready = match worked {
        Ok(answer) => effects::prepare(&session, effects)
            .await
            .map(|ready| (answer, ready)),
        Err(failure) => Err(failure),
    };
    match ready {
        Ok((answer, ready)) => commit(&session, effects, &ready).await.map(|()| answer),
        Err(failure) => {
            if !failure.ends_connection() && session.order("rollback").await.is_ok() {
                session.set_open_transaction(OpenTransaction::No);
            }
            Err(failure)
        }
    }
}

/// Sends the effects and COMMIT together. If an effect fails, the server treats COMMIT as ROLLBACK.
async fn commit(session: &Session, effects: &Effects, ready: &Statements) -> Work<()> {
    let (told, queued, given, committed) = join4(
        effects::tell(session, ready.events.as_ref(), &effects.events),
        effects::queue(session, ready.tasks.as_ref(), &effects.tasks),
        effects::give(session, ready.grants.as_ref(), &effects.grants),
        session.order("commit"),
    )
    .await;
    let answers = [told, queued, given, committed];
    let is_broken = |answer: &Work<()>| answer.as_ref().is_err_and(Failure::ends_connection);
    if !answers.iter().any(is_broken) {
        session.set_open_transaction(OpenTransaction::No);
    }
    // The transaction of a plainly refused statement has been rolled back, whatever was sent after it.
    for answer in answers {
        answer.map_err(Failure::after_commit_was_sent)?;
    }
    Ok(())
}

/// Runs work to its end even if the caller does not wait for it.
pub(crate) async fn in_own_task<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    match tokio::spawn(work).await {
        Ok(ended) => ended,
        Err(error) if error.is_cancelled() => Err(StoreError::OutcomeUnknown(
            "the program ended in the middle of the change".into(),
        )),
        Err(error) => Err(StoreError::OutcomeUnknown(error.into())),
    }
}

/// Counts the attempts at a transaction that collides with others. Locks are taken in the same order everywhere,
/// so this is for the cases that the order does not cover.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    const MOST: u32 = 5;

    /// Whether to try again; if so, waits a little.
    pub(crate) async fn again(&mut self, failure: &Failure) -> bool {
        failure.is_collision() && self.left().await
    }

    /// Whether another attempt is left; if so, waits a little.
    pub(crate) async fn left(&mut self) -> bool {
        self.0 += 1;
        if self.0 >= Self::MOST {
            return false;
        }
        let most = 5_u64 << self.0;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..most))).await;
        true
    }
}
