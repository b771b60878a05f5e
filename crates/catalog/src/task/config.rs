//! Reads and sets the configuration of task queues.

use authz::{Action, ProjectAction, WarehouseAction};
use jobs::LogCleanupConfig;
use model::EventKind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    Effects, METADATA_CLEANUP, SOFT_DELETION, Store, TABULAR_PURGE, TASK_LOG_CLEANUP, TaskConfig,
    TaskScope,
};

use super::{Owner, event, of_project};
use crate::warehouse::find;
use crate::{Catalog, CatalogError, Request, Result};

/// Allowed heartbeat ages, in seconds: a worker without a heartbeat for that long counts as dead.
const HEARTBEAT_AGES: std::ops::RangeInclusive<i64> = 30..=86_400;

/// A queue that can be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Final removal of soft-deleted tables and views.
    SoftDeletion,
    /// Deletion of the files of dropped tables and views.
    TabularPurge,
    /// Deletion of obsolete metadata files.
    MetadataCleanup,
    /// Removal of old entries of the task log.
    TaskLogCleanup,
}

impl Queue {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SoftDeletion => SOFT_DELETION,
            Self::TabularPurge => TABULAR_PURGE,
            Self::MetadataCleanup => METADATA_CLEANUP,
            Self::TaskLogCleanup => TASK_LOG_CLEANUP,
        }
    }

    /// Checks the queue's own configuration, and returns it as it is stored.
    fn check(self, config: Value) -> Result<String> {
        // serde would accept an array for the struct.
        if !config.is_object() {
            return Err(CatalogError::bad_request("queue-config must be an object"));
        }
        let checked = match self {
            Self::SoftDeletion | Self::TabularPurge | Self::MetadataCleanup => {
                serde_json::from_value::<Nothing>(config).and_then(|it| serde_json::to_string(&it))
            }
            Self::TaskLogCleanup => serde_json::from_value::<LogCleanupConfig>(config)
                .and_then(|it| serde_json::to_string(&it.effective())),
        };
        checked.map_err(|error| {
            let queue = self.as_str();
            CatalogError::bad_request(format!("queue-config of `{queue}`: {error}"))
        })
    }
}

/// The configuration of a queue that has no options of its own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The configuration of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// The queue's own options.
    pub config: Value,
    /// Seconds without a heartbeat after which a worker counts as dead; the default if absent.
    pub max_heartbeat_age: Option<i64>,
}

/// The configuration of a queue for the owner's tasks.
pub async fn queue_config(
    cx: &Catalog,
    request: &Request,
    owner: &Owner,
    queue: Queue,
) -> Result<QueueConfig> {
    let scope = owner.scope(cx, request)?;
    let wanted = (
        WarehouseAction::GetTaskQueueConfig,
        ProjectAction::GetTaskQueueConfig,
    );
    let store = store_for(cx, request, &scope, wanted).await?;
    let found = store.task_config_load(&scope, queue.as_str()).await?;
    let (config, age) = found.map_or_else(
        || ("{}".to_owned(), None),
        |found| (found.config, found.max_heartbeat_age),
    );
    Ok(QueueConfig {
        config: serde_json::from_str(&config).map_err(CatalogError::internal)?,
        max_heartbeat_age: age.map(i64::from),
    })
}

/// Sets the configuration of a queue for the owner's tasks, from the next task on.
pub async fn set_queue_config(
    cx: &Catalog,
    request: &Request,
    owner: &Owner,
    queue: Queue,
    wanted: QueueConfig,
) -> Result<()> {
    let scope = owner.scope(cx, request)?;
    let actions = (
        WarehouseAction::ModifyTaskQueueConfig,
        ProjectAction::ModifyTaskQueueConfig,
    );
    let store = store_for(cx, request, &scope, actions).await?;
    let age = wanted.max_heartbeat_age;
    if let Some(age) = age.filter(|age| !HEARTBEAT_AGES.contains(age)) {
        let (least, most) = (HEARTBEAT_AGES.start(), HEARTBEAT_AGES.end());
        return Err(CatalogError::bad_request(format!(
            "max-seconds-since-last-heartbeat is {age}; it must be {least} to {most}"
        )));
    }
    let config = TaskConfig {
        max_heartbeat_age: age.and_then(|age| u32::try_from(age).ok()),
        config: queue.check(wanted.config)?,
    };
    let queue = queue.as_str();
    let body = json!({
        "queue-name": queue,
        "queue-config": serde_json::from_str::<Value>(&config.config)
            .map_err(CatalogError::internal)?,
        "max-seconds-since-last-heartbeat": config.max_heartbeat_age,
    });
    let by = request.at(cx.now());
    let told = event(EventKind::ConfigureTaskQueue, &scope, by, &body)?;
    Ok(store
        .task_config_set(&scope, queue, config, Effects::telling([told]))
        .await?)
}

async fn store_for<'a>(
    cx: &'a Catalog,
    request: &Request,
    scope: &TaskScope,
    (warehouse, project): (WarehouseAction, ProjectAction),
) -> Result<&'a dyn Store> {
    match scope {
        TaskScope::Project(id) => of_project(cx, request, id, project).await,
        TaskScope::Warehouse(id) => {
            let action = Action::Warehouse(warehouse);
            let proof = cx.require(request, action, find(cx, *id).await?).await?;
            Ok(cx.store(&proof))
        }
    }
}
