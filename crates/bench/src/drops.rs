//! How long it takes to drop a namespace with very many tables: the request itself, and the deletion of the files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::Result;
use crate::load::Connection;
use crate::options::Options;
use crate::process::Running;
use crate::report::{Goal, Report};
use crate::setup::{Warehouse, new_table};

/// Longest acceptable time of the request, in milliseconds. Clients wait for a minute.
const LONGEST_MS: f64 = 20_000.0;
/// Longest time to wait for the deletion of the files.
const PATIENCE: Duration = Duration::from_mins(10);

pub(crate) async fn measure(
    options: &Options,
    server: &Running,
    warehouse: &Warehouse,
    report: &mut Report,
) -> Result<()> {
    let (count, name) = (options.dropped, "drop of a namespace of many tables");
    if count == 0 || !options.wants(name) {
        return Ok(());
    }
    let id = warehouse.root.rsplit('/').next().unwrap_or_default();
    let management = format!("/management/v1/warehouse/{id}");
    let mut connection = Connection::open(server.port).await?;
    let soft = json!({"type": "soft", "expiration-seconds": 3_600});
    for (kind, profile) in [("soft", soft), ("hard", json!({"type": "hard"}))] {
        let uri = format!("{management}/delete-profile");
        let body = json!({ "delete-profile": profile });
        connection.call(Method::POST, &uri, &body).await?;
        let namespaces = format!("{}/namespaces", warehouse.root);
        let body = json!({ "namespace": [kind] });
        connection.call(Method::POST, &namespaces, &body).await?;
        let namespace = format!("{namespaces}/{kind}");
        fill(server.port, options.connections, &namespace, count).await?;
        let drop = format!("{namespace}?recursive=true&purge=true");
        let start = Instant::now();
        connection.call(Method::DELETE, &drop, &Value::Null).await?;
        let took = start.elapsed().as_secs_f64() * 1_000.0;
        let name = format!("{name}, {kind}, ms");
        report.add(&name, took, Goal::Below(LONGEST_MS));
    }
    let start = Instant::now();
    until_purged(&mut connection, &management).await?;
    let took = start.elapsed().as_secs_f64();
    report.add("until their files are gone, s", took, Goal::None);
    Ok(())
}

async fn fill(port: u16, clients: usize, namespace: &str, count: usize) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let makers: Vec<_> = (0..clients)
        .map(|_| {
            let (next, path) = (Arc::clone(&next), format!("{namespace}/tables"));
            tokio::spawn(async move {
                let mut connection = Connection::open(port).await?;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return Result::Ok(());
                    }
                    let body = new_table(&format!("t{number}"));
                    connection.call(Method::POST, &path, &body).await?;
                }
            })
        })
        .collect();
    for maker in makers {
        maker.await??;
    }
    Ok(())
}

async fn until_purged(connection: &mut Connection, management: &str) -> Result<()> {
    let (uri, end) = (format!("{management}/task/list"), Instant::now() + PATIENCE);
    let body = json!({"queue-name": ["tabular_purge"], "status": ["SCHEDULED", "RUNNING"], "page-size": 1});
    while Instant::now() < end {
        let waiting = connection.call(Method::POST, &uri, &body).await?;
        let tasks = waiting.get("tasks").and_then(Value::as_array);
        if tasks.is_some_and(Vec::is_empty) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err("the files of dropped tables do not go".into())
}
