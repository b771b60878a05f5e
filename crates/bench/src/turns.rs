//! Measures the two sides of a comparison in turns, so that other load on the machine slows both.

use crate::Result;
use crate::load::{Ask, Http, drive};
use crate::options::Options;
use crate::process::Running;
use crate::report::Turns;

/// Warms both sides up, then measures the catalog and the other side in turns.
pub(crate) async fn against(
    options: &Options,
    server: &Running,
    ours: &Ask,
    port: u16,
    theirs: &Ask,
) -> Result<Turns> {
    let (count, time) = (options.connections, options.round());
    // Warm up: first requests, such as those that fill caches, are not measured.
    drive(Http::clients(server.port, count, ours).await?, time).await?;
    drive(Http::clients(port, count, theirs).await?, time / 4).await?;
    let mut turns = Turns::default();
    for _ in 0..options.rounds {
        let clients = Http::clients(port, count, theirs).await?;
        turns.reference.push(drive(clients, time).await?);
        take(options, server, ours, &mut turns).await?;
    }
    Ok(turns)
}

/// Measures one turn of the catalog.
pub(crate) async fn take(
    options: &Options,
    server: &Running,
    ask: &Ask,
    turns: &mut Turns,
) -> Result<()> {
    let clients = Http::clients(server.port, options.connections, ask).await?;
    let before = server.cpu()?;
    turns.ours.push(drive(clients, options.round()).await?);
    turns.cpu += server.cpu()? - before;
    turns.seconds += options.round().as_secs_f64();
    Ok(())
}
