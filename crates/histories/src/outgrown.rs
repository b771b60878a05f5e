//! A table that keeps few of its former metadata files: in the end all others must be gone, and all that it needs must
//! exist.

use std::collections::HashSet;

use http::Method;
use model::EventKind;
use serde_json::{Value, json};
use store::OutboxRow;

use crate::Error;
use crate::check::{Rule, Violation};
use crate::client::ApiRequest;
use crate::disk::log_of;
use crate::work::new_table;
use crate::world::{Caller, Loaded, World, must, path_of, unexpected};

const TABLE: &str = "right.outgrown";
/// How many former metadata files the table keeps.
const KEPT: &str = "3";

/// The metadata files that the table needs in the end.
#[derive(Debug)]
pub(crate) struct Needed {
    table: String,
    files: HashSet<String>,
}

/// Creates the table; tries again until it exists.
pub(crate) async fn begin(caller: &mut Caller) {
    let mut body = new_table(TABLE);
    let properties = json!({
        "write.metadata.previous-versions-max": KEPT,
        "write.metadata.delete-after-commit.enabled": "true",
    });
    if let Some(body) = body.as_object_mut() {
        body.insert("properties".to_owned(), properties);
    }
    while !matches!(caller.look(TABLE).await, Some(Some(_))) {
        let path = caller.world.path("right");
        caller.change(Method::POST, path, Some(body.clone())).await;
    }
}

/// Commits to the table. The outcome is not recorded: the table's events show which commits took effect.
pub(crate) async fn commit(caller: &mut Caller) {
    let id = caller.world.next_op().to_string();
    let body = json!({
        "requirements": [],
        "updates": [{ "action": "set-properties", "updates": { "last": id } }],
    });
    let path = caller.world.path(TABLE);
    caller.change(Method::POST, path, Some(body)).await;
}

/// Loads the table and returns the files that it needs.
pub(crate) async fn needed(world: &World) -> Result<Needed, Error> {
    let body = must(&world.client, 0, &ApiRequest::get(world.path(TABLE))).await?;
    let loaded = Loaded::of(body).ok_or_else(|| unexpected(TABLE, &Value::Null))?;
    let mut files: HashSet<_> = log_of(&loaded.metadata).into_iter().collect();
    files.insert(loaded.location.clone());
    let table = loaded.uuid().unwrap_or_default().to_string();
    Ok(Needed { table, files })
}

/// Looks for each metadata file that the table ever had, by its events. Returns how many are gone.
pub(crate) fn check(rows: &[OutboxRow], needed: &Needed, found: &mut Vec<Violation>) -> usize {
    let made = |row: &&OutboxRow| {
        let kinds = [EventKind::CreateTable, EventKind::UpdateTable];
        row.event.subject == needed.table && kinds.contains(&row.event.kind)
    };
    let file = |row: &OutboxRow| {
        let body: Value = serde_json::from_str(row.event.body.get()).ok()?;
        Some(body.get("metadata-location")?.as_str()?.to_owned())
    };
    let all: HashSet<String> = rows.iter().filter(made).filter_map(file).collect();
    let mut gone = 0;
    for file in all.union(&needed.files) {
        match (needed.files.contains(file), path_of(file).is_file()) {
            (true, true) => {}
            (false, false) => gone += 1,
            (true, false) => {
                let detail = format!("{file} is gone, and {TABLE} needs it");
                found.push(Violation::new(Rule::Files, detail));
            }
            (false, true) => {
                let detail = format!("{file} is still there, and {TABLE} does not need it");
                found.push(Violation::new(Rule::Leftover, detail));
            }
        }
    }
    gone
}
