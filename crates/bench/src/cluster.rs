//! A PostgreSQL server with default durability: each commit is flushed to disk.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use crate::Result;

const STARTING: Duration = Duration::from_secs(30);

/// A server in which databases can be created. If it was started here, it is stopped when this is dropped.
pub(crate) struct Cluster {
    admin: String,
    own: Option<Own>,
}

struct Own {
    child: Child,
    program: PathBuf,
    data: PathBuf,
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// Uses the server at `url`, or starts one in the folder `home`.
    pub(crate) fn start(home: &Path, url: Option<&str>) -> Result<Self> {
        if let Some(url) = url {
            return Ok(Self {
                admin: url.to_owned(),
                own: None,
            });
        }
        let program = programs()?;
        let user = unprivileged()?;
        fs::create_dir_all(home)?;
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(home, Some(uid), Some(gid))?;
        }
        let data = home.join("data");
        let mut initdb = command(&program, "initdb", user);
        initdb
            .arg("-D")
            .arg(&data)
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8"]);
        let said = initdb.output()?;
        if !said.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&said.stderr)).into());
        }
        let port = free_port()?;
        let mut postgres = command(&program, "postgres", user);
        postgres.arg("-D").arg(&data).args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=200",
        ]);
        postgres.arg("-c").arg(format!("port={port}"));
        postgres.args(["-c", "unix_socket_directories="]);
        let child = postgres
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            admin: format!("postgresql://postgres@127.0.0.1:{port}/postgres"),
            own: Some(Own {
                child,
                program,
                data,
                user,
            }),
        })
    }

    /// A connection to the database in the server's URL. Waits until the server accepts connections.
    pub(crate) async fn admin(&self) -> Result<Client> {
        let end = tokio::time::Instant::now() + STARTING;
        loop {
            match connect(&self.admin).await {
                Err(_) if tokio::time::Instant::now() < end => {}
                connected => return connected,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Creates an empty database and returns its URL.
    pub(crate) async fn create_database(&self, name: &str) -> Result<String> {
        self.run_create(name, "").await
    }

    /// Copies a database to which nothing is connected, and returns the copy's URL.
    pub(crate) async fn copy_database(&self, of: &str, name: &str) -> Result<String> {
        self.run_create(name, &format!("template \"{of}\"")).await
    }

    async fn run_create(&self, name: &str, template: &str) -> Result<String> {
        let admin = self.admin().await?;
        admin
            .batch_execute(&format!("drop database if exists \"{name}\""))
            .await?;
        admin
            .batch_execute(&format!("create database \"{name}\" {template}"))
            .await?;
        let (server, _) = self
            .admin
            .rsplit_once('/')
            .ok_or("the URL names no database")?;
        Ok(format!("{server}/{name}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(own) = &mut self.own else { return };
        let mut stop = command(&own.program, "pg_ctl", own.user);
        let stopped = stop
            .arg("-D")
            .arg(&own.data)
            .args(["stop", "-m", "immediate"])
            .output();
        if !stopped.is_ok_and(|said| said.status.success()) {
            // Killing it is safe: its data are not needed any more.
            drop(own.child.kill());
        }
        drop(own.child.wait());
    }
}

/// Connects. The connection closes when the client is dropped.
pub(crate) async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A port that is free at the moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn command(programs: &Path, name: &str, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir("/").stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// The folder with the newest PostgreSQL's programs, as Debian installs them.
fn programs() -> Result<PathBuf> {
    let missing =
        "PostgreSQL is missing: apt-get install postgresql, or name a server with --postgres";
    let versions = fs::read_dir("/usr/lib/postgresql").map_err(|_| missing)?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, path)| path.join("initdb").exists())
        .collect();
    found.sort();
    Ok(found.pop().ok_or(missing)?.1)
}

/// The user and group to run PostgreSQL as, because it refuses to run as root; `None` if this process is not root's.
fn unprivileged() -> Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let of = |name: &str| {
        users.lines().find_map(|line| {
            let mut parts = line.split(':');
            if parts.next() != Some(name) {
                return None;
            }
            Some((parts.nth(1)?.parse().ok()?, parts.next()?.parse().ok()?))
        })
    };
    let user = of("postgres").or_else(|| of("nobody"));
    Ok(Some(user.ok_or(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`",
    )?))
}
