//! A NATS server with a stream, as a sink.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use async_nats::jetstream::{self, consumer, stream};
use futures::TryStreamExt as _;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::seen_event;
use crate::Error;
use crate::history::SeenEvent;
use crate::replica::free_port;

const SUBJECT: &str = "lake.events";
const STREAM: &str = "lake";
/// Messages that are asked for at once.
const BATCH: usize = 1_000;

/// A server of the run's own; killed when dropped.
#[derive(Debug)]
pub(super) struct Nats {
    port: u16,
    consumer: consumer::PullConsumer,
    got: Vec<SeenEvent>,
    #[expect(dead_code, reason = "ends when dropped")]
    server: Child,
    #[expect(dead_code, reason = "removed when dropped")]
    folder: TempDir,
}

impl Nats {
    pub(super) async fn start(program: &Path) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("histories-nats-").tempdir();
        let folder = folder.map_err(Error::system("a temporary folder"))?;
        let port = free_port()?;
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
        command
            .args(["--jetstream", "--store_dir"])
            .arg(folder.path());
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null());
        let server = silent.stderr(Stdio::null()).kill_on_drop(true).spawn();
        let server = server.map_err(Error::system(program.display().to_string()))?;
        Ok(Self {
            port,
            consumer: prepare(port).await?,
            got: Vec::new(),
            server,
            folder,
        })
    }

    pub(super) fn variables(&self) -> [(&'static str, String); 3] {
        let address = format!("nats://127.0.0.1:{}", self.port);
        [
            ("LAKEKEEPER__NATS_ADDRESS", address),
            ("LAKEKEEPER__NATS_TOPIC", SUBJECT.to_owned()),
            ("LAKEKEEPER__NATS_JETSTREAM", "true".to_owned()),
        ]
    }

    /// All events that the stream has stored so far.
    pub(super) async fn read(&mut self) -> Result<Vec<SeenEvent>, Error> {
        loop {
            let batch = self.consumer.fetch().max_messages(BATCH).messages().await;
            let batch = batch.map_err(broken)?.try_collect::<Vec<_>>().await;
            let batch = batch.map_err(broken)?;
            let events = batch
                .iter()
                .filter_map(|message| seen_event(&serde_json::from_slice(&message.payload).ok()?));
            self.got.extend(events);
            if batch.len() < BATCH {
                return Ok(self.got.clone());
            }
        }
    }
}

/// Creates the stream, and a consumer that reads it from its beginning, once the server listens.
async fn prepare(port: u16) -> Result<consumer::PullConsumer, Error> {
    let mut tries = 0;
    let client = loop {
        match async_nats::connect(format!("nats://127.0.0.1:{port}")).await {
            Ok(client) => break client,
            Err(error) if tries == 200 => return Err(broken(error)),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
        tries += 1;
    };
    let config = stream::Config {
        name: STREAM.to_owned(),
        subjects: vec![SUBJECT.to_owned()],
        ..stream::Config::default()
    };
    let stream = jetstream::new(client).create_stream(config).await;
    let reader = consumer::pull::Config {
        ack_policy: consumer::AckPolicy::None,
        inactive_threshold: Duration::from_hours(1),
        ..consumer::pull::Config::default()
    };
    let consumer = stream.map_err(broken)?.create_consumer(reader).await;
    consumer.map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Sink(format!("NATS: {error}"))
}
