//! Both sides of a comparison by turns, so that whatever else the machine does slows both.

use crate::Result;
use crate::load::{Ask, Http, drive};
use crate::options::Options;
use crate::process::Running;
use crate::report::Turns;

/// Asks our side and another one by turns, after a while in which nothing is measured.
pub(crate) async fn against(
    options: &Options,
    server: &Running,
    ours: &Ask,
    port: u16,
    theirs: &Ask,
) -> Result<Turns> {
    let (count, time) = (options.connections, options.round());
    // What is asked for the first time is not what is measured.
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

/// One turn of our side.
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
