//! The result of a run.

use std::fmt;
use std::time::Duration;

use crate::check::{Rule, Violation};
use crate::disk::Leftovers;
use crate::history::{Fate, History, LifeEvent, Outcome};

/// The result of a run. Its text is the closing line of the program.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
    /// Answers of 5xx that neither a kill nor a failover excuses.
    pub server_errors: usize,
    /// Answers of 5xx that a kill or a failover excuses.
    pub server_errors_in_kills: usize,
    /// Replicas killed.
    pub kills: usize,
    /// Changes that were acknowledged.
    pub acked: usize,
    /// Changes that were refused.
    pub refused: usize,
    /// Changes of unknown outcome.
    pub unknown: usize,
    /// Changes that were sent again with the same idempotency key.
    pub repeated: u64,
    /// Loads of shared tables.
    pub reads: usize,
    /// Metadata files of shared tables.
    pub versions: usize,
    /// Tables with files: how many were created, and how many of these must have lost all files.
    pub holdings: (usize, usize),
    /// The time from when the standby had taken over until the first change was acknowledged.
    pub recovery: Option<Duration>,
    /// Metadata files that were deleted because their table had outgrown them.
    pub outgrown: usize,
    /// Tasks that have succeeded.
    pub tasks: usize,
    /// Events of all changes.
    pub events: usize,
    /// How many events have arrived at each sink, repetitions included.
    pub arrived: Vec<(&'static str, usize)>,
    /// Files that kills have left beside the metadata files.
    pub leftovers: Leftovers,
}

impl Report {
    pub(crate) fn of(history: &History, violations: Vec<Violation>) -> Self {
        let outcomes = || {
            let steps = history.lives.iter().flat_map(|life| &life.events);
            let steps = steps.filter_map(|event| match event {
                LifeEvent::Stepped(_, outcome) => Some(outcome),
                LifeEvent::Looked(..) => None,
            });
            let changes = history.changes.iter().map(|change| &change.outcome);
            let holdings = history.holdings.iter();
            let done = holdings.flat_map(|(holding, _)| &holding.steps);
            steps.chain(changes).chain(done.map(|(_, outcome)| outcome))
        };
        let count = |wanted: fn(&Outcome) -> bool| outcomes().filter(|one| wanted(one)).count();
        let of_rule = |rule| violations.iter().filter(|one| one.rule == rule).count();
        let server_errors = of_rule(Rule::ServerError);
        let disturbed = history.disturbances.iter();
        let all_errors = disturbed.filter(|one| one.status.is_some()).count();
        let is_purged = |fate: &Fate| *fate == Fate::Purged;
        let holdings = history.holdings.iter();
        let purged = holdings.filter(|(holding, _)| holding.fates.iter().all(is_purged));
        let arrivals = history.arrivals.iter();
        let created = history.claims.iter().filter(|claim| claim.outcome.is_ok());
        Self {
            server_errors,
            server_errors_in_kills: all_errors.saturating_sub(server_errors),
            kills: history.windows.len(),
            acked: count(|one| matches!(one, Outcome::Done(_))) + created.count(),
            refused: count(|one| matches!(one, Outcome::Refused(_))),
            unknown: count(|one| *one == Outcome::Unknown),
            reads: history.reads.len(),
            versions: history
                .tables
                .iter()
                .map(|table| table.versions.len())
                .sum(),
            holdings: (history.holdings.len(), purged.count()),
            recovery: recovery(history),
            events: history.outbox.len(),
            arrived: arrivals.map(|one| (one.sink, one.events.len())).collect(),
            violations,
            ..Self::default()
        }
    }
}

fn recovery(history: &History) -> Option<Duration> {
    let taken_over = history.failovers.first()?.ended;
    let done = history.changes.iter().filter(|change| {
        change.span.ended > taken_over && matches!(change.outcome, Outcome::Done(_))
    });
    let first = done.map(|change| change.span.ended).min()?;
    Some(first.saturating_sub(taken_over))
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "violations={} 5xx={} kills={} acked={} refused={} unknown={} repeated={} reads={} versions={} \
             tables_with_files={} purged={} outgrown={} tasks={} events={} unused_files={} temporary_files={} 5xx_in_kills={}",
            self.violations.len(),
            self.server_errors,
            self.kills,
            self.acked,
            self.refused,
            self.unknown,
            self.repeated,
            self.reads,
            self.versions,
            self.holdings.0,
            self.holdings.1,
            self.outgrown,
            self.tasks,
            self.events,
            self.leftovers.unused,
            self.leftovers.temporary,
            self.server_errors_in_kills,
        )?;
        if let Some(recovery) = self.recovery {
            write!(out, " recovery_ms={}", recovery.as_millis())?;
        }
        self.arrived
            .iter()
            .try_for_each(|(sink, count)| write!(out, " at_{sink}={count}"))
    }
}
