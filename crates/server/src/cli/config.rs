//! `lakekeeper config`: prints the effective settings and their origin.

use std::fmt::Write as _;
use std::io::Write as _;

use lakekeeper::Error;
use lakekeeper::config::{Config, Effective, Needs, Sources};

/// Prints one line per setting. Fails for the same mistakes as `serve`.
pub(super) fn show(sources: &Sources) -> Result<(), Error> {
    let config = Config::load(sources, Needs::Secrets)?;
    for warning in &config.warnings {
        // Standard error may be closed; the listing is still printed.
        drop(writeln!(std::io::stderr(), "lakekeeper: {warning}"));
    }
    super::print(&listing(config.effective()))
}

fn listing(settings: &[Effective]) -> String {
    let assigned: Vec<String> = settings.iter().map(assignment).collect();
    let width = assigned.iter().map(String::len).max().unwrap_or(0).min(72);
    let mut text = String::new();
    for (setting, assignment) in settings.iter().zip(&assigned) {
        let written = writeln!(text, "{assignment:width$}  # {}", setting.origin);
        debug_assert!(written.is_ok(), "memory takes all text");
    }
    text
}

fn assignment(setting: &Effective) -> String {
    format!(
        "{}={}",
        setting.name,
        setting.value.as_deref().unwrap_or_default()
    )
}
