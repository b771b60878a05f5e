//! A Kafka broker for one test.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rskafka::client::ClientBuilder;
use tempfile::TempDir;

/// The variable with the folder of Kafka's jars; `tests/with-services` sets it.
const JARS: &str = "LAKEKEEPER_TEST_KAFKA_JARS";
/// The variable with the Java program to run them; `tests/with-services` sets it.
const JAVA: &str = "LAKEKEEPER_TEST_JAVA";
/// The password of the user `lakekeeper`.
pub(crate) const SECRET: &str = "s3cret-of-the-tests";

/// A broker that is its own controller. It is killed when this is dropped.
pub(crate) struct Broker {
    child: Child,
    folder: TempDir,
    /// The ports for plain connections, logins, TLS and the controller.
    ports: [u16; 4],
}

impl Broker {
    /// Starts a broker that keeps all its files in `folder`.
    pub(crate) fn start(folder: TempDir) -> Self {
        let ports = free_ports();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        let identity = made.signing_key.serialize_pem() + &made.cert.pem();
        std::fs::write(folder.path().join("identity.pem"), identity).unwrap();
        let properties = properties(folder.path(), ports);
        std::fs::write(folder.path().join("server.properties"), properties).unwrap();
        format(folder.path());
        let child = run(folder.path());
        let broker = Self {
            child,
            folder,
            ports,
        };
        broker.wait();
        broker
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(crate) fn start_again(&mut self) {
        self.child = run(self.folder.path());
        self.wait();
    }

    fn wait(&self) {
        for _ in 0..1_200 {
            let is_up = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
            if self.ports.iter().all(is_up) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.path().join("kafka.log"));
        panic!("Kafka does not listen: {log:?}");
    }

    pub(crate) async fn create_topic(&self, topic: &str, partitions: i32) {
        let client = self.client().await;
        let controller = client.controller_client().unwrap();
        let created = controller.create_topic(topic, partitions, 1, 30_000);
        created.await.unwrap();
        // The broker learns of the topic later than the controller.
        for _ in 0..300 {
            let topics = client.list_topics().await.unwrap();
            if topics.iter().any(|one| one.name == topic) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("there is no topic `{topic}`");
    }

    pub(crate) async fn client(&self) -> rskafka::client::Client {
        let address = format!("127.0.0.1:{}", self.ports[0]);
        ClientBuilder::new(vec![address]).build().await.unwrap()
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Settings of a publisher without login.
    pub(crate) fn plaintext(&self) -> String {
        format!("{{\"bootstrap.servers\"=\"127.0.0.1:{}\"}}", self.ports[0])
    }

    /// Settings of a publisher with a login.
    pub(crate) fn login(&self, mechanism: &str, password: &str) -> String {
        format!(
            "{{\"bootstrap.servers\"=\"127.0.0.1:{}\", \"security.protocol\"=\"SASL_PLAINTEXT\",
              \"sasl.mechanisms\"=\"{mechanism}\", \"sasl.username\"=\"lakekeeper\",
              \"sasl.password\"=\"{password}\"}}",
            self.ports[1]
        )
    }

    /// Settings of a publisher with TLS that trusts the authorities in the file `roots`.
    pub(crate) fn tls(&self, roots: Option<PathBuf>) -> String {
        let roots = roots.map(|file| format!(", \"ssl.ca.location\"=\"{}\"", file.display()));
        format!(
            "{{\"bootstrap.servers\"=\"localhost:{}\", \"security.protocol\"=\"SSL\"{}}}",
            self.ports[2],
            roots.unwrap_or_default()
        )
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_ports() -> [u16; 4] {
    let probes = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    probes.map(|probe| probe.local_addr().unwrap().port())
}

fn properties(folder: &Path, [plain, login, tls, controller]: [u16; 4]) -> String {
    let folder = folder.display();
    let module = "org.apache.kafka.common.security";
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{plain},LOGIN://127.0.0.1:{login},TLS://localhost:{tls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},LOGIN://127.0.0.1:{login},TLS://localhost:{tls}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT,TLS:SSL
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_lakekeeper=\"{SECRET}\";
listener.name.login.scram-sha-256.sasl.jaas.config={module}.scram.ScramLoginModule required;
listener.name.login.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/identity.pem
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
"
    )
}

/// Prepares the data folder, with a user for the SCRAM logins.
fn format(folder: &Path) {
    let scram = |kind: &str| format!("SCRAM-SHA-{kind}=[name=lakekeeper,password={SECRET}]");
    let mut command = java(folder, "kafka.tools.StorageTool");
    command.args(["format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c"]);
    command.arg(folder.join("server.properties"));
    command.args(["--add-scram", &scram("256"), "--add-scram", &scram("512")]);
    assert!(command.status().unwrap().success());
}

fn run(folder: &Path) -> Child {
    let mut command = java(folder, "kafka.Kafka");
    command.arg(folder.join("server.properties"));
    command.spawn().unwrap()
}

fn java(folder: &Path, class: &str) -> Command {
    let (jars, java) = (told(JARS), told(JAVA));
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("kafka.log"));
    let log = log.unwrap();
    let mut command = Command::new(java);
    command.args(["-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp"]);
    command.arg(format!("{jars}/*")).arg(class);
    command.stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log);
    command
}

fn told(variable: &str) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told by variables where programs are"
    )]
    let value = std::env::var(variable);
    value.unwrap_or_else(|_| panic!("{variable} is not set: run this with tests/with-services"))
}
