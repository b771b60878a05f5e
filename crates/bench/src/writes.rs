//! Changes, compared with writing the same bytes without a catalog.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;

use crate::Result;
use crate::cluster::Cluster;
use crate::load::{Ask, Coding, Connection, asked, drive, posted};
use crate::options::Options;
use crate::process::Running;
use crate::raw::{Act, Payload, Place, Raw};
use crate::report::{Goal, Report, Turns};
use crate::setup::{Tables, new_table};
use crate::turns::take;

/// Measures commits to many tables, creations of tables, and commits to one table.
pub(crate) async fn measure(
    options: &Options,
    server: &Running,
    cluster: &Cluster,
    tables: &Tables,
    report: &mut Report,
) -> Result<()> {
    let url = cluster.create_database("raw").await?;
    let place = Place::of(&tables.warehouse.files)?;
    let payload = Arc::new(payload(server, tables).await?);
    let (many, one) = (tables.clone(), tables.path(0));
    let commit = counted(move |number| change(&many.path(number), number));
    let folder = format!("{}/namespaces/new/tables", tables.warehouse.root);
    let create = counted(move |number| {
        let table = new_table(&format!("c{number}"));
        posted(Method::POST, &folder, table.to_string())
    });
    let hot = counted(move |number| change(&one, number));
    let compared = [
        ("commit to distinct tables", Act::Change, commit),
        ("create table", Act::Create, create),
    ];
    for (name, act, ask) in compared {
        if !options.wants(name) {
            continue;
        }
        let mut turns = Turns::default();
        for _ in 0..options.rounds {
            let raw = Raw::committers(&url, options.connections, act, &place, &payload);
            let raw = raw.await?;
            turns.reference.push(drive(raw, options.round()).await?);
            take(options, server, &ask, &mut turns).await?;
        }
        report.add_turns(name, &turns, Goal::AtLeast(0.7));
    }
    if options.wants("commits to one table") {
        let mut turns = Turns::default();
        for _ in 0..options.rounds {
            take(options, server, &hot, &mut turns).await?;
        }
        report.add_rate("commits to one table", &turns, Goal::AtLeast(200.0));
    }
    Ok(())
}

/// Makes a different request each time, whichever worker asks.
pub(crate) fn counted(
    request: impl Fn(u64) -> Request<Full<Bytes>> + Send + Sync + 'static,
) -> Ask {
    let next = AtomicU64::new(0);
    Arc::new(move |_| request(next.fetch_add(1, Ordering::Relaxed)))
}

/// A commit that sets a property of a table.
pub(crate) fn change(path: &str, number: u64) -> Request<Full<Bytes>> {
    let updates = json!([{"action": "set-properties", "updates": {"counter": number.to_string()}}]);
    let body = json!({"requirements": [], "updates": updates});
    posted(Method::POST, path, body.to_string())
}

/// The content of a table's file and row.
async fn payload(server: &Running, tables: &Tables) -> Result<Payload> {
    let mut connection = Connection::open(server.port).await?;
    let path = tables.path(0);
    let file = connection
        .fetch(asked(Method::GET, &path, Coding::Identity))
        .await?
        .body;
    let row = connection
        .fetch(asked(Method::GET, &path, Coding::Gzip))
        .await?
        .body;
    Ok(Payload { file, row })
}
