//! What can be wrong with a location.

use model::Bounds;

use super::{MAX_FILE_NAME_BYTES, MAX_KEY_BYTES};

/// A string that is not a usable location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("location `{location}` {problem}")]
pub struct LocationError {
    /// The string as it was given, shortened and with control characters escaped.
    pub location: String,
    /// What is wrong with it.
    pub problem: LocationProblem,
}

impl LocationError {
    pub(crate) fn new(given: &str, problem: LocationProblem) -> Self {
        Self {
            location: shortened(given),
            problem,
        }
    }
}

/// What is wrong with a location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationProblem {
    /// Nothing was given.
    #[error("is empty: give an absolute URI such as `s3://bucket/folder`")]
    Empty,
    /// More bytes than a location may have.
    #[error("has {0} bytes: at most {max} are allowed", max = Bounds::LOCATION_BYTES)]
    TooLong(usize),
    /// The key has more bytes than object stores take.
    #[error("has a key of {0} bytes: object stores take at most {MAX_KEY_BYTES}")]
    KeyTooLong(usize),
    /// One segment of a local path is longer than file systems take.
    #[error("has a segment of {0} bytes: file systems take at most {MAX_FILE_NAME_BYTES}")]
    NameTooLong(usize),
    /// The scheme is missing or unknown.
    #[error("must begin with `s3://`, `abfss://`, `gs://`, `file:/` or `memory://` in lower case")]
    UnknownScheme,
    /// A `file:` URI whose path is not absolute.
    #[error("has no absolute path: write `file:///folder`")]
    RelativePath,
    /// A `file://host/…` URI.
    #[error("names the host `{0}`: local files have none, write `file:///folder`")]
    FileHost(String),
    /// No bucket (or no store name).
    #[error("names no bucket: write `s3://bucket/folder`")]
    NoBucket,
    /// The bucket breaks the naming rules of its store.
    #[error("has the bucket `{bucket}`, which {rule}")]
    Bucket {
        /// The bucket as given.
        bucket: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The part before the path does not name a filesystem of Azure.
    #[error(
        "has the authority `{authority}`, whose {part} {rule}: write `abfss://filesystem@account.dfs.core.windows.net/folder`"
    )]
    Authority {
        /// The authority as given; `[redacted]` where it may hold a password.
        authority: String,
        /// Which part of it: `filesystem` or `host`.
        part: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// Two slashes in a row, or a segment that is otherwise empty.
    #[error("has an empty segment (`//`): separate segments by one slash")]
    EmptySegment,
    /// A `.` or `..` segment, plain or percent-encoded.
    #[error("has a `{0}` segment: give the path without it")]
    DotSegment(String),
    /// A control character, plain or percent-encoded.
    #[error("has the control character {0}: remove it")]
    Control(String),
    /// A character that engines read differently, plain or percent-encoded.
    #[error("has {0}, which engines read differently: use another character")]
    Ambiguous(String),
    /// Percent-encoded several times over.
    #[error("is percent-encoded too many times over")]
    EncodedTooOften,
    /// The scheme is not one that this storage profile accepts.
    #[error("has the scheme `{found}`, but this warehouse accepts {accepted}")]
    SchemeRefused {
        /// The scheme of the location.
        found: &'static str,
        /// The schemes of the storage profile.
        accepted: &'static str,
    },
    /// Not within the base location of the storage profile.
    #[error("is outside of this warehouse: it must be below `{base}`")]
    Outside {
        /// The base location.
        base: String,
    },
}

/// At most 200 characters of `given`, without control characters, for messages and logs.
pub(crate) fn shortened(given: &str) -> String {
    const MAX_CHARS: usize = 200;
    let mut out: String = given
        .chars()
        .take(MAX_CHARS)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<_>>()
            } else {
                vec![c]
            }
        })
        .collect();
    if given.chars().nth(MAX_CHARS).is_some() {
        out.push('…');
    }
    out
}
