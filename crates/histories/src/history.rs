//! What clients did and saw, and what became of the tables: all that the checker knows.
//!
//! Times are measured from the start of the run, by one monotonic clock.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use model::EventKind;
use uuid::Uuid;

/// The unique id of a change: the value of its property, or the id of its snapshot.
pub type OpId = i64;

/// The time of a request: from before it was sent until after its answer was read.
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

/// What a client was told about its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The change took effect; with the metadata file in the answer, if there is one.
    Done(Option<String>),
    /// The change did not take effect; with the status of the answer. After a 503 it may be asked for again.
    Refused(u16),
    /// It is not known whether the change took effect: the connection broke, or the answer was another 5xx.
    Unknown,
}

/// A commit to one shared table or, as a transaction, to several.
#[derive(Debug, Clone)]
pub struct Change {
    /// The mark that the change leaves in each of its tables.
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

/// The attempt of one client to create a table that several clients try to create.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The table's name.
    pub table: String,
    /// The UUID of the table that was created, or how the attempt ended otherwise.
    pub outcome: Result<Uuid, Outcome>,
}

/// A snapshot as it stands in metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The change that made it.
    pub id: OpId,
    /// The snapshot before it.
    pub parent: Option<OpId>,
    /// Its sequence number.
    pub sequence: i64,
}

/// One metadata file of a shared table.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// The location of the file.
    pub location: String,
    /// The locations of the files before it, as it lists them.
    pub log: Vec<String>,
    /// The changes whose own property (`op.<id>`) the file has.
    pub properties: BTreeSet<OpId>,
    /// The property change that came last: the value of the property `last`.
    pub last: Option<OpId>,
    /// All snapshots, in the order of the file.
    pub snapshots: Vec<Snapshot>,
    /// The snapshot that `main` points to.
    pub main: Option<OpId>,
}

impl Version {
    /// Every change that has left its own property or a snapshot.
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
    /// Its versions, from its creation to the end of the run.
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

/// What a client has done with its table, and what therefore has to be found in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The table has this name, and all files.
    Live(String),
    /// The table is soft-deleted and can be brought back, with all files.
    Hidden {
        /// Whether its files are deleted when it expires.
        is_purge: bool,
    },
    /// The table is gone, its files are not.
    Kept,
    /// The table is gone with all files.
    Purged,
}

/// A table with files of its client, in a namespace that nobody else works in.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Its identity.
    pub id: Uuid,
    /// Its name, or the name that it had when it was dropped.
    pub name: String,
    /// The start of its warehouse's paths in the catalog API.
    pub prefix: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The file that its client has put there.
    pub data: PathBuf,
    /// The metadata file that its client knows.
    pub metadata: PathBuf,
    /// Its possible fates: more than one if the outcome of the last step is unknown.
    pub fates: Vec<Fate>,
    /// What was done with it, as the kinds of the events about it, and how each step ended.
    pub steps: Vec<(EventKind, Outcome)>,
}

/// What was found of a table after the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remains {
    /// The name under which the catalog serves it.
    pub at: Option<String>,
    /// Whether it can be brought back.
    pub is_hidden: bool,
    /// Files in its folder.
    pub files: usize,
    /// Whether its client's file and the metadata file that its client knows are among them.
    pub is_whole: bool,
}

/// An event, as far as a run needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenEvent {
    /// Its id.
    pub id: String,
    /// What was changed.
    pub subject: String,
    /// Its sequence number among all events.
    pub sequence: i64,
}

/// The events that have arrived at a sink, repetitions included.
#[derive(Debug, Clone)]
pub struct Arrivals {
    /// The sink.
    pub sink: &'static str,
    /// The events in the order of their arrival, which means nothing for events with different subjects.
    pub events: Vec<SeenEvent>,
}

/// A request that a healthy replica would have answered: it got a 5xx or no answer.
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

/// Everything that was recorded of a run.
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
    pub outbox: Vec<SeenEvent>,
    /// The events that have arrived at each sink.
    pub arrivals: Vec<Arrivals>,
    /// Requests that got a 5xx or no answer.
    pub disturbances: Vec<Disturbance>,
    /// When which replica was killed or not yet back.
    pub windows: Vec<Window>,
    /// When there was no database to write to.
    pub failovers: Vec<Span>,
}
