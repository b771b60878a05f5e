//! The command line: its commands and how their results are reported.

mod banner;
mod config;
mod database;
mod dev;
mod healthcheck;
mod openfga;
mod secrets;
mod serve;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use lakekeeper::Error;
use lakekeeper::config::{Config, Needs, Sources, variables};

/// `EX_CONFIG` of sysexits.h: the configuration is wrong, so trying again does not help.
const CONFIGURATION_IS_WRONG: u8 = 78;

/// An Apache Iceberg REST catalog.
#[derive(Debug, Parser)]
#[command(name = "lakekeeper", version, arg_required_else_help = false)]
struct Cli {
    /// TOML file with settings.
    #[arg(long = "config", value_name = "FILE", global = true)]
    config_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the catalog server.
    Serve(serve::Serve),
    /// Create or update the database schema, and OpenFGA's store and model if OpenFGA is the authorizer.
    Migrate,
    /// Maintain OpenFGA, if it is the authorizer.
    #[command(name = "openfga", subcommand)]
    OpenFga(openfga::OpenFga),
    /// Maintain the storage credentials that are kept in the database.
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// Let the installation be bootstrapped once more, for when no administrator is left. Whoever bootstraps it first
    /// becomes its administrator.
    ReopenBootstrap(database::Reopen),
    /// Wait until the database answers or, with `-m`, until it is also migrated.
    WaitForDb(database::Wait),
    /// Check the server on this machine and, on request, the database. Exits with 0 if healthy, 1 if not.
    Healthcheck(healthcheck::What),
    /// Print the version.
    Version,
    /// Print the effective value of each setting and where it comes from, with secrets redacted.
    Config(Show),
    /// Run a catalog to try out, on SQLite and local files, with a warehouse that is ready to use.
    Dev(dev::Dev),
}

#[derive(Debug, Args)]
struct Show {
    #[command(subcommand)]
    what: Option<Shown>,
}

#[derive(Debug, Subcommand)]
enum Shown {
    /// Print the reference of all settings, in Markdown.
    Docs,
}

/// Runs the command that the process was started with and returns the exit status.
pub(crate) fn main() -> ExitCode {
    let ended = run(Cli::parse());
    lakekeeper::logs::flush();
    let Err(error) = ended else {
        return ExitCode::SUCCESS;
    };
    // If standard error is closed, the exit status alone reports the error.
    drop(writeln!(
        io::stderr(),
        "lakekeeper: {}",
        error_with_causes(&error)
    ));
    match error {
        Error::Config(_) => ExitCode::from(CONFIGURATION_IS_WRONG),
        _ => ExitCode::FAILURE,
    }
}

/// The error's message followed by those of its causes that the text does not contain yet.
fn error_with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut behind = std::error::Error::source(error);
    while let Some(cause) = behind {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        behind = cause.source();
    }
    text
}

fn run(cli: Cli) -> Result<(), Error> {
    let sources = sources(cli.config_file);
    let Some(command) = cli.command else {
        return without_command(&sources);
    };
    match command {
        Command::Serve(serve) => serve::run(&sources, &serve),
        Command::Dev(dev) => dev::run(sources, &dev),
        Command::Migrate => database::migrate(&sources),
        Command::OpenFga(what) => openfga::run(&sources, &what),
        Command::Secrets(what) => secrets::run(&sources, &what),
        Command::ReopenBootstrap(reopen) => database::reopen_bootstrap(&sources, &reopen),
        Command::WaitForDb(wait) => database::wait(&sources, &wait),
        Command::Healthcheck(what) => healthcheck::run(&sources, &what),
        Command::Version => print(concat!(env!("CARGO_PKG_VERSION"), "\n")),
        Command::Config(Show { what: None }) => config::show(&sources),
        Command::Config(Show {
            what: Some(Shown::Docs),
        }) => print(&lakekeeper::config::reference()),
    }
}

fn without_command(sources: &Sources) -> Result<(), Error> {
    let serves = match Config::load(sources, Needs::Nothing) {
        Ok(config) => config.process.auto_serve,
        // A wrong configuration must not keep anybody from seeing the help. But if serving was asked for, its
        // mistakes are reported.
        Err(mistakes) if sources.have("DEBUG__AUTO_SERVE") => return Err(mistakes.into()),
        Err(_) => false,
    };
    if serves {
        return serve::run(sources, &serve::Serve::default());
    }
    print(
        &<Cli as clap::CommandFactory>::command()
            .render_help()
            .to_string(),
    )
}

fn sources(config_file: Option<PathBuf>) -> Sources {
    let file = config_file.map(|path| ("CONFIG_FILE", path.to_string_lossy().into_owned()));
    Sources {
        flags: file.into_iter().collect(),
        environment: variables(),
        implied: BTreeMap::new(),
    }
}

/// Loads the configuration, starts logging and logs the configuration's warnings.
fn start(sources: &Sources, needs: Needs) -> Result<Config, Error> {
    let config = Config::load(sources, needs)?;
    lakekeeper::logs::install(&config.logs);
    for warning in &config.warnings {
        tracing::warn!("configuration: {warning}");
    }
    Ok(config)
}

/// Runs asynchronous work on a runtime with as many threads as there are cores.
fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let refused = |source| Error::System {
        what: "threads cannot be started",
        source,
    };
    runtime.map_err(refused)?.block_on(work)
}

/// Writes to standard output. A reader that has closed the pipe is not an error.
fn print(text: &str) -> Result<(), Error> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::System {
            what: "cannot write to standard output",
            source,
        }),
        _ => Ok(()),
    }
}
