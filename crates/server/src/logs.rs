//! Writes log lines to standard output.

mod filter;
mod json;
mod queue;

use std::io::{self, IsTerminal as _};

use async_trait::async_trait;
use events::LogLines;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logs};

/// More verbose than this, the NATS client logs its credentials.
const NATS_LOG_LIMIT: &str = "async_nats=info";

/// Sends all log lines, including panics, to standard output. Call it once; later calls do not change where lines go.
///
/// Logging never blocks: a separate thread writes the lines. If the log's reader is so slow that 8,192 lines are
/// waiting, further lines are dropped and counted. Call [`flush`] before the process ends.
pub fn install(logs: &Logs) {
    log_panics();
    // The filter was checked when the configuration was read.
    let mut filter = EnvFilter::builder().parse_lossy(filter::with_parts(&logs.filter));
    if let Ok(quiet) = NATS_LOG_LIMIT.parse() {
        filter = filter.add_directive(quiet);
    }
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_file(logs.extended)
        .with_line_number(logs.extended)
        .with_writer(queue::stdout);
    // Colours are for terminals only, and not if `NO_COLOR` is set.
    let lines = if io::stdout().is_terminal() {
        lines
    } else {
        lines.with_ansi(false)
    };
    match logs.format {
        // One flat JSON object per line, as today's Lakekeeper writes it, so that log pipelines need no change.
        LogFormat::Json => set(lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .map_event_format(json::Lines)
            .finish()),
        LogFormat::Pretty => set(lines.finish()),
    }
}

/// Waits until all logged lines are written, for at most a second.
pub fn flush() {
    queue::flush();
}

/// The queue behind [`install`], for a publisher that must not lose a line. If another subscriber is installed
/// instead, its lines count as written at once.
#[derive(Debug)]
pub(crate) struct Stdout;

#[async_trait]
impl LogLines for Stdout {
    async fn written(&self) {
        queue::written().await;
    }

    fn left_out(&self) -> u64 {
        queue::left_out()
    }
}

fn set(subscriber: impl tracing::Subscriber + Send + Sync) {
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("log lines already have a destination");
    }
}

/// Logs panics as error lines, so that log collectors see them.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let said = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "panic: {said}");
    }));
}
