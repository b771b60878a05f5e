//! What all clients share, and how one of them asks the catalog.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Error;
use crate::client::{Answer, ApiRequest, ReplicaClient, Reply};
use crate::history::{OpId, Outcome, Read, Span};
use crate::recorder::Recorder;
use crate::warehouse::Warehouse;

/// Namespaces that tables are in, and renamed between.
pub(crate) const NAMESPACES: [&str; 2] = ["left", "right"];
/// The number of tables that all clients work on at a time.
const SLOTS: usize = 6;
/// The number of requests after which a client gives up; it pauses between them.
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(10);

/// What all clients share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) client: ReplicaClient,
    pub(crate) recorder: Arc<Recorder>,
    /// The start of all paths in the catalog API of the warehouse with the shared tables.
    pub(crate) prefix: String,
    /// All warehouses.
    pub(crate) warehouses: Vec<Warehouse>,
    /// The generation of each slot's table. A table that has become long is replaced by one of the next generation.
    slots: Vec<AtomicU32>,
    ops: AtomicI64,
    is_over: AtomicBool,
    /// Requests that were sent again with the same idempotency key.
    pub(crate) repeated: AtomicU64,
    /// Changes that were acknowledged so far.
    pub(crate) acked: AtomicU64,
}

impl World {
    /// Shared tables are in the first of the warehouses.
    pub(crate) fn new(
        client: ReplicaClient,
        recorder: Arc<Recorder>,
        warehouses: Vec<Warehouse>,
    ) -> Self {
        Self {
            client,
            recorder,
            prefix: warehouses
                .first()
                .map(Warehouse::prefix)
                .unwrap_or_default(),
            warehouses,
            slots: (0..SLOTS).map(|_| AtomicU32::new(0)).collect(),
            ops: AtomicI64::new(1),
            is_over: AtomicBool::new(false),
            repeated: AtomicU64::new(0),
            acked: AtomicU64::new(0),
        }
    }

    /// A new id for a change.
    pub(crate) fn next_op(&self) -> OpId {
        self.ops.fetch_add(1, Ordering::Relaxed)
    }

    /// Slots of the shared tables.
    pub(crate) fn slots(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }

    /// The generation of the table that is in the slot now.
    pub(crate) fn generation(&self, slot: usize) -> u32 {
        self.slots
            .get(slot)
            .map_or(0, |slot| slot.load(Ordering::SeqCst))
    }

    /// Notes that the slot has a table of this generation.
    pub(crate) fn advance(&self, slot: usize, generation: u32) {
        if let Some(slot) = self.slots.get(slot) {
            slot.fetch_max(generation, Ordering::SeqCst);
        }
    }

    /// The shared tables of all generations.
    pub(crate) fn shared(&self) -> impl Iterator<Item = String> + '_ {
        self.slots()
            .flat_map(|slot| (0..=self.generation(slot)).map(move |age| shared_name(slot, age)))
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// The path of a shared table `namespace.name`, or of the namespace's tables if the name is empty.
    pub(crate) fn path(&self, table: &str) -> String {
        table_path(&self.prefix, table)
    }
}

/// The path of a table `namespace.name` in a warehouse, or of the namespace's tables if the name is empty.
pub(crate) fn table_path(prefix: &str, table: &str) -> String {
    let (namespace, name) = table.split_once('.').unwrap_or((table, ""));
    let path = format!("{prefix}/namespaces/{namespace}/tables");
    if name.is_empty() {
        path
    } else {
        format!("{path}/{name}")
    }
}

/// The path of a location in a warehouse that is a local folder.
pub(crate) fn path_of(location: &str) -> PathBuf {
    PathBuf::from(location.strip_prefix("file://").unwrap_or(location))
}

/// The shared table of a slot.
pub(crate) fn shared_name(slot: usize, generation: u32) -> String {
    format!("left.shared_{slot}_{generation}")
}

/// The JSON identifier of a table `namespace.name`.
pub(crate) fn identifier(table: &str) -> Value {
    let (namespace, name) = table.split_once('.').unwrap_or((table, ""));
    json!({ "namespace": [namespace], "name": name })
}

/// A table that was loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) location: String,
    pub(crate) metadata: Value,
}

impl Loaded {
    pub(crate) fn of(mut body: Value) -> Option<Self> {
        let location = body.get("metadata-location")?.as_str()?.to_owned();
        let metadata = body.get_mut("metadata")?.take();
        Some(Self { location, metadata })
    }

    pub(crate) fn uuid(&self) -> Option<Uuid> {
        self.metadata.get("table-uuid")?.as_str()?.parse().ok()
    }

    /// The path of its metadata file, in a warehouse that is a local folder.
    pub(crate) fn file(&self) -> PathBuf {
        path_of(&self.location)
    }

    /// How many metadata files came before this one.
    pub(crate) fn age(&self) -> usize {
        let log = self.metadata.get("metadata-log").and_then(Value::as_array);
        log.map_or(0, Vec::len)
    }
}

/// How a change ended for its client.
#[derive(Debug)]
pub(crate) enum ChangeReply {
    Done(Answer),
    NotDone(Outcome),
}

/// What one client needs to ask the catalog.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) world: Arc<World>,
    pub(crate) random: StdRng,
    /// The entity tag and the metadata file that each shared table had when it was last loaded.
    known: HashMap<String, (String, String)>,
}

impl Caller {
    pub(crate) fn new(world: Arc<World>, random: StdRng) -> Self {
        Self {
            world,
            random,
            known: HashMap::new(),
        }
    }

