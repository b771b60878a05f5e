//! Repository automation: `cargo xtask tidy` runs the ratchet.
#![expect(
    clippy::print_stdout,
    reason = "a command line tool reports on its output"
)]

mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy    check the repository against the ratchet";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words == ["tidy"] {
        return run_tidy();
    }
    println!("{USAGE}");
    ExitCode::from(2)
}

fn run_tidy() -> ExitCode {
    let report = match tidy::run(&repository_root()) {
        Ok(report) => report,
        Err(error) => {
            println!("tidy could not run: {error}");
            return ExitCode::from(2);
        }
    };
    for note in &report.notes {
        println!("note: {note}");
    }
    for failure in &report.failures {
        println!("{failure}");
    }
    println!(
        "tidy: {} files, {} findings",
        report.files,
        report.failures.len()
    );
    if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The folder above this crate, fixed when the tool is built.
fn repository_root() -> std::path::PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let report = tidy::run(&repository_root()).expect("tidy runs in a git checkout");
        assert!(report.failures.is_empty(), "{}", report.failures.join("\n"));
    }
}
