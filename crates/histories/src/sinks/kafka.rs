//! A broker of Kafka, as a sink.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rskafka::client::partition::{PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::Error;
use crate::history::SeenEvent;
use crate::replica::free_port;

const TOPIC: &str = "lake";
const PARTITIONS: i32 = 3;
/// Bytes that are asked for at once.
const BATCH: i32 = 4_000_000;
/// How long a broker may take to say that there is nothing more.
const WAIT_MS: i32 = 50;

/// A broker of the run's own, which is its own controller; killed when dropped.
#[derive(Debug)]
pub(super) struct Kafka {
    port: u16,
    /// The partitions, each with the offset up to which it has been read.
    partitions: Vec<(PartitionClient, i64)>,
    got: Vec<SeenEvent>,
    #[expect(dead_code, reason = "ends when dropped")]
    broker: Child,
    #[expect(dead_code, reason = "removed when dropped")]
    folder: TempDir,
}

impl Kafka {
    pub(super) async fn start(jars: &Path, java: &Path) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("histories-kafka-")
            .tempdir();
        let folder = folder.map_err(Error::system("a temporary folder"))?;
        let (port, controller) = (free_port()?, free_port()?);
        let file = folder.path().join("server.properties");
        let properties = properties(folder.path(), port, controller);
        std::fs::write(&file, properties).map_err(Error::system("a file of properties"))?;
        let run = |class: &str| {
            let mut command = Command::new(java);
            command.args(["-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp"]);
            command.arg(format!("{}/*", jars.display())).arg(class);
            command.stdin(Stdio::null()).stdout(Stdio::null());
            command.stderr(Stdio::null()).kill_on_drop(true);
            command
        };
        let mut format = run("kafka.tools.StorageTool");
        format.args(["format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c"]);
        let formatted = format.arg(&file).status().await;
        if !formatted.map_err(Error::system("Java"))?.success() {
            return Err(broken("the folder of a broker cannot be prepared"));
        }
        let broker = run("kafka.Kafka").arg(&file).spawn();
        Ok(Self {
            port,
            broker: broker.map_err(Error::system("Java"))?,
            partitions: prepare(port).await?,
            got: Vec::new(),
            folder,
        })
    }

    pub(super) fn variables(&self) -> [(&'static str, String); 2] {
        let servers = format!("{{\"bootstrap.servers\"=\"127.0.0.1:{}\"}}", self.port);
        [
            ("LAKEKEEPER__KAFKA_TOPIC", TOPIC.to_owned()),
            ("LAKEKEEPER__KAFKA_CONFIG", servers),
        ]
    }

    /// All events of the topic that have arrived so far, in order within each partition.
    pub(super) async fn read(&mut self) -> Result<Vec<SeenEvent>, Error> {
        for (partition, from) in &mut self.partitions {
            loop {
                let fetched = partition.fetch_records(*from, 1..BATCH, WAIT_MS).await;
                let (records, _) = fetched.map_err(broken)?;
                let Some(last) = records.last() else { break };
                *from = last.offset + 1;
                let events = records.iter().filter_map(|one| seen_event(&one.record));
                self.got.extend(events);
            }
        }
        Ok(self.got.clone())
    }
}

fn properties(folder: &Path, port: u16, controller: u16) -> String {
    let folder = folder.display();
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
"
    )
}

/// Creates the topic once the broker listens; returns its partitions, to be read from their beginning.
async fn prepare(port: u16) -> Result<Vec<(PartitionClient, i64)>, Error> {
    for _ in 0..1_200 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let client = ClientBuilder::new(vec![format!("127.0.0.1:{port}")]);
    let client = client.build().await.map_err(broken)?;
    create_topic(&client).await?;
    let mut partitions = Vec::new();
    for number in 0..PARTITIONS {
        let partition = client.partition_client(TOPIC, number, UnknownTopicHandling::Retry);
        partitions.push((partition.await.map_err(broken)?, 0));
    }
    Ok(partitions)
}

async fn create_topic(client: &Client) -> Result<(), Error> {
    let controller = client.controller_client().map_err(broken)?;
    let created = controller.create_topic(TOPIC, PARTITIONS, 1, 30_000).await;
    created.map_err(broken)
}

/// Reads an event in the binary mode of CloudEvents.
fn seen_event(record: &Record) -> Option<SeenEvent> {
    let header = |name: &str| {
        let value = record.headers.get(name)?.clone();
        String::from_utf8(value).ok()
    };
    Some(SeenEvent {
        id: header("ce_id")?,
        subject: header("ce_subject")?,
        sequence: header("ce_sequence")?.parse().ok()?,
    })
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Sink(format!("Kafka: {error}"))
}
