//! The warehouses of a run: they differ in what becomes of a dropped table.

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use crate::Error;
use crate::client::{ApiRequest, ReplicaClient};
use crate::world::{must, unexpected};

/// Seconds until a dropped table expires in the warehouse `short`.
const SOON_S: u64 = 1;
/// Seconds until a dropped table expires in the warehouse `long`: longer than any run.
const LATE_S: u64 = 86_400;
/// Seconds after which another worker takes over a task of a killed worker: the least that can be configured.
const HEARTBEAT_S: u64 = 30;
/// The task queues of a warehouse.
const QUEUES: [&str; 3] = ["soft_deletion", "tabular_purge", "metadata_cleanup"];

/// How long a warehouse remembers dropped tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retention {
    /// Not at all: a dropped table is gone.
    None,
    /// For a moment, in which no client brings a dropped table back.
    Short,
    /// To the end of the run and beyond: a dropped table can be brought back.
    Long,
}

/// A warehouse.
#[derive(Debug, Clone)]
pub(crate) struct Warehouse {
    pub(crate) id: String,
    pub(crate) retention: Retention,
}

impl Warehouse {
    /// The start of all paths of the warehouse in the catalog API.
    pub(crate) fn prefix(&self) -> String {
        format!("/catalog/v1/{}", self.id)
    }

    /// The start of the paths of the warehouse in the management API.
    pub(crate) fn management(&self) -> String {
        format!("/management/v1/warehouse/{}", self.id)
    }

    /// The ids of the dropped tables that can be brought back.
    pub(crate) async fn hidden(&self, client: &ReplicaClient) -> Result<Vec<String>, Error> {
        let path = format!("{}/deleted-tabulars", self.management());
        let all = list(client, &path, "tabulars").await?;
        let ids = all.iter().filter_map(|one| one.get("id")?.as_str());
        Ok(ids.map(str::to_owned).collect())
    }
}

/// Bootstraps, and creates a warehouse where drops are final and two with soft deletion.
pub(crate) async fn prepare(
    client: &ReplicaClient,
    folder: &Path,
) -> Result<Vec<Warehouse>, Error> {
    let bootstrap = json!({ "accept-terms-of-use": true });
    post(client, "/management/v1/bootstrap".to_owned(), bootstrap).await?;
    let soft = |seconds| json!({ "type": "soft", "expiration-seconds": seconds });
    let mut warehouses = Vec::new();
    for (name, retention, deletion) in [
        ("hard", Retention::None, json!({ "type": "hard" })),
        ("short", Retention::Short, soft(SOON_S)),
        ("long", Retention::Long, soft(LATE_S)),
    ] {
        let root = folder.join(name);
        std::fs::create_dir_all(&root).map_err(Error::system("a folder for a warehouse"))?;
        let body = json!({
            "warehouse-name": name,
            "storage-profile": { "type": "local", "root": root },
            "delete-profile": deletion,
        });
        let made = post(client, "/management/v1/warehouse".to_owned(), body).await?;
        let id = made.get("id").or_else(|| made.get("warehouse-id"));
        let id = id.and_then(Value::as_str);
        let id = id
            .ok_or_else(|| unexpected("for a new warehouse", &made))?
            .to_owned();
        warehouses.push(Warehouse { id, retention });
    }
    for warehouse in &warehouses {
        for queue in QUEUES {
            let path = format!("{}/task-queue/{queue}/config", warehouse.management());
            let body =
                json!({ "queue-config": {}, "max-seconds-since-last-heartbeat": HEARTBEAT_S });
            post(client, path, body).await?;
        }
    }
    Ok(warehouses)
}

/// Posts to the first replica.
pub(crate) async fn post(
    client: &ReplicaClient,
    path: String,
    body: Value,
) -> Result<Value, Error> {
    let mut request = ApiRequest::get(path);
    (request.method, request.body) = (Method::POST, Some(body));
    must(client, 0, &request).await
}

/// All items of the list at this path, read page by page.
pub(crate) async fn list(
    client: &ReplicaClient,
    path: &str,
    key: &str,
) -> Result<Vec<Value>, Error> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let request = ApiRequest::get(format!("{path}?pageSize=500&pageToken={token}"));
        let mut page = must(client, 0, &request).await?;
        if let Some(Value::Array(items)) = page.get_mut(key).map(Value::take) {
            all.extend(items);
        }
        match page.get("next-page-token").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut token),
            None => return Ok(all),
        }
    }
}
