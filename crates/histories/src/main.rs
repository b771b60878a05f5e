//! `histories`: kills the catalog under load and checks what it promised.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use histories::{Plan, run};

fn main() -> ExitCode {
    let plan = from_environment(Plan::parse());
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
    // Whoever reads it may have gone.
    drop(writeln!(std::io::stdout(), "{text}"));
    code
}

/// What the command line leaves open and `LAKEKEEPER_BIN` and `LAKEKEEPER_TEST_PG_URL` say.
#[expect(
    clippy::disallowed_methods,
    reason = "the server's configuration is not this program's"
)]
fn from_environment(mut plan: Plan) -> Plan {
    let program = std::env::var("LAKEKEEPER_BIN").ok();
    plan.binary = plan.binary.or(program.map(Into::into));
    plan.pg_url = plan
        .pg_url
        .or_else(|| std::env::var("LAKEKEEPER_TEST_PG_URL").ok());
    plan
}
