//! Whether loads from a warehouse with very many tables are as fast as from one with few.

use std::sync::Arc;

use http::Method;

use crate::Result;
use crate::cluster::{Cluster, connect};
use crate::load::{Ask, Coding, Http, Sample, asked, drive};
use crate::options::Options;
use crate::process::{Database, Running, Server};
use crate::report::{Goal, Report, median};
use crate::setup::Tables;

/// Makes `$1` copies of every table, each with its own location and name.
const MULTIPLY: &str = "insert into tabular (id, warehouse_id, namespace_id, kind, name, name_key, location_claim,
        protected, version, created_at, location, metadata_location, metadata)
    select gen_random_uuid(), warehouse_id, namespace_id, kind, name || '_' || g, name_key || '_' || g,
        location_claim || '_' || g, protected, version, created_at, location, metadata_location, metadata
    from tabular cross join generate_series(1, $1::integer) as g
    where name_key ~ '^t[0-9]+$'";

/// Loads the same tables from a warehouse with few tables and from its copy with many, in turns.
pub(crate) async fn measure(
    options: &Options,
    on: (&Server, &Cluster, &str),
    tables: &Tables,
    report: &mut Report,
) -> Result<()> {
    let name = "p99 of loadTable with many tables";
    if !options.wants(name) {
        return Ok(());
    }
    let (server, cluster, url) = on;
    let copy = cluster.copy_database("catalog", "many").await?;
    let client = connect(&copy).await?;
    let times = i32::try_from((options.many / tables.count).max(2) - 1)?;
    client.execute(MULTIPLY, &[&times]).await?;
    client.batch_execute("vacuum analyze tabular").await?;
    // Give both databases fresh statistics and pages without dead rows.
    connect(url)
        .await?
        .batch_execute("vacuum analyze tabular")
        .await?;

    let few = server.start().await?;
    let many = server.on(Database::Postgres(copy)).start().await?;
    let same = tables.clone();
    let ask: Ask = Arc::new(move |number| asked(Method::GET, &same.path(number), Coding::Gzip));
    for running in [&few, &many] {
        round(options, running, &ask).await?;
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(5) {
        before.push(round(options, &few, &ask).await?.quantile(0.99));
        after.push(round(options, &many, &ask).await?.quantile(0.99));
    }
    let (before, after) = (median(&mut before), median(&mut after));
    report.add_change(name, before, after, Goal::Below(0.2));
    all(options, &few, &many, tables, report).await
}

/// For information: the cost of loading all tables, which do not fit into the cache.
async fn all(
    options: &Options,
    few: &Running,
    many: &Running,
    tables: &Tables,
    report: &mut Report,
) -> Result<()> {
    let (same, times) = (
        tables.clone(),
        (options.many / tables.count).max(2) as u64 - 1,
    );
    let ask: Ask = Arc::new(move |number| {
        let path = same.path(number);
        let copy = (number >> 24) % (times + 1);
        let path = if copy == 0 {
            path
        } else {
            format!("{path}_{copy}")
        };
        asked(Method::GET, &path, Coding::Gzip)
    });
    let hot = tables.clone();
    let hot: Ask = Arc::new(move |number| asked(Method::GET, &hot.path(number), Coding::Gzip));
    round(options, many, &ask).await?;
    let (before, after) = (
        round(options, few, &hot).await?,
        round(options, many, &ask).await?,
    );
    let (before, after) = (before.quantile(0.99), after.quantile(0.99));
    report.add_change(
        "the same, loading all of them by lot",
        before,
        after,
        Goal::None,
    );
    let mib = many.memory()? / crate::MIB;
    report.add("memory after that, MiB", mib, Goal::Below(150.0));
    Ok(())
}

async fn round(options: &Options, server: &Running, ask: &Ask) -> Result<Sample> {
    let clients = Http::clients(server.port, options.connections, ask).await?;
    drive(clients, options.round()).await
}
