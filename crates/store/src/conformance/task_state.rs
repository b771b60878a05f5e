//! Tasks: what is shown of them, and how they are controlled and configured.

use std::sync::Arc;

use model::{
    PageRequest, PageSize, ProjectId, TabularId, TabularKind, TaskId, Timestamp, Version,
    WarehouseId,
};

use super::fixture::{Catalog, Marks, NOW, later, lease, new_project, refused, task};
use super::task::{claim, done, end, enqueue, one};
use crate::{
    Effects, Entity, Instruction, NewTask, ProjectRow, Store, StoreError, TaskClaim, TaskConfig,
    TaskControl, TaskDetails, TaskEnd, TaskFilter, TaskReport, TaskScope, TaskStatus, TaskSubjects,
    TaskTabular, WithoutTabular,
};

fn scope(catalog: &Catalog) -> TaskScope {
    TaskScope::Warehouse(catalog.warehouse)
}

/// Projects with the same id as the warehouse, in both spellings that a database may use.
async fn namesakes(catalog: &Catalog) -> Vec<TaskScope> {
    let id = catalog.warehouse.as_uuid();
    let mut all = Vec::new();
    for text in [id.to_string(), id.simple().to_string()] {
        let row = ProjectRow {
            id: text.parse().unwrap(),
            ..new_project()
        };
        all.push(TaskScope::Project(row.id.clone()));
        let created = catalog.store.project_create(row, Effects::none());
        created.await.unwrap();
    }
    all
}

/// Asserts that the scope neither sees nor controls the task.
async fn is_anothers(catalog: &Catalog, of: &TaskScope, id: TaskId) {
    let store = &catalog.store;
    let before = details(store, catalog, id).await;
    let all = store.task_list(of, TaskFilter::default(), PageRequest::FIRST);
    assert!(all.await.unwrap().items.is_empty(), "{of:?}");
    assert!(store.task_find(of, vec![id]).await.unwrap().is_empty());
    assert_eq!(store.task_details(of, id, 9).await.unwrap(), None);
    for wish in [
        TaskControl::Stop,
        TaskControl::RunAt(later(77)),
        TaskControl::Cancel,
    ] {
        control(store, of, vec![id], (wish, later(3))).await;
    }
    assert_eq!(details(store, catalog, id).await, before, "{of:?}");
}

async fn details(store: &Arc<dyn Store>, catalog: &Catalog, id: TaskId) -> TaskDetails {
    let found = store.task_details(&scope(catalog), id, 10).await.unwrap();
    found.unwrap()
}

async fn control(
    store: &Arc<dyn Store>,
    of: &TaskScope,
    ids: Vec<TaskId>,
    wish: (TaskControl, Timestamp),
) {
    let done = store.task_control(of, ids, wish, Effects::none());
    done.await.unwrap();
}

pub async fn its_whole_life_can_be_seen(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let tabular = TaskTabular {
        id: TabularId::generate(),
        kind: TabularKind::View,
        path: vec!["ns".to_owned(), "v".to_owned()],
    };
    let new = NewTask {
        parent: Some(TaskId::generate()),
        tabular: Some(tabular.clone()),
        ..task("queue", catalog.warehouse)
    };
    let id = new.id;
    enqueue(store, vec![new.clone()]).await;
    let seen = details(store, &catalog, id).await;
    assert_eq!(seen.info.status, TaskStatus::Scheduled);
    assert_eq!(
        (&seen.info.scope, &seen.info.tabular, seen.info.parent),
        (&new.scope, &Some(tabular), new.parent)
    );
    assert_eq!(seen.info.project, catalog.project);
    assert_eq!((seen.info.scheduled_for, seen.info.created_at), (NOW, NOW));
    assert_eq!((seen.payload, seen.info.attempt), (new.payload, 0));

    claim(store, "w", later(5)).await.unwrap();
    let report = TaskReport {
        progress: 0.5,
        details: "{\"files\":7}".to_owned(),
    };
    let held = TaskClaim::of(id, "w");
    let hold = store.task_extend(held, lease(later(7), later(90)), Some(report));
    assert_eq!(hold.await.unwrap(), Instruction::GoOn);
    let seen = details(store, &catalog, id).await;
    assert_eq!(seen.info.status, TaskStatus::Running);
    assert_eq!(seen.info.picked_up_at, Some(later(5)));
    assert_eq!(seen.info.heartbeat_at, Some(later(7)));
    assert_eq!((seen.info.progress, seen.info.attempt), (0.5, 1));
    assert_eq!(seen.details.as_deref(), Some("{\"files\":7}"));

    let retry = TaskEnd::Retry {
        not_before: later(50),
        message: "not yet".to_owned(),
    };
    end(store, held, retry, later(9)).await;
    let seen = details(store, &catalog, id).await;
    assert_eq!(seen.info.status, TaskStatus::Scheduled);
    assert_eq!(seen.info.scheduled_for, later(50));
    let first = &seen.attempts[0];
    assert_eq!((first.attempt, first.status), (1, TaskStatus::Failed));
    assert_eq!(
        (first.started_at, first.ended_at),
        (Some(later(5)), later(9))
    );
    assert_eq!((first.message.as_str(), first.progress), ("not yet", 0.5));

    claim(store, "w", later(60)).await.unwrap();
    end(store, held, done(), later(61)).await;
    let seen = details(store, &catalog, id).await;
    assert_eq!(seen.info.status, TaskStatus::Success);
    assert_eq!((seen.info.progress, seen.info.parent), (1.0, new.parent));
    assert_eq!(
        (seen.message.as_deref(), seen.info.attempt),
        (Some("well"), 2)
    );
    assert_eq!(seen.attempts.len(), 1, "the last one is the task itself");
    let none = store.task_details(&scope(&catalog), id, 0).await.unwrap();
    assert!(none.unwrap().attempts.is_empty());
    let other = catalog.other("other").await;
    let elsewhere = store.task_details(&scope(&other), id, 5).await.unwrap();
    assert_eq!(elsewhere, None);
}

