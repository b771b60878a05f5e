//! Waits until all tasks of the warehouses have ended, except those that are not due yet.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::check::{Rule, Violation};
use crate::client::ReplicaClient;
use crate::warehouse::{Retention, Warehouse, post};
use crate::world::World;

/// How long tasks may take after the last kill: other workers must first take over those of killed workers, and failed
/// tasks may have been postponed.
const PATIENCE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(300);

/// Waits until all due tasks have ended; returns how many have succeeded.
pub(crate) async fn settle(world: &World, found: &mut Vec<Violation>) -> Result<usize, Error> {
    let (end, mut done) = (Instant::now() + PATIENCE, 0);
    for warehouse in &world.warehouses {
        loop {
            let waiting = list(
                &world.client,
                warehouse,
                &["SCHEDULED", "RUNNING", "STOPPING"],
            )
            .await?;
            let late: Vec<_> = waiting
                .iter()
                .filter(|task| is_due(warehouse, task))
                .collect();
            if late.is_empty() {
                check_hidden(&world.client, warehouse, &waiting, found).await?;
                break;
            }
            if Instant::now() > end {
                let late = late.iter().map(|task| format!("it has not ended: {task}"));
                found.extend(late.map(|detail| Violation::new(Rule::Task, detail)));
                break;
            }
            sleep(POLL).await;
        }
        for failed in list(&world.client, warehouse, &["FAILED"]).await? {
            found.push(Violation::new(
                Rule::Task,
                format!("it has failed: {failed}"),
            ));
        }
        done += list(&world.client, warehouse, &["SUCCESS"]).await?.len();
    }
    Ok(done)
}

/// Whether the task must end before the run does.
fn is_due(warehouse: &Warehouse, task: &Value) -> bool {
    let queue = task.get("queue-name").and_then(Value::as_str);
    warehouse.retention != Retention::Long || queue != Some("soft_deletion")
}

/// Checks that every table that can be brought back has a task that will end this, and that no other table has one.
async fn check_hidden(
    client: &ReplicaClient,
    warehouse: &Warehouse,
    waiting: &[Value],
    found: &mut Vec<Violation>,
) -> Result<(), Error> {
    let mut hidden = warehouse.hidden(client).await?;
    let tables = waiting
        .iter()
        .filter_map(|task| task.pointer("/entity/table-id")?.as_str());
    let mut awaited: Vec<String> = tables.map(str::to_owned).collect();
    hidden.sort_unstable();
    awaited.sort_unstable();
    if hidden != awaited {
        let detail = format!("{hidden:?} can be had back, but the tasks are of {awaited:?}");
        found.push(Violation::new(Rule::Task, detail));
    }
    Ok(())
}

async fn list(
    client: &ReplicaClient,
    warehouse: &Warehouse,
    status: &[&str],
) -> Result<Vec<Value>, Error> {
    let (mut all, mut token) = (Vec::new(), Value::Null);
    loop {
        let path = format!("{}/task/list", warehouse.management());
        let body = json!({ "status": status, "page-size": 500, "page-token": token });
        let mut page = post(client, path, body).await?;
        if let Some(Value::Array(tasks)) = page.get_mut("tasks").map(Value::take) {
            all.extend(tasks);
        }
        token = page.get("next-page-token").cloned().unwrap_or_default();
        if token.is_null() {
            return Ok(all);
        }
    }
}
