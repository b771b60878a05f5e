//! What can go wrong with file I/O.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::location::{Location, shortened};

/// What to do about a folder that the operating system keeps the server out of.
pub(crate) const SERVERS_USER: &str =
    ": the user that the server runs as must be allowed to read and write there";

/// A failed operation on an object or a folder.
///
/// Neither `Display` nor `Debug` shows credentials: what the store answered is reduced to
/// [`StoreFailure`] first.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("`{location}` does not exist")]
    NotFound {
        /// The object.
        location: Location,
        /// What the store said.
        source: Box<StoreFailure>,
    },
    /// The object was to be created, and is there already.
    #[error("`{location}` exists already")]
    AlreadyExists {
        /// The object.
        location: Location,
        /// What the store said.
        source: Box<StoreFailure>,
    },
    /// The credential, or the server's user, may not do this.
    #[error("access to `{location}` was denied")]
    PermissionDenied {
        /// The object or folder.
        location: Location,
        /// What the store said.
        source: Box<StoreFailure>,
    },
    /// The object has more bytes than the caller accepts.
    #[error("`{location}` has {size} bytes: at most {max} are read")]
    TooLarge {
        /// The object.
        location: Location,
        /// Its size in bytes, or the bytes read before giving up.
        size: u64,
        /// The bound that the caller gave.
        max: u64,
    },
    /// The store cannot be reached, is overloaded or broken: the same call may succeed later.
    #[error("the store of `{location}` is unavailable")]
    Unavailable {
        /// The object or folder.
        location: Location,
        /// What the store said.
        source: Box<StoreFailure>,
    },
    /// No answer in time; an object that was to be written may or may not exist.
    #[error("the store of `{location}` did not answer within {} s", after.as_secs_f32())]
    Timeout {
        /// The object or folder.
        location: Location,
        /// How long it was waited for.
        after: Duration,
    },
    /// Objects remain whose keys no [`Location`] can hold. Repeating the call does not help: they must be deleted
    /// with the store's own tools.
    #[error("`{location}` holds objects that cannot be addressed")]
    Unaddressable {
        /// The folder.
        location: Location,
        /// One of their keys, and what to do.
        source: Box<StoreFailure>,
    },
    /// The call cannot succeed as it is: a wrong location, endpoint, region or bucket.
    #[error("`{location}` cannot be used")]
    Invalid {
        /// The object or folder.
        location: Location,
        /// What is wrong with it.
        source: Box<StoreFailure>,
    },
}

impl ObjectError {
    /// The object or folder that the operation was about.
    pub fn location(&self) -> &Location {
        match self {
            Self::NotFound { location, .. }
            | Self::AlreadyExists { location, .. }
            | Self::PermissionDenied { location, .. }
            | Self::TooLarge { location, .. }
            | Self::Unavailable { location, .. }
            | Self::Timeout { location, .. }
            | Self::Unaddressable { location, .. }
            | Self::Invalid { location, .. } => location,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. })
    }

    /// The error and its cause in one line, for answers and logs.
    pub fn report(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }

    pub(crate) fn invalid(location: &Location, message: impl Into<String>) -> Self {
        Self::Invalid {
            location: location.clone(),
            source: Box::new(StoreFailure::new(message)),
        }
    }

    /// `key` is the first key found that no [`Location`] can hold.
    pub(crate) fn unaddressable(folder: &Location, key: &str) -> Self {
        let key = shortened(key);
        let message = format!("such as `{key}`: delete what is left with the store's own tools");
        Self::Unaddressable {
            location: folder.clone(),
            source: Box::new(StoreFailure::new(message)),
        }
    }

    pub(crate) fn unavailable(location: &Location, message: impl Into<String>) -> Self {
        Self::Unavailable {
            location: location.clone(),
            source: Box::new(StoreFailure::new(message)),
        }
    }

    pub(crate) fn already_exists(location: &Location, message: impl Into<String>) -> Self {
        Self::AlreadyExists {
            location: location.clone(),
            source: Box::new(StoreFailure::new(message)),
        }
    }

    pub(crate) fn not_found(location: &Location, message: impl Into<String>) -> Self {
        Self::NotFound {
            location: location.clone(),
            source: Box::new(StoreFailure::new(message)),
        }
    }

    /// An error of the local file system. Missing permissions, a full disk and the like are faults of the server, not
    /// of the caller: they become `Unavailable`.
    pub(crate) fn from_io(location: &Location, error: &io::Error) -> Self {
        let location = location.clone();
        let denied = error.kind() == io::ErrorKind::PermissionDenied;
        let remedy = if denied { SERVERS_USER } else { "" };
        let source = Box::new(StoreFailure::new(format!("{error}{remedy}")));
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { location, source },
            io::ErrorKind::NotFound => Self::NotFound { location, source },
            io::ErrorKind::AlreadyExists => Self::AlreadyExists { location, source },
            io::ErrorKind::InvalidFilename
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory => Self::Invalid { location, source },
            _ => Self::Unavailable { location, source },
        }
    }
}

/// What a store said: its status, error code and message, and nothing else of its answer.
///
/// An answer to a wrong signature repeats the signed request with its session token, so answers
/// are never kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFailure {
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Error code of the store, such as `NoSuchBucket`.
    pub code: Option<String>,
    /// What happened.
    pub message: String,
}

impl StoreFailure {
    /// A failure without an answer of the store.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            status: None,
            code: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(f, " ({status} {code})"),
            (Some(status), None) => write!(f, " ({status})"),
            (None, Some(code)) => write!(f, " ({code})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for StoreFailure {}
