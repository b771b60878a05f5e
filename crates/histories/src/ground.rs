//! The warehouses of a run: in each of them a drop means something else.

use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use crate::Error;
use crate::wire::{Ask, Wire};
use crate::world::{must, unexpected};

/// Seconds until what was dropped in a warehouse that forgets soon is gone.
const SOON_S: u64 = 1;
/// The same where it stays as long as a run may take, and longer.
const LATE_S: u64 = 86_400;
/// Seconds after which a task of a worker that was killed is another's: the least that can be configured.
const HEARTBEAT_S: u64 = 30;
/// Queues of tasks of a warehouse.
const QUEUES: [&str; 3] = ["soft_deletion", "tabular_purge", "metadata_cleanup"];

/// What becomes of what is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// It is gone.
    None,
    /// It is gone after a moment in which nobody brings it back.
    Short,
    /// It can be brought back, to the end of the run and beyond.
    Long,
}

/// A warehouse.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) id: String,
    pub(crate) memory: Memory,
}

impl Ground {
    /// Of all paths in it.
    pub(crate) fn prefix(&self) -> String {
        format!("/catalog/v1/{}", self.id)
    }

    /// Of what the management API says of it.
    pub(crate) fn management(&self) -> String {
        format!("/management/v1/warehouse/{}", self.id)
    }

    /// The ids of what can be had back.
    pub(crate) async fn hidden(&self, wire: &Wire) -> Result<Vec<String>, Error> {
        let path = format!("{}/deleted-tabulars", self.management());
        let all = list(wire, &path, "tabulars").await?;
        let ids = all.iter().filter_map(|one| one.get("id")?.as_str());
        Ok(ids.map(str::to_owned).collect())
    }
}

/// The warehouse `demo`, and makes two that are soft.
pub(crate) async fn prepare(wire: &Wire, folder: &Path) -> Result<Vec<Ground>, Error> {
    let config = must(
        wire,
        0,
        &Ask::get("/catalog/v1/config?warehouse=demo".to_owned()),
    )
    .await?;
    let prefix = ["/overrides/prefix", "/defaults/prefix"]
        .into_iter()
        .find_map(|place| config.pointer(place)?.as_str());
    let prefix = prefix.ok_or_else(|| unexpected("for its prefix", &config))?;
    let hard = Ground {
        id: prefix.to_owned(),
        memory: Memory::None,
    };
    let mut grounds = vec![hard];
    for (name, memory, seconds) in [
        ("short", Memory::Short, SOON_S),
        ("long", Memory::Long, LATE_S),
    ] {
        let root = folder.join(name);
        std::fs::create_dir_all(&root).map_err(Error::system("a folder for a warehouse"))?;
        let body = json!({
            "warehouse-name": name,
            "storage-profile": { "type": "local", "root": root },
            "delete-profile": { "type": "soft", "expiration-seconds": seconds },
        });
        let made = post(wire, "/management/v1/warehouse".to_owned(), body).await?;
        let id = made.get("id").or_else(|| made.get("warehouse-id"));
        let id = id.and_then(Value::as_str);
        let id = id
            .ok_or_else(|| unexpected("for a new warehouse", &made))?
            .to_owned();
        grounds.push(Ground { id, memory });
    }
    for ground in &grounds {
        for queue in QUEUES {
            let path = format!("{}/task-queue/{queue}/config", ground.management());
            let body =
                json!({ "queue-config": {}, "max-seconds-since-last-heartbeat": HEARTBEAT_S });
            post(wire, path, body).await?;
        }
    }
    Ok(grounds)
}

/// Posts to the first replica.
pub(crate) async fn post(wire: &Wire, path: String, body: Value) -> Result<Value, Error> {
    let mut ask = Ask::get(path);
    (ask.method, ask.body) = (Method::POST, Some(body));
    must(wire, 0, &ask).await
}

/// All of the list that is asked for by this path, page by page.
pub(crate) async fn list(wire: &Wire, path: &str, key: &str) -> Result<Vec<Value>, Error> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let ask = Ask::get(format!("{path}?pageSize=500&pageToken={token}"));
        let mut page = must(wire, 0, &ask).await?;
        if let Some(Value::Array(items)) = page.get_mut(key).map(Value::take) {
            all.extend(items);
        }
        match page.get("next-page-token").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut token),
            None => return Ok(all),
        }
    }
}
