//! The command line.

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

/// `EX_CONFIG` of sysexits.h: something in the configuration is wrong; to try again does not help.
const CONFIGURATION_IS_WRONG: u8 = 78;

/// An Apache Iceberg REST catalog.
#[derive(Debug, Parser)]
#[command(name = "lakekeeper", version, arg_required_else_help = false)]
struct Cli {
    /// A TOML file with settings.
    #[arg(long = "config", value_name = "FILE", global = true)]
    config_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the catalog.
    Serve(serve::Serve),
    /// Brings the database's layout up to date, and OpenFGA's store and model if OpenFGA decides.
    Migrate,
    /// Looks after OpenFGA, if OpenFGA decides.
    #[command(name = "openfga", subcommand)]
    OpenFga(openfga::OpenFga),
    /// Looks after storage credentials in the database.
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// Lets the installation be bootstrapped once more: who does so first becomes its administrator, for the day on which there is none.
    ReopenBootstrap(database::Reopen),
    /// Waits until the database answers, and possibly until it is migrated.
    WaitForDb(database::Wait),
    /// Asks the server on this machine how it is; status 0 if it is well, 1 if not.
    Healthcheck(healthcheck::What),
    /// Says which version this is.
    Version,
    /// Shows the settings as they count now and where each came from, without secrets.
    Config(Show),
    /// Serves a catalog for trying out, on SQLite and local files, with a warehouse that is ready for use.
    Dev(dev::Dev),
}

#[derive(Debug, Args)]
struct Show {
    #[command(subcommand)]
    what: Option<Shown>,
}

#[derive(Debug, Subcommand)]
enum Shown {
    /// The reference of all settings, in Markdown.
    Docs,
}

/// Runs the command that the process was started with.
pub(crate) fn main() -> ExitCode {
    let ended = run(Cli::parse());
    lakekeeper::logs::flush();
    let Err(error) = ended else {
        return ExitCode::SUCCESS;
    };
    // With standard error closed there is only the status to tell it by.
    drop(writeln!(io::stderr(), "lakekeeper: {}", told(&error)));
    match error {
        Error::Config(_) => ExitCode::from(CONFIGURATION_IS_WRONG),
        _ => ExitCode::FAILURE,
    }
}

/// The error and what is behind it, as far as it has not been said.
fn told(error: &Error) -> String {
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
        // Who asks for help need not have a right configuration; who wants to serve must hear what is wrong with it.
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

/// Reads the configuration; from here on there are logs, and its oddities are in them.
fn start(sources: &Sources, needs: Needs) -> Result<Config, Error> {
    let config = Config::load(sources, needs)?;
    lakekeeper::logs::install(&config.logs);
    for warning in &config.warnings {
        tracing::warn!("configuration: {warning}");
    }
    Ok(config)
}

/// Runs asynchronous work, on as many threads as there are cores.
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

/// Writes to standard output. That nobody reads on is no reason to fail.
fn print(text: &str) -> Result<(), Error> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::System {
            what: "cannot write to standard output",
            source,
        }),
        _ => Ok(()),
    }
}