pub async fn the_attempt_of_a_dead_worker_is_logged(store: &Arc<dyn Store>) {
    let (catalog, id) = one(store).await;
    claim(store, "dead", NOW).await.unwrap();
    claim(store, "w", later(100)).await.unwrap();
    let seen = details(store, &catalog, id).await;
    assert_eq!((seen.info.attempt, seen.attempts.len()), (2, 1));
    assert_eq!(seen.attempts[0].started_at, Some(NOW));
    assert_eq!(seen.attempts[0].ended_at, later(100));
}

pub async fn lists_show_the_latest_first_and_what_fits_only(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let other = catalog.other("other").await;
    let tabular = TaskTabular {
        id: TabularId::generate(),
        kind: TabularKind::Table,
        path: vec!["t".to_owned()],
    };
    let mut all = Vec::new();
    for number in 0..4 {
        all.push(NewTask {
            queue: ["queue", "second"][number % 2],
            created_at: later(i64::try_from(number).unwrap()),
            tabular: (number == 3).then(|| tabular.clone()),
            ..task("queue", catalog.warehouse)
        });
    }
    enqueue(store, all.clone()).await;
    enqueue(store, vec![task("queue", other.warehouse)]).await;
    let of = scope(&catalog);
    control(store, &of, vec![all[0].id], (TaskControl::Cancel, NOW)).await;
    let list = async |filter: TaskFilter| -> Vec<usize> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let size = PageSize::clamped(3);
            let page = PageRequest { after, size };
            let page = store.task_list(&of, filter.clone(), page).await.unwrap();
            ids.extend(page.items.iter().map(|found| found.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let place = |id| all.iter().position(|new| new.id == id).unwrap();
        ids.into_iter().map(place).collect()
    };
    let none = TaskFilter::default;
    assert_eq!(list(none()).await, [3, 2, 1, 0]);
    let queues = Some(vec!["second".to_owned()]);
    assert_eq!(list(TaskFilter { queues, ..none() }).await, [3, 1]);
    let statuses = Some(vec![TaskStatus::Cancelled, TaskStatus::Running]);
    assert_eq!(list(TaskFilter { statuses, ..none() }).await, [0]);
    let created = TaskFilter {
        created_after: Some(later(1)),
        created_before: Some(later(2)),
        ..none()
    };
    assert_eq!(list(created).await, [2, 1]);
    let about = |tabulars, without_tabular| TaskFilter {
        subjects: Some(TaskSubjects {
            tabulars,
            without_tabular,
        }),
        ..none()
    };
    assert_eq!(
        list(about(vec![tabular.id], WithoutTabular::Excluded)).await,
        [3]
    );
    assert_eq!(
        list(about(vec![], WithoutTabular::Included)).await,
        [2, 1, 0]
    );
    let all_of_them = list(about(vec![tabular.id], WithoutTabular::Included));
    assert_eq!(all_of_them.await.len(), 4);
    let found = store.task_find(&of, all.iter().map(|new| new.id).collect());
    assert_eq!(found.await.unwrap().len(), 4);
    let foreign = store.task_find(&scope(&other), vec![all[1].id]).await;
    assert!(foreign.unwrap().is_empty());
}

pub async fn a_worker_hears_that_it_is_to_stop(store: &Arc<dyn Store>) {
    let (catalog, id) = one(store).await;
    let of = scope(&catalog);
    let stop = || store.task_control(&of, vec![id], (TaskControl::Stop, NOW), Effects::none());
    // A waiting task has nothing to stop.
    stop().await.unwrap();
    assert_eq!(
        details(store, &catalog, id).await.info.status,
        TaskStatus::Scheduled
    );
    claim(store, "w", NOW).await.unwrap();
    stop().await.unwrap();
    assert_eq!(
        details(store, &catalog, id).await.info.status,
        TaskStatus::Stopping
    );
    let hold = store.task_extend(TaskClaim::of(id, "w"), lease(NOW, later(50)), None);
    assert_eq!(hold.await.unwrap(), Instruction::Stop);
    control(store, &of, vec![id], (TaskControl::RunAt(later(70)), NOW)).await;
    let retry = TaskEnd::Retry {
        not_before: later(10),
        message: "stopped".to_owned(),
    };
    end(store, TaskClaim::of(id, "w"), retry, later(2)).await;
    claim(store, "w", later(10)).await.unwrap();
    let hold = store.task_extend(TaskClaim::of(id, "w"), lease(NOW, later(50)), None);
    assert_eq!(
        hold.await.unwrap(),
        Instruction::GoOn,
        "the wish was for the last attempt"
    );
}

pub async fn a_cancelled_task_is_nobodys(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let (waiting, running) = (
        task("queue", catalog.warehouse),
        NewTask {
            not_before: later(-1),
            ..task("queue", catalog.warehouse)
        },
    );
    let ids = vec![waiting.id, running.id];
    enqueue(store, vec![waiting, running.clone()]).await;
    assert_eq!(claim(store, "w", NOW).await.unwrap().id, running.id);
    let mut others = namesakes(&catalog).await;
    others.push(scope(&catalog.other("other").await));
    for other in &others {
        for id in &ids {
            is_anothers(&catalog, other, *id).await;
        }
    }
    let cancel = (TaskControl::Cancel, later(3));
    control(store, &scope(&catalog), ids.clone(), cancel).await;
    assert_eq!(store.task_count("queue").await.unwrap(), 0);
    let idle = store.task_idle_projects("queue", 10).await.unwrap();
    assert!(idle.iter().all(|(_, ended)| ended.is_none()), "{idle:?}");
    let lost = store.task_extend(TaskClaim::of(running.id, "w"), lease(NOW, later(50)), None);
    refused!(lost.await, StoreError::NotFound(Entity::Task(_)));
    for id in ids {
        let seen = details(store, &catalog, id).await;
        assert_eq!(seen.info.status, TaskStatus::Cancelled);
        assert_eq!(seen.info.updated_at, Some(later(3)));
    }
    // A task that waits for a retry does not run any more once it is cancelled.
    let again = task("queue", catalog.warehouse);
    enqueue(store, vec![again.clone()]).await;
    claim(store, "w", later(5)).await.unwrap();
    let retry = TaskEnd::Retry {
        not_before: later(20),
        message: "not yet".to_owned(),
    };
    end(store, TaskClaim::of(again.id, "w"), retry, later(9)).await;
    let cancel = (TaskControl::Cancel, later(12));
    control(store, &scope(&catalog), vec![again.id], cancel).await;
    let seen = details(store, &catalog, again.id).await.info;
    assert_eq!(seen.status, TaskStatus::Cancelled);
    assert_eq!((seen.picked_up_at, seen.heartbeat_at), (None, None));
}

pub async fn a_waiting_task_is_started_when_it_is_wanted(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let late = NewTask {
        not_before: later(9_000),
        ..task("queue", catalog.warehouse)
    };
    let id = late.id;
    enqueue(store, vec![late]).await;
    let run_at = |at| {
        let of = scope(&catalog);
        async move {
            control(store, &of, vec![id], (TaskControl::RunAt(at), NOW)).await;
        }
    };
    run_at(later(20)).await;
    assert_eq!(
        details(store, &catalog, id).await.info.scheduled_for,
        later(20)
    );
    assert_eq!(claim(store, "w", later(19)).await, None);
    claim(store, "w", later(20)).await.unwrap();
    // A running task is left alone.
    run_at(later(21)).await;
    assert_eq!(claim(store, "other", later(22)).await, None);
    assert_eq!(
        details(store, &catalog, id).await.info.scheduled_for,
        later(20)
    );
}

pub async fn a_configuration_is_kept_for_each_scope_and_queue(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let of = scope(&catalog);
    let load = async |of: &TaskScope, queue| store.task_config_load(of, queue).await.unwrap();
    assert_eq!(load(&of, "queue").await, None);
    let first = TaskConfig {
        max_heartbeat_age: Some(90),
        config: "{\"a\":1}".to_owned(),
    };
    let second = TaskConfig {
        max_heartbeat_age: None,
        config: "{}".to_owned(),
    };
    for config in [second.clone(), first.clone()] {
        store
            .task_config_set(&of, "queue", config.clone(), Effects::none())
            .await
            .unwrap();
        assert_eq!(load(&of, "queue").await, Some(config));
    }
    assert_eq!(load(&of, "other").await, None);
    let project = TaskScope::Project(catalog.project.clone());
    assert_eq!(load(&project, "queue").await, None);
    store
        .task_config_set(&project, "queue", second.clone(), Effects::none())
        .await
        .unwrap();
    assert_eq!(load(&project, "queue").await, Some(second.clone()));
    for namesake in namesakes(&catalog).await {
        let config = second.clone();
        let set = store.task_config_set(&namesake, "queue", config, Effects::none());
        let kept = match set.await {
            Ok(()) => Some(second.clone()),
            Err(StoreError::AlreadyExists(Entity::Project(_))) => None,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(load(&namesake, "queue").await, kept);
        assert_eq!(load(&of, "queue").await, Some(first.clone()));
    }
    let nowhere = TaskScope::Warehouse(WarehouseId::generate());
    let set = store
        .task_config_set(&nowhere, "queue", second, Effects::none())
        .await;
    refused!(set, StoreError::NotFound(Entity::Warehouse(_)));
}

pub async fn a_project_has_one_task_of_its_own_at_a_time(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let project = TaskScope::Project(catalog.project.clone());
    let idle = || store.task_idle_projects("queue", 10);
    assert_eq!(idle().await.unwrap(), [(catalog.project.clone(), None)]);
    let new = || NewTask {
        scope: project.clone(),
        parent: None,
        subject: String::new(),
        ..task("queue", catalog.warehouse)
    };
    let gone = NewTask {
        scope: TaskScope::Project(ProjectId::generate()),
        parent: None,
        ..new()
    };
    let first = new();
    for tasks in [vec![first.clone(), gone], vec![new()]] {
        store.task_queue_for_projects(tasks).await.unwrap();
    }
    assert_eq!(store.task_count("queue").await.unwrap(), 1);
    assert!(idle().await.unwrap().is_empty());
    let claimed = claim(store, "w", NOW).await.unwrap();
    assert_eq!((claimed.id, &claimed.scope), (first.id, &project));
    end(store, TaskClaim::of(first.id, "w"), done(), later(7)).await;
    assert_eq!(
        idle().await.unwrap(),
        [(catalog.project.clone(), Some(later(7)))]
    );
    let seen = store.task_find(&project, vec![first.id]).await.unwrap();
    assert_eq!(seen[0].status, TaskStatus::Success);
    // Its tasks do not keep a project from being dropped, and their log is trimmed after that.
    store.task_queue_for_projects(vec![new()]).await.unwrap();
    store
        .warehouse_drop((catalog.warehouse, Version::FIRST), Effects::none())
        .await
        .unwrap();
    assert_eq!(store.task_log_trim(None, later(99), 9).await.unwrap(), 0);
    store
        .project_drop(&catalog.project, Effects::none())
        .await
        .unwrap();
    assert_eq!(store.task_count("queue").await.unwrap(), 0);
    assert_eq!(store.task_log_trim(None, later(99), 9).await.unwrap(), 1);
}

pub async fn what_becomes_of_tasks_is_told_with_it(store: &Arc<dyn Store>) {
    let (catalog, id) = one(store).await;
    let of = scope(&catalog);
    let marks = || Marks::of(catalog.warehouse);
    let (configured, stopped, ended, late) = (marks(), marks(), marks(), marks());
    let config = TaskConfig {
        max_heartbeat_age: None,
        config: "{}".to_owned(),
    };
    let set = store.task_config_set(&of, "queue", config, configured.effects());
    set.await.unwrap();
    configured.are_there(store).await;
    claim(store, "w", NOW).await.unwrap();
    let stop = store.task_control(&of, vec![id], (TaskControl::Stop, NOW), stopped.effects());
    stop.await.unwrap();
    stopped.are_there(store).await;
    let held = TaskClaim::of(id, "w");
    store
        .task_end(held, done(), NOW, ended.effects())
        .await
        .unwrap();
    ended.are_there(store).await;
    refused!(
        store.task_end(held, done(), NOW, late.effects()).await,
        StoreError::NotFound(Entity::Task(it)) if it == id
    );
    late.are_absent(store).await;
}
