//! The event of a task that has ended.

use model::{Event, EventKind, Origin, ProjectId, TabularId, TaskId, Timestamp};
use serde::Serialize;
use serde_json::value::to_raw_value;
use store::{Effects, TaskEnd, TaskRow, TaskScope};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Ended<'a> {
    task_id: TaskId,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<&'a ProjectId>,
    queue_name: &'a str,
    status: &'static str,
    message: &'a str,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    tabular_id: Option<TabularId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tabular_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// The event about the end of a task; none if the task is retried or given back, or has only drained its queue.
pub(crate) fn ended(task: &TaskRow, queue: &str, end: &TaskEnd, at: Timestamp) -> Effects {
    let (status, message) = match end {
        TaskEnd::Done { message } => ("SUCCESS", message),
        TaskEnd::Failed { message } => ("FAILED", message),
        // No end of a task; and `Drained` is routine, as frequent as commits.
        TaskEnd::Drained { .. } | TaskEnd::GivenBack { .. } | TaskEnd::Retry { .. } => {
            return Effects::none();
        }
    };
    let (warehouse, project) = match &task.scope {
        TaskScope::Warehouse(id) => (Some(*id), None),
        TaskScope::Project(id) => (None, Some(id)),
    };
    let tabular = task.tabular.as_ref();
    let path = tabular.and_then(|tabular| tabular.path.split_last());
    let body = to_raw_value(&Ended {
        task_id: task.id,
        project_id: project,
        queue_name: queue,
        status,
        message,
        attempt: task.attempt,
        tabular_id: tabular.map(|tabular| tabular.id),
        tabular_type: tabular.map(|tabular| tabular.kind.as_str()),
        namespace: path.map(|(_, namespace)| namespace),
        name: path.map(|(name, _)| name.as_str()),
    });
    let Ok(body) = body else {
        // Cannot happen: the struct holds only texts and numbers.
        return Effects::none();
    };
    Effects::telling([Event {
        kind: EventKind::EndTask,
        at,
        warehouse,
        subject: task.id.to_string(),
        body,
        origin: Origin::generate(),
    }])
}

#[cfg(test)]
mod tests {
    use model::{TabularKind, WarehouseId};
    use serde_json::json;
    use store::TaskTabular;

    use super::*;

    fn purge() -> TaskRow {
        TaskRow {
            id: TaskId::generate(),
            scope: TaskScope::Warehouse(WarehouseId::generate()),
            tabular: Some(TaskTabular {
                id: TabularId::generate(),
                kind: TabularKind::View,
                path: ["a", "b", "v"].map(str::to_owned).to_vec(),
            }),
            subject: String::new(),
            payload: "{}".to_owned(),
            attempt: 2,
        }
    }

    #[test]
    fn the_end_is_told_with_what_the_task_was_about() {
        let task = purge();
        let end = TaskEnd::Failed {
            message: "the bucket is gone".to_owned(),
        };
        let told = ended(&task, "tabular_purge", &end, Timestamp::from_ms(5));
        let [event] = told.events.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!(event.kind, EventKind::EndTask);
        assert_eq!(event.subject, task.id.to_string());
        let body: serde_json::Value = serde_json::from_str(event.body.get()).unwrap();
        let tabular = task.tabular.unwrap();
        assert_eq!(
            body,
            json!({
                "task-id": task.id, "queue-name": "tabular_purge", "status": "FAILED",
                "message": "the bucket is gone", "attempt": 2, "tabular-id": tabular.id,
                "tabular-type": "view", "namespace": ["a", "b"], "name": "v"
            })
        );
    }

    #[test]
    fn an_attempt_that_is_repeated_is_no_end() {
        let end = TaskEnd::Retry {
            not_before: Timestamp::from_ms(9),
            message: "later".to_owned(),
        };
        let told = ended(&purge(), "tabular_purge", &end, Timestamp::from_ms(5));
        assert!(told.events.is_empty());
    }
}
