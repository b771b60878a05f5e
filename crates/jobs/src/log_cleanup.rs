//! Removes old entries of the task log. Each project has one task for it; the next one is due a period after the last
//! one ended.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{Clock, Excerpt, parse_iso_8601, print_iso_8601};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use store::{NewTask, Store, TASK_LOG_CLEANUP, TaskConfig, TaskReport, TaskRow, TaskScope};

use crate::{Claim, WorkError, Worker};

/// Rows that one statement removes; it is repeated until nothing old is left.
const BATCH: u32 = 1_000;
/// Projects that get a task in one round.
const PROJECTS: u32 = 1_000;
/// How often old entries are removed, unless the project is configured for a longer period.
const PERIOD: Period = Period(Duration::from_hours(24));

/// A project's configuration of the cleanup. For absent fields, the operator's settings count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogCleanupConfig {
    /// How often old entries are removed; at least a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleanup_period: Option<Period>,
    /// How long entries of ended tasks are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_period: Option<Period>,
}

impl LogCleanupConfig {
    /// The configuration with a period of at least a day.
    #[must_use]
    pub fn effective(self) -> Self {
        Self {
            cleanup_period: self.cleanup_period.map(|period| period.max(PERIOD)),
            ..self
        }
    }

    fn of(stored: Option<TaskConfig>) -> Result<Self, serde_json::Error> {
        stored.map_or_else(
            || Ok(Self::default()),
            |stored| serde_json::from_str(&stored.config),
        )
    }
}

/// A span of time, written as ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    /// 100 years.
    const LONGEST: Self = Self(Duration::from_hours(24 * 36_600));
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&print_iso_8601(self.0))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let period = parse_iso_8601(&text).map(Self);
        let period = period.filter(|period| *period <= Self::LONGEST);
        period.ok_or_else(|| {
            let shown = Excerpt(&text);
            de::Error::custom(format!(
                "`{shown}` must be an ISO 8601 duration of weeks, or of days, hours, minutes and seconds, such as `P90D`, and \
                 at most 100 years"
            ))
        })
    }
}

/// Queues the missing cleanup tasks.
pub(crate) async fn plan(store: &dyn Store, clock: &dyn Clock) -> store::Result<()> {
    let idle = store.task_idle_projects(TASK_LOG_CLEANUP, PROJECTS).await?;
    let now = clock.now();
    let mut tasks = Vec::with_capacity(idle.len());
    for (project, ended) in idle {
        let scope = TaskScope::Project(project);
        let config = store.task_config_load(&scope, TASK_LOG_CLEANUP).await?;
        let config = LogCleanupConfig::of(config).unwrap_or_default().effective();
        let Period(period) = config.cleanup_period.unwrap_or(PERIOD);
        tasks.push(NewTask {
            not_before: ended.map_or(now, |ended| ended.plus(period)),
            ..NewTask::new(TASK_LOG_CLEANUP, scope, now)
        });
    }
    if tasks.is_empty() {
        return Ok(());
    }
    store.task_queue_for_projects(tasks).await
}

/// Executes the cleanup tasks.
#[derive(Debug, Clone)]
pub struct LogCleanupWorker {
    /// The store with the task log.
    pub store: Arc<dyn Store>,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// How long entries of ended tasks are kept, unless the project's configuration says otherwise.
    pub retention: Duration,
}

#[async_trait]
impl Worker for LogCleanupWorker {
    fn queue(&self) -> &'static str {
        TASK_LOG_CLEANUP
    }

    async fn work(&self, task: &TaskRow, claim: &Claim) -> Result<String, WorkError> {
        let TaskScope::Project(project) = &task.scope else {
            let message = "the log is cleaned up for a project, not for a warehouse";
            return Err(WorkError::Hopeless(message.to_owned()));
        };
        let config = self.store.task_config_load(&task.scope, TASK_LOG_CLEANUP);
        let config = LogCleanupConfig::of(config.await?)
            .map_err(|error| WorkError::Hopeless(format!("the configuration: {error}")))?;
        let retention = config
            .retention_period
            .map_or(self.retention, |period| period.0);
        let before = self.clock.now().minus(retention);
        let mut removed = 0;
        loop {
            let trimmed = self.store.task_log_trim(Some(project), before, BATCH);
            let trimmed = trimmed.await?;
            removed += trimmed;
            if trimmed < u64::from(BATCH) {
                break;
            }
            claim.report(TaskReport {
                progress: 0.0,
                details: format!("{{\"entries-removed\":{removed}}}"),
            });
            claim.confirm().await?;
        }
        claim.report(TaskReport {
            progress: 1.0,
            details: format!("{{\"entries-removed\":{removed}}}"),
        });
        Ok(format!("{removed} entries removed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_iso_8601_and_at_least_a_day() {
        let read = |text| serde_json::from_str::<LogCleanupConfig>(text);
        let short = read(r#"{"cleanup-period":"PT1H","retention-period":"P2W"}"#).unwrap();
        let effective = serde_json::to_string(&short.effective()).unwrap();
        assert_eq!(
            effective,
            r#"{"cleanup-period":"P1D","retention-period":"P14D"}"#
        );
        assert_eq!(read("{}").unwrap(), LogCleanupConfig::default());
        assert_eq!(
            read(r#"{"cleanup-period":null}"#).unwrap(),
            LogCleanupConfig::default()
        );
        for wrong in [
            r#"{"cleanup-period":"1d"}"#,
            r#"{"cleanup-period":5}"#,
            r#"{"retention-period":"P99999999D"}"#,
            r#"{"retention":"P1D"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
