//! The cost of delivering events: commits with a sink against commits without one, on copies of one database.

use std::time::{Duration, Instant};

use http::Method;

use crate::Result;
use crate::cluster::{Cluster, connect};
use crate::load::{Ask, Coding, Connection, Http, asked, drive};
use crate::options::Options;
use crate::process::{Database, Running, Server};
use crate::reference::Reference;
use crate::report::{Goal, Report, Turns, median};
use crate::setup::Tables;
use crate::turns::take;
use crate::writes::{change, counted};

const NAME: &str = "commit with events by";
/// Longest time to wait until a sink has all events.
const PATIENCE: Duration = Duration::from_mins(5);

/// Counts the events that the sink does not have yet.
const WAITING: &str = "select count(*) from outbox where sequence is null
    or sequence > (select coalesce(max(cursor), 0) from event_sink)";

pub(crate) async fn measure(
    options: &Options,
    server: &Server,
    cluster: &Cluster,
    tables: &Tables,
    report: &mut Report,
) -> Result<()> {
    let of_log = ("LAKEKEEPER__LOG_CLOUDEVENTS", "true".to_owned());
    let level = ("LAKEKEEPER__LOG_LEVEL", "warn,events=info".to_owned());
    for sink in ["webhook", "log"] {
        let name = format!("{NAME} {sink}");
        if !options.wants(&name) {
            continue;
        }
        let copy = cluster.copy_database("catalog", sink).await?;
        let plain = server.start().await?;
        let receiver = receiver(&plain).await?;
        let url = format!("http://127.0.0.1:{}/", receiver.port);
        let with = server.on(Database::Postgres(copy.clone()));
        let with = match sink {
            "webhook" => with.with([("LAKEKEEPER__WEBHOOK_URL", url)]),
            _ => with.with([of_log.clone(), level.clone()]),
        };
        let with = with.start().await?;
        let (turns, left) = compare(options, &plain, &with, &copy, tables).await?;
        report.add_turns(&name, &turns, Goal::AtLeast(0.9));
        report.add(&format!("{sink}: events that wait then"), left, Goal::None);
    }
    Ok(())
}

/// A receiver that answers everything with a copy of `/health`'s answer, which is short.
async fn receiver(server: &Running) -> Result<Reference> {
    let mut connection = Connection::open(server.port).await?;
    let health = asked(Method::GET, "/health", Coding::Identity);
    Reference::of(&connection.fetch(health).await?, 1)
}

/// Measures both sides in turns. Before each turn, waits until the sink has all events, so that only its own turn
/// pays for them. Also returns the median of how many events were left after the sink's turns.
async fn compare(
    options: &Options,
    plain: &Running,
    with: &Running,
    url: &str,
    tables: &Tables,
) -> Result<(Turns, f64)> {
    let tables = tables.clone();
    let ask: Ask = counted(move |number| change(&tables.path(number), number));
    let (count, time) = (options.connections, options.round());
    until_drained(url).await?;
    for server in [plain, with] {
        drive(Http::clients(server.port, count, &ask).await?, time / 2).await?;
    }
    let (mut turns, mut left) = (Turns::default(), Vec::new());
    for _ in 0..options.rounds {
        until_drained(url).await?;
        let clients = Http::clients(plain.port, count, &ask).await?;
        turns.reference.push(drive(clients, time).await?);
        take(options, with, &ask, &mut turns).await?;
        left.push(waiting(url).await?);
    }
    Ok((turns, median(&mut left)))
}

async fn until_drained(url: &str) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while waiting(url).await? > 0.0 {
        if Instant::now() > end {
            return Err("the sink does not get its events".into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn waiting(url: &str) -> Result<f64> {
    let row = connect(url).await?.query_one(WAITING, &[]).await?;
    Ok(row.try_get::<_, i64>(0)? as f64)
}
