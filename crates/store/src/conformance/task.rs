//! Tasks: claims, leases, ends and turns.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::{TaskId, Timestamp, WarehouseId};

use super::fixture::{Catalog, Marks, NOW, later, lease, new_project, refused, task};
use crate::{
    Effects, Entity, NewTask, Store, StoreError, TaskClaim, TaskEnd, TaskRow, TaskScope, TaskStatus,
};

pub(super) async fn enqueue(store: &Arc<dyn Store>, tasks: Vec<NewTask>) {
    let effects = Effects {
        tasks,
        ..Effects::none()
    };
    store.project_create(new_project(), effects).await.unwrap();
}

pub(super) async fn claim(store: &Arc<dyn Store>, worker: &str, now: Timestamp) -> Option<TaskRow> {
    let until = now.plus(Duration::from_millis(100));
    let claimed = store.task_claim("queue", worker, lease(now, until));
    claimed.await.unwrap()
}

pub(super) async fn end(store: &Arc<dyn Store>, claim: TaskClaim<'_>, how: TaskEnd, at: Timestamp) {
    let ended = store.task_end(claim, how, at, Effects::none());
    ended.await.unwrap();
}

pub(super) fn done() -> TaskEnd {
    TaskEnd::Done {
        message: "well".to_owned(),
    }
}

pub(super) async fn one(store: &Arc<dyn Store>) -> (Catalog, TaskId) {
    let catalog = Catalog::new(store).await;
    let task = task("queue", catalog.warehouse);
    let id = task.id;
    enqueue(store, vec![task]).await;
    (catalog, id)
}

pub async fn a_task_is_claimed_when_it_is_due(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let new = NewTask {
        subject: "sübject".to_owned(),
        payload: "{ \"b\":1, \"a\":\"'\" }".to_owned(),
        ..task("queue", catalog.warehouse)
    };
    let late = NewTask {
        not_before: later(10),
        ..task("queue", catalog.warehouse)
    };
    enqueue(store, vec![late.clone(), new.clone()]).await;
    assert_eq!(store.task_count("queue").await.unwrap(), 2);
    assert_eq!(claim(store, "w", later(-1)).await, None);
    let expected = TaskRow {
        id: new.id,
        scope: new.scope,
        tabular: None,
        subject: new.subject,
        payload: new.payload,
        attempt: 1,
    };
    assert_eq!(claim(store, "w", NOW).await, Some(expected));
    assert_eq!(claim(store, "w", later(9)).await, None);
    assert_eq!(claim(store, "w", later(10)).await.unwrap().id, late.id);
    assert_eq!(store.task_count("queue").await.unwrap(), 2);
}

pub async fn a_claimed_task_is_nobody_elses(store: &Arc<dyn Store>) {
    let (_, id) = one(store).await;
    assert_eq!(claim(store, "one", NOW).await.unwrap().id, id);
    assert_eq!(claim(store, "other", later(50)).await, None);
    assert_eq!(claim(store, "one", later(50)).await, None);
}

pub async fn a_lost_lease_makes_it_due_again(store: &Arc<dyn Store>) {
    let (_, id) = one(store).await;
    assert_eq!(claim(store, "one", NOW).await.unwrap().attempt, 1);
    assert_eq!(claim(store, "other", later(99)).await, None);
    let again = claim(store, "other", later(100)).await.unwrap();
    assert_eq!((again.id, again.attempt), (id, 2));
    // The worker that has lost the task may neither end it nor extend the claim.
    let ended = store
        .task_end(
            TaskClaim::of(id, "one"),
            done(),
            later(101),
            Effects::none(),
        )
        .await;
    refused!(ended, StoreError::NotFound(Entity::Task(it)) if it == id);
    let extended = store
        .task_extend(TaskClaim::of(id, "one"), lease(NOW, later(500)), None)
        .await;
    refused!(extended, StoreError::NotFound(Entity::Task(_)));
    store
        .task_end(
            TaskClaim::of(id, "other"),
            done(),
            later(101),
            Effects::none(),
        )
        .await
        .unwrap();
}

