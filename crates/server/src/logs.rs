//! Log lines on standard output.

mod filter;
mod json;
mod queue;

use async_trait::async_trait;
use events::LogLines;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logs};

/// The client of NATS shows what it connects with below this level.
const TELLS_PASSWORDS: &str = "async_nats=info";

/// From here on everything that is logged goes to standard output, panics too. Call it once; a second call changes
/// nothing.
///
/// Nobody waits for a log line: a thread of its own writes them, and if whoever reads them is so slow that 8,192 wait, more are left
/// out and counted. [`flush`] before the process ends.
pub fn install(logs: &Logs) {
    log_panics();
    // The filter was checked when the configuration was read.
    let mut filter = EnvFilter::builder().parse_lossy(filter::with_parts(&logs.filter));
    if let Ok(quiet) = TELLS_PASSWORDS.parse() {
        filter = filter.add_directive(quiet);
    }
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_file(logs.extended)
        .with_line_number(logs.extended)
        .with_writer(queue::stdout);
    match logs.format {
        // One flat object a line, as today's Lakekeeper writes it: log pipelines need no change.
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

/// Waits until what has been logged is written, for a second at most.
pub fn flush() {
    queue::flush();
}

/// The lines of [`install`], for those who may not lose one. Another log than that is taken to write at once.
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

/// A panic in a task is a line like any other, so that whoever collects the lines sees it.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let said = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "panic: {said}");
    }));
}
