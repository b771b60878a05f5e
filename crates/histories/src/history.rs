//! What clients did and saw, and what the tables became: all that the checker knows.
//!
//! Times are since the start of the run, by one monotonic clock.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use model::EventKind;
use uuid::Uuid;

/// Names one change for good: the value of its property, or the id of its snapshot.
pub type OpId = i64;

/// From before the request was sent until after its answer was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Not later than the request.
    pub began: Duration,
    /// Not earlier than the answer.
    pub ended: Duration,
}

impl Span {
    /// Whether the other one has a moment in common with this one.
    pub fn overlaps(self, other: Self) -> bool {
        self.began <= other.ended && other.began <= self.ended
    }
}

/// What the client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It happened; with the metadata file of the answer, if that had one.
    Done(Option<String>),
    /// It did not happen; with the status of the answer. 503 says so of what may well be asked for again.
    Refused(u16),
    /// Nobody knows: the connection broke, or the answer was another 5xx.
    Unknown,
}

/// A commit to one shared table or, as a transaction, to several.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it leaves in each of its tables.
    pub id: OpId,
    /// The tables' names.
    pub tables: Vec<String>,
    /// When; retries included.
    pub span: Span,
    /// How it ended.
    pub outcome: Outcome,
}

/// A shared table was loaded.
#[derive(Debug, Clone)]
pub struct Read {
    /// Its name.
    pub table: String,
    /// The metadata file that the answer came from.
    pub location: String,
    /// When.
    pub span: Span,
}

/// One of several clients that tried to create the same table.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The table's name.
    pub table: String,
    /// The uuid of the table that was created, or how it ended otherwise.
    pub outcome: Result<Uuid, Outcome>,
}

/// A snapshot as it stands in metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The change that made it.
    pub id: OpId,
    /// The one before it.
    pub parent: Option<OpId>,
    /// Its sequence number.
    pub sequence: i64,
}

/// One metadata file of a shared table.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// Where it is.
    pub location: String,
    /// The files before it, as it lists them.
    pub log: Vec<String>,
    /// The property changes that have left their own property.
    pub properties: BTreeSet<OpId>,
    /// The property change that came last.
    pub last: Option<OpId>,
    /// All snapshots, in its order.
    pub snapshots: Vec<Snapshot>,
    /// Where `main` is.
    pub main: Option<OpId>,
}

impl Version {
    /// Every change that has left something.
    pub fn marks(&self) -> BTreeSet<OpId> {
        let snapshots = self.snapshots.iter().map(|snapshot| snapshot.id);
        self.properties.iter().copied().chain(snapshots).collect()
    }
}

/// A shared table after the run, with all that it has been.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its identity.
    pub uuid: Uuid,
    /// From its creation to its end.
    pub versions: Vec<Version>,
}

/// What a client does with a table that no other client knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Create it, with this name.
    Create(String),
    /// Give it this name.
    Rename(String),
    /// Drop it.
    Drop,
}

/// One client's table, from its creation on.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Its identity, once known.
    pub uuid: Option<Uuid>,
    /// What happened, one after the other.
    pub events: Vec<LifeEvent>,
}

/// A step, or a look at a name.
#[derive(Debug, Clone)]
pub enum LifeEvent {
    /// A request and how it ended.
    Stepped(Step, Outcome),
    /// A load of this name that began after the last step had ended, and what it found.
    Looked(String, Option<Uuid>),
}

/// What is with a table: what its client has done with it, and what has to be found in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is at this name, with all files.
    Live(String),
    /// It can be had back, with all files.
    Hidden {
        /// Whether they go when it goes.
        is_purge: bool,
    },
    /// It is gone, its files are not.
    Kept,
    /// It is gone with all files.
    Purged,
}

/// A table with files of its client, in a namespace that nobody else works in.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Its identity.
    pub id: Uuid,
    /// What it is called, or was when it was dropped.
    pub name: String,
    /// Its warehouse, as its paths begin.
    pub prefix: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The file that its client has put there.
    pub data: PathBuf,
    /// The metadata file that its client knows.
    pub metadata: PathBuf,
    /// What may be with it: more than one thing if nobody knows how the last step ended.
    pub fates: Vec<Fate>,
    /// What was done with it, by the events that tell of it, and how it ended.
    pub steps: Vec<(EventKind, Outcome)>,
}

/// What was found of a table in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remains {
    /// Where it is served.
    pub at: Option<String>,
    /// Whether it can be had back.
    pub is_hidden: bool,
    /// Files in its folder.
    pub files: usize,
    /// Whether its client's file and the metadata file that its client knows are among them.
    pub is_whole: bool,
}

/// An event, as far as a run needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: String,
    /// What it happened to.
    pub subject: String,
    /// Its place among all events.
    pub sequence: i64,
}

/// What has arrived at a sink, repetitions included.
#[derive(Debug, Clone)]
pub struct Arrivals {
    /// The sink.
    pub sink: &'static str,
    /// In the order in which it came; of events about different things the order means nothing.
    pub events: Vec<Told>,
}

/// A request that ended as none should.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// Which replica was asked.
    pub replica: usize,
    /// When.
    pub span: Span,
    /// Status of the answer; none if the connection broke or there was no answer in time.
    pub status: Option<u16>,
    /// What was asked, and what came back.
    pub about: String,
}

/// From the kill of a replica until it answers again.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Which one.
    pub replica: usize,
    /// When.
    pub span: Span,
}

/// All of a run.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Commits to shared tables.
    pub changes: Vec<Change>,
    /// Loads of shared tables.
    pub reads: Vec<Read>,
    /// Creations of shared tables.
    pub claims: Vec<Claim>,
    /// The shared tables in the end.
    pub tables: Vec<Table>,
    /// The clients' own tables.
    pub lives: Vec<Life>,
    /// The clients' tables with files, and what was found of each.
    pub holdings: Vec<(Holding, Remains)>,
    /// All events, in order.
    pub outbox: Vec<Told>,
    /// What has arrived where.
    pub arrivals: Vec<Arrivals>,
    /// Requests that ended as none should.
    pub disturbances: Vec<Disturbance>,
    /// When which replica was not there.
    pub windows: Vec<Window>,
    /// When there was no database to write to.
    pub failovers: Vec<Span>,
}
