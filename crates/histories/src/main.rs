//! `histories`: kills the catalog under load and checks what it promised.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use histories::{Plan, run};

fn main() -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server's configuration is not this program's"
    )]
    let plan = Plan::parse().completed(|name| std::env::var(name).ok());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime
            .block_on(run(&plan))
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let (text, code) = match ended {
        Ok(report) => {
            let violations = report.violations.iter().map(|one| format!("{one}\n"));
            let code = if report.violations.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
            (violations.collect::<String>() + &report.to_string(), code)
        }
        Err(error) => (format!("histories: {error}"), ExitCode::from(2)),
    };
    // Standard output may be closed already; the exit code tells the result all the same.
    drop(writeln!(std::io::stdout(), "{text}"));
    code
}
