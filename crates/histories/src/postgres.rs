//! A PostgreSQL server for one run.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Error;
use crate::replica::free_port;

/// A script that runs the server until its standard input ends, so that the server never outlives this process.
const KEEPER: &str = r#"
set -eu
bin=$1 data=$2 port=$3
"$bin/initdb" -D "$data/db" -U postgres -A trust -E UTF8 --no-locale -N >"$data/initdb.log" 2>&1
"$bin/postgres" -D "$data/db" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$data" \
    -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off >"$data/server.log" 2>&1 </dev/null &
server=$!
trap 'kill -INT $server 2>/dev/null; wait $server' EXIT
for _ in $(seq 300); do
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && { echo ready; read -r _ || exit 0; }
    kill -0 $server
    sleep 0.1
done
"#;

/// Like `KEEPER`, with a synchronous standby, which has every commit that a client of the primary was told of. On the first
/// line of input the primary and all its processes are killed at once, and the standby takes over.
const PAIR_KEEPER: &str = r#"
set -eu
bin=$1 data=$2 port=$3 second=$4
run() {
    "$bin/postgres" -D "$data/$1" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$data" \
        -c max_connections=300 -c fsync=off -c synchronous_commit=on >>"$data/server.log" 2>&1 </dev/null &
}
until_ready() {
    for _ in $(seq 300); do
        "$bin/pg_isready" -q -h 127.0.0.1 -p "$1" && return
        sleep 0.1
    done
    exit 1
}
ask() { "$bin/psql" -X -q -A -t -h 127.0.0.1 -p "$port" -U postgres -d postgres -c "$1"; }
servers=
trap 'kill -QUIT $servers 2>/dev/null; wait' EXIT
"$bin/initdb" -D "$data/db" -U postgres -A trust -E UTF8 --no-locale -N >"$data/initdb.log" 2>&1
run db "$port"; first=$!; servers=$first
until_ready "$port"
"$bin/pg_basebackup" -h 127.0.0.1 -p "$port" -U postgres -D "$data/standby" -R -X stream -c fast >>"$data/initdb.log" 2>&1
run standby "$second"; servers="$first $!"
until_ready "$second"
ask "alter system set synchronous_standby_names = '*'" >>"$data/initdb.log" 2>&1
ask "select pg_reload_conf()" >>"$data/initdb.log" 2>&1
for _ in $(seq 300); do
    [ "$(ask "select count(*) from pg_stat_replication where sync_state = 'sync'")" = 1 ] && break
    sleep 0.1
done
echo ready
read -r _ || exit 0
kill -STOP $first
kill -KILL $(cat "/proc/$first/task/$first/children") $first || :
"$bin/pg_ctl" promote -w -D "$data/standby" >>"$data/server.log" 2>&1
echo ready
read -r _ || exit 0
"#;

/// A server that was started for the run; stopped when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    keeper: Child,
    folder: TempDir,
}

impl Server {
    /// Starts the newest PostgreSQL on this machine in an empty folder. Its data need not survive, so nothing is flushed.
    pub(crate) fn start() -> Result<Self, Error> {
        Self::kept_by(KEEPER, &[free_port()?])
    }

    /// Starts a server with a synchronous standby.
    pub(crate) fn start_pair() -> Result<Self, Error> {
        Self::kept_by(PAIR_KEEPER, &[free_port()?, free_port()?])
    }

    fn kept_by(script: &str, ports: &[u16]) -> Result<Self, Error> {
        let binaries = binaries().ok_or(Error::NoPostgres)?;
        let folder = tempfile::Builder::new().prefix("histories-pg-").tempdir();
        let folder = folder.map_err(Error::system("a temporary folder"))?;
        let keeper = as_ordinary_user(folder.path())?
            .args(["sh", "-c", script, "keeper"])
            .args([&binaries, folder.path()])
            .args(ports.iter().map(u16::to_string))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::system("start a shell"))?;
        let hosts: Vec<_> = ports
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        let hosts = hosts.join(",");
        let mut server = Self {
            url: format!("postgres://postgres@{hosts}/postgres?sslmode=disable"),
            keeper,
            folder,
        };
        server.until_ready()?;
        Ok(server)
    }

    /// Kills the primary of a pair; returns when the standby takes writes.
    pub(crate) fn fail_over(&mut self) -> Result<(), Error> {
        let told = self
            .keeper
            .stdin
            .as_mut()
            .map(|input| writeln!(input, "fail"));
        if let Some(Err(error)) = told {
            return Err(Error::system("tell a shell")(error));
        }
        self.until_ready()
    }

    fn until_ready(&mut self) -> Result<(), Error> {
        let mut said = [0; 6];
        let output = self.keeper.stdout.as_mut();
        let read = output.map(|output| output.read_exact(&mut said));
        if matches!(read, Some(Ok(()))) && &said == b"ready\n" {
            return Ok(());
        }
        Err(Error::PostgresFailed(self.complaint()))
    }

    fn complaint(&self) -> String {
        let logs = ["initdb.log", "server.log"].map(|name| self.folder.path().join(name));
        let texts = logs
            .iter()
            .filter_map(|log| std::fs::read_to_string(log).ok());
        texts.collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The script ends when its input does, and the server with it.
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

/// The folder with the programs of the newest PostgreSQL on this machine.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    let debian = versions.flatten().flatten().filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        Some((number, version.path().join("bin")))
    });
    let mut debian: Vec<_> = debian.collect();
    debian.sort();
    let others = ["/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"].map(PathBuf::from);
    let newest_first = debian.into_iter().rev().map(|(_, path)| path);
    newest_first
        .chain(others)
        .find(|path| path.join("initdb").exists() && path.join("postgres").exists())
}

/// A command that runs its arguments as a user other than root, who then owns `folder`: PostgreSQL refuses to run as
/// root.
fn as_ordinary_user(folder: &Path) -> Result<Command, Error> {
    if id(&["-u"]).as_deref() != Some("0") {
        return Ok(Command::new("env"));
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(|user| id(&["-u", user]).is_some());
    let (Some(user), Some(group)) = (user, user.and_then(|user| id(&["-g", user]))) else {
        let said = "there is no user `postgres` to run it as";
        return Err(Error::PostgresFailed(said.to_owned()));
    };
    Command::new("chown")
        .arg(user)
        .arg(folder)
        .status()
        .map_err(Error::system("chown"))?;
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}"));
    command.arg(format!("--regid={group}"));
    command.args(["--clear-groups", "--"]);
    Ok(command)
}

fn id(arguments: &[&str]) -> Option<String> {
    let output = Command::new("id").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