pub async fn a_lease_can_be_prolonged(store: &Arc<dyn Store>) {
    let (_, id) = one(store).await;
    claim(store, "one", NOW).await.unwrap();
    store
        .task_extend(TaskClaim::of(id, "one"), lease(NOW, later(300)), None)
        .await
        .unwrap();
    assert_eq!(claim(store, "other", later(299)).await, None);
    // Until another worker claims the task, the worker keeps it even after its lease has run out.
    store
        .task_end(
            TaskClaim::of(id, "one"),
            done(),
            later(400),
            Effects::none(),
        )
        .await
        .unwrap();
    assert_eq!(store.task_count("queue").await.unwrap(), 0);
}

pub async fn an_ended_task_is_gone(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    let failed = TaskEnd::Failed {
        message: "no".to_owned(),
    };
    for end in [done(), failed] {
        let new = task("queue", catalog.warehouse);
        let id = new.id;
        enqueue(store, vec![new]).await;
        assert_eq!(claim(store, "w", NOW).await.unwrap().id, id);
        store
            .task_end(
                TaskClaim::of(id, "w"),
                end.clone(),
                later(1),
                Effects::none(),
            )
            .await
            .unwrap();
        assert_eq!(store.task_count("queue").await.unwrap(), 0);
        assert_eq!(claim(store, "w", later(10_000)).await, None);
        let again = store
            .task_end(TaskClaim::of(id, "w"), end, later(1), Effects::none())
            .await;
        refused!(again, StoreError::NotFound(Entity::Task(_)));
    }
}

pub async fn whatever_the_message_says_the_task_ends(store: &Arc<dyn Store>) {
    let (_, id) = one(store).await;
    claim(store, "w", NOW).await.unwrap();
    let message = "the storage said: \0 \u{1} ü".to_owned();
    let end = TaskEnd::Failed { message };
    store
        .task_end(TaskClaim::of(id, "w"), end, later(1), Effects::none())
        .await
        .unwrap();
    assert_eq!(store.task_count("queue").await.unwrap(), 0);
}

pub async fn a_retry_waits_and_counts(store: &Arc<dyn Store>) {
    let (_, id) = one(store).await;
    for attempt in 1..=3 {
        let now = later(i64::from(attempt) * 1_000);
        assert_eq!(claim(store, "w", now).await.unwrap().attempt, attempt);
        let not_before = later(i64::from(attempt + 1) * 1_000);
        let message = "not yet".to_owned();
        let retry = TaskEnd::Retry {
            not_before,
            message,
        };
        store
            .task_end(TaskClaim::of(id, "w"), retry, now, Effects::none())
            .await
            .unwrap();
        assert_eq!(store.task_count("queue").await.unwrap(), 1);
        assert_eq!(
            claim(store, "w", later(not_before.as_ms() - NOW.as_ms() - 1)).await,
            None
        );
    }
    let waiting = store
        .task_end(TaskClaim::of(id, "w"), done(), NOW, Effects::none())
        .await;
    refused!(waiting, StoreError::NotFound(Entity::Task(_)));
}

pub async fn what_is_given_back_waits_and_does_not_count(store: &Arc<dyn Store>) {
    let (catalog, id) = one(store).await;
    claim(store, "lost", NOW).await.unwrap();
    let mut now = later(1_000);
    for _ in 0..3 {
        // The attempt of the lost worker counts, those that were given back do not.
        assert_eq!(claim(store, "w", now).await.unwrap().attempt, 2);
        let not_before = now.plus(Duration::from_mins(1));
        end(
            store,
            TaskClaim::of(id, "w"),
            TaskEnd::GivenBack { not_before },
            now,
        )
        .await;
        assert_eq!(
            claim(store, "w", Timestamp::from_ms(not_before.as_ms() - 1)).await,
            None
        );
        now = not_before;
    }
    let scope = TaskScope::Warehouse(catalog.warehouse);
    let seen = store.task_details(&scope, id, 10).await.unwrap().unwrap();
    assert_eq!(seen.info.status, TaskStatus::Scheduled);
    assert_eq!((seen.info.attempt, seen.info.scheduled_for), (1, now));
    assert_eq!(seen.attempts.len(), 1, "only the lost one is logged");
    // The worker does not hold the task any more once it has given it back.
    let again = TaskEnd::GivenBack { not_before: now };
    let again = store.task_end(TaskClaim::of(id, "w"), again, now, Effects::none());
    refused!(again.await, StoreError::NotFound(Entity::Task(_)));
    assert_eq!(claim(store, "w", now).await.unwrap().attempt, 2);
    end(store, TaskClaim::of(id, "w"), done(), now).await;
}

