//! `lakekeeper openfga reconcile`.

use authz_openfga::{Drift, Report};
use clap::{Args, Subcommand, ValueEnum};
use lakekeeper::config::{Needs, Sources};
use lakekeeper::{Error, openfga};

/// Maintenance of OpenFGA.
#[derive(Debug, Subcommand)]
pub(super) enum OpenFga {
    /// Compare OpenFGA with the database, which is authoritative, and repair the differences.
    Reconcile(Reconcile),
}

/// How far `reconcile` goes.
#[derive(Debug, Args)]
pub(super) struct Reconcile {
    /// Which differences to repair.
    #[arg(long, value_enum)]
    mode: Mode,
    /// Print the differences without repairing them.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Write the tuples that OpenFGA lacks.
    AddMissing,
    /// Also delete tuples that are not derived from the database. No other application may use the same OpenFGA
    /// store.
    AddAndDeleteDrift,
}

pub(super) fn run(sources: &Sources, OpenFga::Reconcile(asked): &OpenFga) -> Result<(), Error> {
    let config = super::start(sources, Needs::Database)?;
    let drift = match (asked.dry_run, asked.mode) {
        (true, _) => Drift::Show,
        (false, Mode::AddMissing) => Drift::Keep,
        (false, Mode::AddAndDeleteDrift) => Drift::Delete,
    };
    let report = super::block_on(openfga::reconcile(&config, drift))?;
    super::print(&report_text(&report, asked))
}

/// The report: one line for each tuple that was or would be written or deleted, and a summary.
fn report_text(report: &Report, asked: &Reconcile) -> String {
    let deletes = asked.mode == Mode::AddAndDeleteDrift;
    let missing = report.missing.iter().map(|tuple| ('+', tuple));
    let drift = report.drift.iter().map(|tuple| ('-', tuple));
    let lines = missing.chain(drift.filter(|_| deletes));
    let mut lines: Vec<String> = lines
        .map(|(sign, tuple)| format!("{sign} {tuple}"))
        .collect();
    let (agree, lack, more) = (report.agree, report.missing.len(), report.drift.len());
    let (added, removed) = match (asked.dry_run, deletes) {
        (true, _) => ("not written: dry run", "left: dry run"),
        (false, true) => ("written", "deleted"),
        (false, false) => ("written", "left"),
    };
    lines.push(format!(
        "{agree} tuples agree with the database; {lack} were missing ({added}); {more} do not come from the database \
         ({removed})\n"
    ));
    lines.join("\n")
}
