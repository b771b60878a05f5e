//! Starts an OpenFGA server for a test.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up has failed"
)]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use outbound::HttpClient;

use crate::credentials::LIMITS;
use crate::{Credentials, OpenFgaConfig};

/// The environment variable with the path of OpenFGA's program; `tests/with-services` sets it.
const BINARY: &str = "LAKEKEEPER_TEST_OPENFGA_BINARY";

/// The `--resolve-node-limit` that the documentation recommends: enough for as many nested namespaces and roles as the
/// catalog allows.
pub const DEPTH: u32 = 45;

/// An OpenFGA server, running or stopped. Dropping this stops it.
#[derive(Debug)]
pub struct Server {
    arguments: Vec<String>,
    port: u16,
    metrics_port: u16,
    process: Option<Child>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn binary() -> String {
    std::env::var(BINARY).unwrap_or_else(|_| panic!("set {BINARY}, or run tests/with-services"))
}

/// Keeps all sockets open until all ports are known: otherwise the system might give the same port twice.
fn free_ports() -> [u16; 3] {
    let probes = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    probes.map(|probe| probe.local_addr().unwrap().port())
}

impl Server {
    /// A server that forgets everything when it is stopped.
    pub fn in_memory() -> Self {
        Self::with(&["--datastore-engine", "memory"])
    }

    /// A server with this `--resolve-node-limit`; OpenFGA's default is 25.
    pub fn with_depth(depth: u32) -> Self {
        let depth = depth.to_string();
        Self::with(&[
            "--datastore-engine",
            "memory",
            "--resolve-node-limit",
            &depth,
        ])
    }

    /// A server that demands this key.
    pub fn with_key(key: &str) -> Self {
        let keys = ["--authn-method", "preshared", "--authn-preshared-keys", key];
        Self::with(&[&["--datastore-engine", "memory"][..], &keys[..]].concat())
    }

    /// A server that keeps everything in this Postgres database.
    pub fn on_postgres(url: &str) -> Self {
        let url = format!("{url}?sslmode=disable");
        let database = ["--datastore-engine", "postgres", "--datastore-uri", &url];
        let migrated = Command::new(binary())
            .arg("migrate")
            .args(database)
            .output();
        let migrated = migrated.unwrap();
        assert!(migrated.status.success(), "{migrated:?}");
        Self::with(&database)
    }

    fn with(arguments: &[&str]) -> Self {
        let [port, http_port, metrics_port] = free_ports();
        let mut all = ["run", "--playground-enabled=false", "--log-level", "error"]
            .map(str::to_owned)
            .to_vec();
        for (address, port) in [
            ("--grpc-addr", port),
            ("--http-addr", http_port),
            ("--metrics-addr", metrics_port),
        ] {
            all.extend([address.to_owned(), format!("127.0.0.1:{port}")]);
        }
        // With caches, as OpenFGA's documentation recommends for production: answers must be fresh nevertheless.
        all.push("--check-query-cache-enabled".to_owned());
        all.push("--check-iterator-cache-enabled".to_owned());
        all.extend(["--resolve-node-limit".to_owned(), DEPTH.to_string()]);
        all.extend(arguments.iter().map(|one| (*one).to_owned()));
        let mut server = Self {
            arguments: all,
            port,
            metrics_port,
            process: None,
        };
        server.start();
        server
    }

    /// Starts the server, and waits until it accepts connections.
    pub fn start(&mut self) {
        let started = Command::new(binary())
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(started.unwrap());
        let patience = Instant::now() + Duration::from_mins(1);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                Instant::now() < patience,
                "OpenFGA does not start: {:?}",
                self.arguments
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the server.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// How much the server has read from its database to answer checks, by its own metrics: the number of queries plus the
    /// number of tuples that these returned.
    pub async fn reads_of_checks(&self) -> u64 {
        let metrics = format!("http://127.0.0.1:{}/metrics", self.metrics_port);
        let http = HttpClient::new(LIMITS, None).unwrap();
        let (_, metrics) = http.ask(http.get(metrics)).await.unwrap();
        let metrics = String::from_utf8(metrics).unwrap();
        let counts = metrics.lines().filter_map(|line| {
            let (name, count) = line.rsplit_once(' ')?;
            let counted = [
                "openfga_datastore_query_count_sum{",
                "openfga_datastore_item_count_sum{",
            ];
            let counted = counted.iter().any(|counted| name.starts_with(counted));
            counted.then(|| count.parse::<u64>().unwrap())
        });
        counts.sum()
    }

    /// The configuration to use the server with.
    pub fn config(&self) -> OpenFgaConfig {
        OpenFgaConfig {
            endpoint: format!("http://127.0.0.1:{}", self.port).parse().unwrap(),
            credentials: Credentials::None,
            store: "lakekeeper".to_owned(),
            model_prefix: "collaboration".to_owned(),
            model_version: None,
            max_batch_checks: 20.try_into().unwrap(),
        }
    }
}
