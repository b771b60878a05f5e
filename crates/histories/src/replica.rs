//! The program, run as an operator runs it.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;

use rand::Rng as _;
use tokio::process::{Child, Command};

use crate::Error;

/// Below the ports that systems give to outgoing connections, so that none of these takes the port of a killed replica.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// How to run the program for one run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) variables: Vec<(&'static str, String)>,
    /// The folder of the log files.
    pub(crate) folder: PathBuf,
}

impl Program {
    /// Runs a command to its end.
    pub(crate) async fn run(&self, words: &[&str]) -> Result<(), Error> {
        let output = self.command(words).output().await;
        let output = output.map_err(Error::system(self.binary.display().to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let command = words.join(" ");
        Err(Error::Program { command, said })
    }

    /// Starts a command that serves on the port; `log` is the name of its log file, to which each start appends. Several
    /// processes may share one.
    pub(crate) fn start(&self, words: &[&str], port: u16, log: &str) -> Result<Child, Error> {
        let log = self.log(log)?;
        let errors = log.try_clone().map_err(Error::system("a log file"))?;
        self.command(words)
            .env("LAKEKEEPER__LISTEN_PORT", port.to_string())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(Error::system(self.binary.display().to_string()))
    }

    fn log(&self, name: &str) -> Result<File, Error> {
        let path = self.folder.join(name);
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        opened.map_err(Error::system(path.display().to_string()))
    }

    /// The content of a log file.
    pub(crate) fn said(&self, log: &str) -> String {
        std::fs::read_to_string(self.folder.join(log)).unwrap_or_default()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(words)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .env("LAKEKEEPER__BIND_IP", "127.0.0.1")
            .env("LAKEKEEPER__METRICS_PORT", "0")
            .env("LAKEKEEPER__ENABLE_LOCAL_STORAGE", "true")
            .env("LAKEKEEPER__LOG_LEVEL", "warn,events=info")
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// A free port.
pub(crate) fn free_port() -> Result<u16, Error> {
    for _ in 0..1000 {
        let port = rand::rng().random_range(PORTS);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::Plan("no port between 15000 and 32000 is free"))
}