    /// Sends a change to random replicas, often with an idempotency key; see [`Self::send`].
    pub(crate) async fn change(
        &mut self,
        method: Method,
        path: String,
        body: Option<Value>,
    ) -> (Span, ChangeReply) {
        let has_key = self.random.random_bool(0.6);
        let key =
            has_key.then(|| uuid::Builder::from_random_bytes(self.random.random()).into_uuid());
        let mut request = ApiRequest::get(path);
        (request.method, request.body, request.key) = (method, body, key);
        self.send(&request).await
    }

    /// Sends a change. With an idempotency key it is sent again until its outcome is known, without one only as long as no
    /// replica was reached.
    pub(crate) async fn send(&mut self, request: &ApiRequest) -> (Span, ChangeReply) {
        let has_key = request.key.is_some();
        let began = self.world.recorder.now();
        let mut sent = 0_u32;
        for _ in 0..TRIES {
            let hangs_up = self.random.random_bool(if has_key { 0.15 } else { 0.03 });
            let patience = Duration::from_micros(self.random.random_range(0..25_000));
            let (span, reply) = self.ask(request, hangs_up.then_some(patience)).await;
            let span = Span { began, ..span };
            match reply {
                Reply::Answer(answer) if answer.status.is_success() => {
                    self.world.acked.fetch_add(1, Ordering::Relaxed);
                    return (span, ChangeReply::Done(answer));
                }
                Reply::Answer(answer) => {
                    return (
                        span,
                        ChangeReply::NotDone(Outcome::Refused(answer.status.as_u16())),
                    );
                }
                Reply::Unknown if !has_key => {
                    return (span, ChangeReply::NotDone(Outcome::Unknown));
                }
                Reply::Unknown => {
                    sent += 1;
                    let first = u64::from(sent == 1);
                    self.world.repeated.fetch_add(first, Ordering::Relaxed);
                }
                Reply::Unavailable if !has_key => {
                    let status = StatusCode::SERVICE_UNAVAILABLE.as_u16();
                    return (span, ChangeReply::NotDone(Outcome::Refused(status)));
                }
                Reply::NotReached | Reply::Unavailable => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        let ended = self.world.recorder.now();
        (
            Span { began, ended },
            ChangeReply::NotDone(Outcome::Unknown),
        )
    }

    /// Loads a shared table and records what was seen; `None` if there was no answer or no such table.
    pub(crate) async fn load_shared(&mut self, table: &str) -> Option<Loaded> {
        let (span, answer) = self.get(table, None).await?;
        self.saw(table, span, answer)
    }

    /// Asks whether a shared table is still at the version that the client knows, and records what was seen.
    pub(crate) async fn revalidate(&mut self, table: &str) {
        let known = self.known.get(table).cloned();
        let etag = known.as_ref().map(|(etag, _)| etag.clone());
        let Some((span, answer)) = self.get(table, etag).await else {
            return;
        };
        match known {
            Some((_, location)) if answer.status == StatusCode::NOT_MODIFIED => {
                self.record_read(table, location, span);
            }
            _ => drop(self.saw(table, span, answer)),
        }
    }

    /// The UUID of the table with this name, if it exists; the outer `None` means that there was no answer.
    pub(crate) async fn look(&mut self, table: &str) -> Option<Option<Uuid>> {
        let (_, answer) = self.get(table, None).await?;
        Some(Loaded::of(answer.body).and_then(|loaded| loaded.uuid()))
    }

    async fn get(&mut self, table: &str, etag: Option<String>) -> Option<(Span, Answer)> {
        let mut request = ApiRequest::get(self.world.path(table));
        request.etag = etag;
        for _ in 0..TRIES {
            if let (span, Reply::Answer(answer)) = self.ask(&request, None).await {
                return Some((span, answer));
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    async fn ask(&mut self, request: &ApiRequest, cut: Option<Duration>) -> (Span, Reply) {
        let replica = self.random.random_range(0..self.world.client.replicas());
        self.world.client.ask(replica, request, cut).await
    }

    fn saw(&mut self, table: &str, span: Span, answer: Answer) -> Option<Loaded> {
        let etag = answer.etag;
        let loaded = Loaded::of(answer.body)?;
        if let Some(etag) = etag {
            let known = (etag, loaded.location.clone());
            self.known.insert(table.to_owned(), known);
        }
        self.record_read(table, loaded.location.clone(), span);
        Some(loaded)
    }

    fn record_read(&self, table: &str, location: String, span: Span) {
        let table = table.to_owned();
        let read = Read {
            table,
            location,
            span,
        };
        self.world.recorder.add(|history| history.reads.push(read));
    }
}

/// Sends a request that must succeed; for preparing a run and looking at its end.
pub(crate) async fn must(
    client: &ReplicaClient,
    replica: usize,
    request: &ApiRequest,
) -> Result<Value, Error> {
    let (_, reply) = client.ask(replica, request, None).await;
    match reply {
        Reply::Answer(answer) if answer.status.is_success() => Ok(answer.body),
        reply => Err(Error::Catalog {
            about: format!("{} {}", request.method, request.path),
            answer: format!("{reply:?}"),
        }),
    }
}

/// An error about an answer that the run cannot use.
pub(crate) fn unexpected(about: &str, answer: &Value) -> Error {
    Error::Catalog {
        about: about.to_owned(),
        answer: answer.to_string(),
    }
}
