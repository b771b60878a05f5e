//! How long the program takes from its start to its first answer.

use std::time::Instant;

use crate::Result;
use crate::options::Options;
use crate::process::Server;
use crate::report::{Goal, Report, median};

pub(crate) async fn measure(server: &Server, options: &Options, report: &mut Report) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..options.rounds.max(5) {
        let start = Instant::now();
        let running = server.start().await?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
        drop(running);
    }
    report.add(
        "start to first answer, ms",
        median(&mut times),
        Goal::Below(60.0),
    );
    Ok(())
}