pub async fn who_does_not_hold_it_may_not_touch_it(store: &Arc<dyn Store>) {
    let (_, id) = one(store).await;
    for worker in ["nobody", ""] {
        refused!(store.task_extend(TaskClaim::of(id, worker), lease(NOW, NOW), None).await, StoreError::NotFound(Entity::Task(it)) if it == id);
        refused!(store.task_end(TaskClaim::of(id, worker), done(), NOW, Effects::none()).await, StoreError::NotFound(Entity::Task(it)) if it == id);
    }
    claim(store, "holder", NOW).await.unwrap();
    refused!(
        store
            .task_extend(TaskClaim::of(id, "nobody"), lease(NOW, NOW), None)
            .await,
        StoreError::NotFound(_)
    );
    refused!(
        store
            .task_end(TaskClaim::of(id, "nobody"), done(), NOW, Effects::none())
            .await,
        StoreError::NotFound(_)
    );
    let unknown = TaskId::generate();
    refused!(store.task_extend(TaskClaim::of(unknown, "holder"), lease(NOW, NOW), None).await, StoreError::NotFound(Entity::Task(it)) if it == unknown);
    assert_eq!(store.task_count("queue").await.unwrap(), 1);
}

pub async fn warehouses_take_turns(store: &Arc<dyn Store>) {
    let busy = Catalog::new(store).await;
    let quiet = busy.other("quiet").await;
    let third = busy.other("third").await;
    let many = |warehouse, count| -> Vec<_> {
        std::iter::repeat_with(|| task("queue", warehouse))
            .take(count)
            .collect()
    };
    enqueue(store, many(busy.warehouse, 6)).await;
    let mut turns = vec![claim(store, "w", NOW).await.unwrap().scope];
    enqueue(store, many(quiet.warehouse, 2)).await;
    enqueue(store, many(third.warehouse, 2)).await;
    while let Some(task) = claim(store, "w", later(1)).await {
        turns.push(task.scope);
    }
    let places = |of: WarehouseId| -> Vec<_> {
        let turns = turns.iter().enumerate();
        turns
            .filter(|(_, scope)| **scope == TaskScope::Warehouse(of))
            .map(|(place, _)| place)
            .collect()
    };
    assert_eq!(turns.len(), 10);
    assert_eq!(places(busy.warehouse), [0, 3, 6, 7, 8, 9]);
    let mut others = places(quiet.warehouse);
    others.extend(places(third.warehouse));
    others.sort_unstable();
    assert_eq!(others, [1, 2, 4, 5]);
    assert_ne!(turns[1], turns[2]);
    assert_ne!(turns[4], turns[5]);
}

pub async fn queues_do_not_see_each_other(store: &Arc<dyn Store>) {
    let catalog = Catalog::new(store).await;
    enqueue(store, vec![task("other", catalog.warehouse)]).await;
    assert_eq!(claim(store, "w", NOW).await, None);
    assert_eq!(store.task_count("queue").await.unwrap(), 0);
    assert_eq!(store.task_count("other").await.unwrap(), 1);
    let claimed = store
        .task_claim("other", "w", lease(NOW, later(1)))
        .await
        .unwrap();
    assert!(claimed.is_some());
}

pub async fn a_taken_id_or_missing_warehouse_refuses_the_change(store: &Arc<dyn Store>) {
    let (catalog, id) = one(store).await;
    let nowhere = WarehouseId::generate();
    let twin = NewTask {
        id,
        ..task("queue", catalog.warehouse)
    };
    for bad in [twin, task("queue", nowhere)] {
        let (project, marks) = (new_project(), Marks::of(catalog.warehouse));
        let mut effects = marks.effects();
        effects.tasks.push(bad.clone());
        let created = store.project_create(project.clone(), effects).await;
        if bad.scope == TaskScope::Warehouse(nowhere) {
            refused!(created, StoreError::NotFound(Entity::Warehouse(it)) if it == nowhere);
        } else {
            refused!(created, StoreError::AlreadyExists(Entity::Task(it)) if it == id);
        }
        marks.are_absent(store).await;
        refused!(
            store.project_load(&project.id).await,
            StoreError::NotFound(_)
        );
    }
}

