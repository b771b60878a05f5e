//! The results, as a table for people and as JSON for programs.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::Result;
use crate::cluster::Cluster;
use crate::load::Sample;
use crate::options::Options;

/// The goal for a number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// The number must be at least this.
    AtLeast(f64),
    /// The number must be less than this.
    Below(f64),
    /// The number must be at most this.
    AtMost(f64),
    /// There is no goal: the number is for information.
    None,
}

impl Goal {
    fn verdict(self, value: f64) -> &'static str {
        match self {
            Self::AtLeast(least) if value >= least => "met",
            Self::Below(most) if value < most => "met",
            Self::AtMost(most) if value <= most => "met",
            Self::AtLeast(_) | Self::Below(_) | Self::AtMost(_) => "SHORT",
            Self::None => "",
        }
    }

    fn text(self, unit: Unit) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {}", unit.text(least)),
            Self::Below(most) => format!("< {}", unit.text(most)),
            Self::AtMost(most) => format!("<= {}", unit.text(most)),
            Self::None => String::new(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Plain,
    Share,
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Plain if value < 1_000.0 => format!("{value:.1}"),
            Self::Plain => format!("{value:.0}"),
            Self::Share => format!("{:.0} %", value * 100.0),
        }
    }
}

/// The results of both sides of a comparison, one sample per turn.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    pub(crate) ours: Vec<Sample>,
    pub(crate) reference: Vec<Sample>,
    /// Processor time of the measured program in all turns, in seconds.
    pub(crate) cpu: f64,
    pub(crate) seconds: f64,
}

struct Line {
    name: String,
    value: f64,
    unit: Unit,
    goal: Goal,
    /// Rates, latencies and processor time, if they were measured.
    details: Value,
    shown: String,
}

/// All results of a run.
pub(crate) struct Report {
    lines: Vec<Line>,
    about: Value,
}

impl Report {
    /// An empty report that describes the environment.
    pub(crate) async fn new(options: &Options, cluster: &Cluster) -> Result<Self> {
        let admin = cluster.admin().await?;
        let row = admin
            .query_one("select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')", &[])
            .await?;
        let about = json!({
            "database": if options.sqlite { "sqlite" } else { "postgresql" },
            "storage": if options.s3 { "s3" } else { "local" },
            "postgresql": row.try_get::<_, String>(0)?,
            "fsync": row.try_get::<_, String>(1)?,
            "synchronous-commit": row.try_get::<_, String>(2)?,
            "processors": std::thread::available_parallelism()?.get(),
            "connections": options.connections, "tables": options.tables,
            "rounds": options.rounds, "seconds": options.seconds,
        });
        Ok(Self {
            lines: Vec::new(),
            about,
        })
    }

    /// Adds a number.
    pub(crate) fn add(&mut self, name: &str, value: f64, goal: Goal) {
        self.put(Line {
            name: name.to_owned(),
            value,
            unit: Unit::Plain,
            goal,
            details: Value::Null,
            shown: String::new(),
        });
    }

    /// Adds how much slower `after` is than `before`, both in milliseconds.
    pub(crate) fn add_change(&mut self, name: &str, before: f64, after: f64, goal: Goal) {
        let shown = format!("{before:.2} -> {after:.2} ms");
        let details = json!({"before": before, "after": after});
        self.put(Line {
            name: name.to_owned(),
            value: after / before - 1.0,
            unit: Unit::Share,
            goal,
            details,
            shown,
        });
    }

    /// Adds the catalog's rate as a share of the reference's, as the median over the turns.
    pub(crate) fn add_turns(&mut self, name: &str, turns: &Turns, goal: Goal) {
        let pairs = turns.ours.iter().zip(&turns.reference);
        let share = median(
            &mut pairs
                .map(|(ours, reference)| ours.rate / reference.rate)
                .collect::<Vec<_>>(),
        );
        let (details, shown) = describe(turns);
        self.put(Line {
            name: name.to_owned(),
            value: share,
            unit: Unit::Share,
            goal,
            details,
            shown,
        });
    }

    /// Adds the catalog's rate, which has no reference.
    pub(crate) fn add_rate(&mut self, name: &str, turns: &Turns, goal: Goal) {
        let (details, shown) = describe(turns);
        let name = format!("{name}, per second");
        self.put(Line {
            name,
            value: rate(&turns.ours),
            unit: Unit::Plain,
            goal,
            details,
            shown,
        });
    }

    fn put(&mut self, line: Line) {
        // Print it right away, so that a long run shows progress.
        drop(writeln!(std::io::stderr(), "{}", text(&line)));
        self.lines.push(line);
    }

    /// Prints the table and, if `json` is given, writes the results to that file.
    pub(crate) fn show(&self, json: Option<&Path>) -> Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", self.about)?;
        writeln!(
            out,
            "{:<44} {:>9} {:>9} {:>6}  ours/s   reference/s  p50 ms  p99 ms  cpu us",
            "", "value", "goal", ""
        )?;
        for line in &self.lines {
            writeln!(out, "{}", text(line))?;
        }
        let short = self
            .lines
            .iter()
            .filter(|line| line.goal.verdict(line.value) == "SHORT")
            .count();
        writeln!(out, "{short} goals are not met")?;
        if let Some(path) = json {
            std::fs::write(path, format!("{:#}\n", self.json()))?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                json!({"name": line.name, "value": line.value, "goal": line.goal.text(line.unit),
                    "verdict": line.goal.verdict(line.value), "details": line.details})
            })
            .collect();
        json!({"about": self.about, "measured": lines})
    }
}

fn text(line: &Line) -> String {
    let (value, goal) = (line.unit.text(line.value), line.goal.text(line.unit));
    let text = format!(
        "{:<44} {value:>9} {goal:>9} {:>6}  {}",
        line.name,
        line.goal.verdict(line.value),
        line.shown
    );
    text.trim_end().to_owned()
}

fn describe(turns: &Turns) -> (Value, String) {
    let quantile = |share| {
        median(
            &mut turns
                .ours
                .iter()
                .map(|one| one.quantile(share))
                .collect::<Vec<_>>(),
        )
    };
    let (ours, reference) = (rate(&turns.ours), rate(&turns.reference));
    let (p50, p99) = (quantile(0.5), quantile(0.99));
    let answers: f64 = turns.ours.iter().map(|one| one.rate).sum::<f64>() / turns.ours.len() as f64
        * turns.seconds;
    let cpu = turns.cpu / answers * 1e6;
    let megabytes = median(
        &mut turns
            .ours
            .iter()
            .map(|one| one.bytes_per_second / 1e6)
            .collect::<Vec<_>>(),
    );
    let details = json!({"ours": ours, "reference": reference, "p50-ms": p50, "p99-ms": p99, "cpu-us": cpu, "megabytes-per-second": megabytes});
    let reference = if turns.reference.is_empty() {
        String::new()
    } else {
        format!("{reference:.0}")
    };
    (
        details,
        format!("{ours:>7.0} {reference:>12} {p50:>8.2} {p99:>7.2} {cpu:>7.1}"),
    )
}

fn rate(samples: &[Sample]) -> f64 {
    median(&mut samples.iter().map(|one| one.rate).collect::<Vec<_>>())
}

/// The median; the upper one of an even count.
pub(crate) fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints an error.
pub(crate) fn complain(error: &str) {
    drop(writeln!(std::io::stderr(), "bench: {error}"));
}
