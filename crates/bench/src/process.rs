//! The program to measure, as a separate process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::Method;

use crate::Result;
use crate::cluster::free_port;
use crate::load::{Coding, Connection, asked};
use crate::options::Options;

/// The catalog's database.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Postgres(String),
    Sqlite(PathBuf),
}

/// How to start the program.
pub(crate) struct Server {
    binary: PathBuf,
    database: Database,
    log: PathBuf,
    /// Settings besides those that every server of the benchmark has.
    settings: Vec<(&'static str, String)>,
}

/// A running server, which is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Migrates the database with the program that `options` names.
    pub(crate) fn prepared(options: &Options, database: Database, home: &Path) -> Result<Self> {
        let binary = match &options.binary {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?.with_file_name("lakekeeper"),
        };
        let server = Self {
            binary,
            database,
            log: home.join("lakekeeper.log"),
            settings: Vec::new(),
        };
        let said = server.command("migrate")?.output()?;
        if !said.status.success() {
            let said = [said.stdout, said.stderr].concat();
            return Err(format!(
                "{} migrate: {}",
                server.binary.display(),
                String::from_utf8_lossy(&said)
            )
            .into());
        }
        Ok(server)
    }

    /// The same program on another database.
    pub(crate) fn on(&self, database: Database) -> Self {
        Self {
            binary: self.binary.clone(),
            database,
            log: self.log.clone(),
            settings: self.settings.clone(),
        }
    }

    /// The same program on the same database with these settings.
    pub(crate) fn with<const N: usize>(&self, settings: [(&'static str, String); N]) -> Self {
        Self {
            settings: settings.into(),
            ..self.on(self.database.clone())
        }
    }

    fn command(&self, what: &str) -> Result<Command> {
        let mut command = Command::new(&self.binary);
        command.arg(what).stdin(Stdio::null());
        let ours = std::env::vars_os()
            .filter(|(name, _)| name.to_string_lossy().starts_with("LAKEKEEPER__"));
        for (name, _) in ours {
            command.env_remove(name);
        }
        match &self.database {
            Database::Postgres(url) => command.env("LAKEKEEPER__PG_DATABASE_URL_WRITE", url),
            Database::Sqlite(path) => command.env("LAKEKEEPER__SQLITE_PATH", path),
        };
        command
            .env(
                "LAKEKEEPER__PG_ENCRYPTION_KEY",
                "a key for a benchmark and nothing else",
            )
            .env("LAKEKEEPER__BIND_IP", "127.0.0.1")
            .env("LAKEKEEPER__METRICS_PORT", free_port()?.to_string())
            .env("LAKEKEEPER__ENABLE_LOCAL_STORAGE", "true")
            .env("LAKEKEEPER__LOG_LEVEL", "warn")
            .envs(self.settings.iter().cloned());
        Ok(command)
    }

    /// Starts the process without waiting for it.
    pub(crate) fn spawn(&self) -> Result<Running> {
        let port = free_port()?;
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let mut command = self.command("serve")?;
        command.env("LAKEKEEPER__LISTEN_PORT", port.to_string());
        let child = command.stdout(log.try_clone()?).stderr(log).spawn()?;
        Ok(Running { child, port })
    }

    /// Starts the process and waits for its first answer.
    pub(crate) async fn start(&self) -> Result<Running> {
        let mut running = self.spawn()?;
        for _ in 0..20_000 {
            if running.answers().await {
                return Ok(running);
            }
            if let Some(ended) = running.child.try_wait()? {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("lakekeeper ended with {ended}: {log}").into());
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        Err("lakekeeper does not answer".into())
    }
}

impl Running {
    async fn answers(&self) -> bool {
        let Ok(mut connection) = Connection::open(self.port).await else {
            return false;
        };
        connection
            .fetch(asked(Method::GET, "/health", Coding::Identity))
            .await
            .is_ok()
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: f64 = line
            .and_then(|line| line.trim().strip_suffix(" kB"))
            .ok_or("no VmRSS in /proc")?
            .parse()?;
        Ok(kib * 1_024.0)
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu(&self) -> Result<f64> {
        /// The unit of `/proc/…/stat` on Linux, independent of the kernel's own tick rate.
        const TICKS_PER_SECOND: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no name in /proc/…/stat")?;
        // User and system time, the 12th and 13th field after the name.
        let times = fields.split(' ').skip(11).take(2);
        let ticks: f64 = times.filter_map(|time| time.parse::<f64>().ok()).sum();
        Ok(ticks / TICKS_PER_SECOND)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