pub async fn the_log_is_trimmed_of_ended_tasks_only(store: &Arc<dyn Store>) {
    let (catalog, _) = one(store).await;
    // One task that was tried twice and waits, and two that ended at 10 and 20.
    for attempt in 0..2 {
        let row = claim(store, "w", later(attempt)).await.unwrap();
        let retry = TaskEnd::Retry {
            not_before: later(attempt + 1),
            message: String::new(),
        };
        store
            .task_end(
                TaskClaim::of(row.id, "w"),
                retry,
                later(attempt),
                Effects::none(),
            )
            .await
            .unwrap();
    }
    let mut ended = Vec::new();
    for at in [10, 20] {
        let other = catalog.other(&format!("warehouse {at}")).await;
        let new = task("short", other.warehouse);
        ended.push((new.id, at));
        enqueue(store, vec![new]).await;
        let row = store
            .task_claim("short", "w", lease(NOW, later(99)))
            .await
            .unwrap();
        let id = row.unwrap().id;
        store
            .task_end(TaskClaim::of(id, "w"), done(), later(at), Effects::none())
            .await
            .unwrap();
    }
    let trim = async |before, limit| {
        let trimmed = store.task_log_trim(Some(&catalog.project), before, limit);
        trimmed.await.unwrap()
    };
    assert_eq!(trim(later(10), 10).await, 0);
    assert_eq!(trim(later(11), 10).await, 1);
    assert_eq!(trim(later(99), 10).await, 1);
    // Now the first task ends: its three log entries are removed in portions.
    let row = claim(store, "w", later(30)).await.unwrap();
    assert_eq!(row.attempt, 3);
    let ended = store.task_end(
        TaskClaim::of(row.id, "w"),
        done(),
        later(30),
        Effects::none(),
    );
    ended.await.unwrap();
    assert_eq!(trim(later(99), 2).await, 2);
    assert_eq!(trim(later(99), 2).await, 1);
    assert_eq!(trim(later(99), 2).await, 0);
}

pub async fn no_two_workers_get_one_task(store: &Arc<dyn Store>) {
    const TASKS: usize = 120;
    let catalog = Catalog::new(store).await;
    let other = catalog.other("other").await;
    let tasks = (0..TASKS).map(|number| {
        let warehouses = [catalog.warehouse, other.warehouse];
        task("queue", warehouses[number % 2])
    });
    enqueue(store, tasks.collect()).await;
    let workers: Vec<_> = (0..16)
        .map(|worker| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let (worker, mut ids) = (format!("worker {worker}"), Vec::new());
                // The tasks in progress belong to other workers, so no answer means that all are claimed.
                while let Some(row) = claim(&store, &worker, NOW).await {
                    assert_eq!(row.attempt, 1);
                    store
                        .task_end(TaskClaim::of(row.id, &worker), done(), NOW, Effects::none())
                        .await
                        .unwrap();
                    ids.push(row.id);
                }
                ids
            })
        })
        .collect();
    let mut ids = Vec::new();
    for worker in workers {
        ids.extend(worker.await.unwrap());
    }
    // A worker may have stopped while others held the last tasks, but together they have ended all.
    assert_eq!(ids.len(), TASKS);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), TASKS);
    assert_eq!(store.task_count("queue").await.unwrap(), 0);
}

pub async fn ten_thousand_tasks_of_one_warehouse_starve_no_other(store: &Arc<dyn Store>) {
    let busy = Catalog::new(store).await;
    let quiet = busy.other("quiet").await;
    let many = std::iter::repeat_with(|| task("queue", busy.warehouse)).take(10_000);
    enqueue(store, many.collect()).await;
    for _ in 0..5 {
        claim(store, "w", NOW).await.unwrap();
    }
    for _ in 0..3 {
        let one = task("queue", quiet.warehouse);
        let id = one.id;
        enqueue(store, vec![one]).await;
        let mut next = Vec::new();
        for _ in 0..2 {
            next.push(claim(store, "w", NOW).await.unwrap().id);
        }
        assert!(next.contains(&id), "it is among the next two");
    }
}
