//! A PostgreSQL server for the tests of one process.
//!
//! `LAKEKEEPER_TEST_PG_URL` names a server; its user must be allowed to create databases. Without it, a server is
//! started from the binaries on this machine; it is stopped and removed when the process ends, in whatever way.

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Starts the server, waits until its own input ends, then stops the server and cleans up.
const KEEPER: &str = r#"
set -eu
bin=$1 data=$2 port=$3; shift 3
trap 'rm -rf "$data"' EXIT
"$bin/initdb" -D "$data/db" -U postgres -A trust -E UTF8 --no-locale -N >"$data/initdb.log" 2>&1 ||
    { cat "$data/initdb.log"; exit 1; }
"$bin/postgres" -D "$data/db" -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$data" -c max_connections=400 -c max_locks_per_transaction=256 \
    "$@" >"$data/server.log" 2>&1 </dev/null &
server=$!
trap 'kill -INT $server 2>/dev/null; wait $server; rm -rf "$data"' EXIT
for _ in $(seq 300); do
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && { echo ready; read -r _ || exit 0; }
    kill -0 $server 2>/dev/null || { cat "$data/server.log"; exit 1; }
    sleep 0.1
done
cat "$data/server.log"
"#;

/// The URL of the server's database `postgres`.
pub(crate) fn url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| match configured() {
        Some(url) => url,
        // Nothing needs to survive the tests, so nothing needs to reach the disk.
        None => start(&[
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ]),
    })
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
fn configured() -> Option<String> {
    std::env::var("LAKEKEEPER_TEST_PG_URL").ok()
}

/// Starts a server with these settings; returns its URL.
pub(crate) fn start(settings: &[&str]) -> String {
    let binaries = binaries().expect(
        "no PostgreSQL: set LAKEKEEPER_TEST_PG_URL to a superuser's URL, or install the server \
         (Debian: apt-get install postgresql)",
    );
    let data = tempfile::Builder::new()
        .prefix("lakekeeper-pg-")
        .tempdir()
        .unwrap()
        .keep();
    let port = free_port();
    let mut command = as_ordinary_user(&data);
    command
        .args(["sh", "-c", KEEPER, "keeper"])
        .arg(&binaries)
        .arg(&data)
        .arg(port.to_string())
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut keeper = command.spawn().expect("a shell");
    let mut said = [0; 6];
    let mut output = keeper.stdout.take().unwrap();
    let is_ready = output.read_exact(&mut said).is_ok() && &said == b"ready\n";
    if !is_ready {
        let mut rest = String::new();
        let _ = output.read_to_string(&mut rest);
        let said = String::from_utf8_lossy(&said);
        panic!("PostgreSQL did not start: {said}{rest}");
    }
    // The input of the keeper ends when this process does.
    std::mem::forget(keeper);
    format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The binaries of the newest server on this machine.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .flatten()
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .collect();
    found.sort();
    let fixed = ["/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"].map(PathBuf::from);
    found
        .into_iter()
        .rev()
        .map(|(_, path)| path)
        .chain(fixed)
        .find(|path| path.join("initdb").exists() && path.join("postgres").exists())
}

fn id(args: &[&str]) -> Option<String> {
    let output = Command::new("id").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// The user that runs the server if this process is root, because the server refuses to run as root.
fn servant() -> Option<&'static str> {
    if id(&["-u"]).as_deref() != Some("0") {
        return None;
    }
    let user = ["postgres", "nobody"];
    let user = user.into_iter().find(|user| id(&["-u", user]).is_some());
    Some(user.expect("a user for the server"))
}

/// Makes the server's user the owner of a file or folder.
pub(crate) fn give_to_server(path: &Path) {
    if let Some(user) = servant() {
        let owned = Command::new("chown").arg(user).arg(path).status();
        assert!(owned.is_ok_and(|status| status.success()), "chown");
    }
}

fn as_ordinary_user(data: &Path) -> Command {
    give_to_server(data);
    let Some(user) = servant() else {
        return Command::new("env");
    };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={user}"));
    command.arg(format!("--regid={}", id(&["-g", user]).unwrap()));
    command.args(["--clear-groups", "--"]);
    command
}
