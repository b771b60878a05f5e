//! Work on tables that all clients change.

use http::Method;
use rand::Rng as _;
use rand::seq::index::sample;
use serde_json::{Value, json};

use super::new_table;
use crate::history::{Change, Claim, OpId, Outcome, Span};
use crate::world::{Caller, ChangeReply, Loaded, identifier, shared_name};

/// The number of versions after which a table is replaced by a new one, because each version lists all before it.
const OLD: usize = 100;

/// Sets properties, without any requirement.
pub(super) async fn change_property(caller: &mut Caller) {
    let (slot, table) = pick(caller);
    let id = caller.world.next_op();
    let body = commit(&table, json!([]), mark_property(id));
    let path = caller.world.path(&table);
    let (span, reply) = caller.change(Method::POST, path, Some(body)).await;
    let outcome = of_commit(reply, caller, slot).await;
    record(caller, id, vec![table], span, outcome);
}

/// Loads a table and adds a snapshot, on the requirement that the loaded snapshot is still the last one.
pub(super) async fn add_snapshot(caller: &mut Caller) {
    let (slot, table) = pick(caller);
    let Some(loaded) = caller.load_shared(&table).await else {
        return;
    };
    let id = caller.world.next_op();
    let (requirements, updates) = mark_snapshot(id, &loaded.metadata);
    let body = commit(&table, requirements, updates);
    let path = caller.world.path(&table);
    let (span, reply) = caller.change(Method::POST, path, Some(body)).await;
    let outcome = of_commit(reply, caller, slot).await;
    record(caller, id, vec![table], span, outcome);
}

/// Changes two tables together, by property or by snapshot.
pub(super) async fn change_two(caller: &mut Caller) {
    let slots = sample(&mut caller.random, caller.world.slots().len(), 2);
    let tables: Vec<String> = slots
        .iter()
        .map(|slot| shared_name(slot, caller.world.generation(slot)))
        .collect();
    let id = caller.world.next_op();
    let by_snapshot = caller.random.random_bool(0.4);
    let mut changes = Vec::new();
    for table in &tables {
        let (requirements, updates) = if by_snapshot {
            let Some(loaded) = caller.load_shared(table).await else {
                return;
            };
            mark_snapshot(id, &loaded.metadata)
        } else {
            (json!([]), mark_property(id))
        };
        changes.push(commit(table, requirements, updates));
    }
    let path = format!("{}/transactions/commit", caller.world.prefix);
    let body = json!({ "table-changes": changes });
    let (span, reply) = caller.change(Method::POST, path, Some(body)).await;
    let outcome = match reply {
        ChangeReply::Done(_) => Outcome::Done(None),
        ChangeReply::NotDone(outcome) => outcome,
    };
    record(caller, id, tables, span, outcome);
}

/// Loads some tables, one after the other: a transaction must be seen in all of them or in none.
pub(super) async fn read(caller: &mut Caller) {
    for _ in 0..caller.random.random_range(1..4) {
        let (slot, table) = pick(caller);
        if caller.random.random_bool(0.4) {
            caller.revalidate(&table).await;
        } else if let Some(loaded) = caller.load_shared(&table).await {
            renew(caller, slot, &loaded).await;
        }
    }
}

/// Creates the first table of each slot.
pub(crate) async fn begin(caller: &mut Caller) {
    for slot in caller.world.slots() {
        claim(caller, slot, 0).await;
    }
}

fn pick(caller: &mut Caller) -> (usize, String) {
    let slot = caller.random.random_range(caller.world.slots());
    (slot, shared_name(slot, caller.world.generation(slot)))
}

fn commit(table: &str, requirements: Value, updates: Value) -> Value {
    let mut body = json!({ "identifier": identifier(table) });
    if let Some(body) = body.as_object_mut() {
        body.insert("requirements".to_owned(), requirements);
        body.insert("updates".to_owned(), updates);
    }
    body
}

fn mark_property(id: OpId) -> Value {
    let mut properties = serde_json::Map::new();
    properties.insert(format!("op.{id}"), json!("done"));
    properties.insert("last".to_owned(), json!(id.to_string()));
    json!([{ "action": "set-properties", "updates": properties }])
}

fn mark_snapshot(id: OpId, metadata: &Value) -> (Value, Value) {
    let number = |key: &str| metadata.get(key).and_then(Value::as_i64);
    let current = number("current-snapshot-id").filter(|id| *id >= 0);
    let mut snapshot = json!({
        "snapshot-id": id,
        "sequence-number": number("last-sequence-number").unwrap_or(0) + 1,
        "timestamp-ms": number("last-updated-ms"),
        // The catalog never reads this file.
        "manifest-list": format!("{}/metadata/snap-{id}.avro", metadata.get("location").and_then(Value::as_str).unwrap_or_default()),
        "summary": { "operation": "append" },
        "schema-id": 0,
    });
    if let (Some(snapshot), Some(current)) = (snapshot.as_object_mut(), current) {
        snapshot.insert("parent-snapshot-id".to_owned(), json!(current));
    }
    let requirements = json!([
        { "type": "assert-table-uuid", "uuid": metadata.get("table-uuid") },
        { "type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": current },
    ]);
    let updates = json!([
        { "action": "add-snapshot", "snapshot": snapshot },
        { "action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": id },
    ]);
    (requirements, updates)
}

async fn of_commit(reply: ChangeReply, caller: &mut Caller, slot: usize) -> Outcome {
    match reply {
        ChangeReply::NotDone(outcome) => outcome,
        ChangeReply::Done(answer) => match Loaded::of(answer.body) {
            None => Outcome::Done(None),
            Some(loaded) => {
                renew(caller, slot, &loaded).await;
                Outcome::Done(Some(loaded.location))
            }
        },
    }
}

fn record(caller: &Caller, id: OpId, tables: Vec<String>, span: Span, outcome: Outcome) {
    let change = Change {
        id,
        tables,
        span,
        outcome,
    };
    caller
        .world
        .recorder
        .add(|history| history.changes.push(change));
}

/// Replaces a table that has become long. Every client that notices tries to create the next one; one client succeeds.
async fn renew(caller: &mut Caller, slot: usize, loaded: &Loaded) {
    if loaded.age() >= OLD {
        let next = caller.world.generation(slot) + 1;
        claim(caller, slot, next).await;
    }
}

async fn claim(caller: &mut Caller, slot: usize, generation: u32) {
    let table = shared_name(slot, generation);
    let path = caller.world.path("left");
    let (_, reply) = caller
        .change(Method::POST, path, Some(new_table(&table)))
        .await;
    let outcome = match reply {
        ChangeReply::Done(answer) => {
            let uuid = Loaded::of(answer.body).and_then(|loaded| loaded.uuid());
            uuid.ok_or(Outcome::Unknown)
        }
        ChangeReply::NotDone(outcome) => Err(outcome),
    };
    if matches!(outcome, Ok(_) | Err(Outcome::Refused(409))) {
        caller.world.advance(slot, generation);
    }
    caller
        .world
        .recorder
        .add(|history| history.claims.push(Claim { table, outcome }));
}
