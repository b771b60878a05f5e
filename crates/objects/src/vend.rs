//! Short-lived access to the files of one table or view, to be handed to an engine.

use std::fmt::{self, Debug};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::error::StoreFailure;
use crate::location::Location;
use crate::secret::Secret;

/// What today's Lakekeeper calls the end of what is vended, for every kind of storage; in milliseconds since 1970.
pub(crate) const EXPIRATION_TIME: &str = "expiration-time";

/// What an engine may do with files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read and list.
    Read,
    /// Read, list, write and delete.
    Write,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// What access is asked for: everything below one folder, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The folder. `orders` is not `orders2`.
    pub folder: Location,
    /// What may be done there.
    pub permission: Permission,
}

/// Access that ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vended {
    /// What the access is to.
    pub scope: Scope,
    /// Properties for the engine's file I/O, in the spelling of every client that is known to read them.
    pub config: Vec<(String, Secret<String>)>,
    /// When the store refuses it.
    pub expires_at: SystemTime,
}

/// Hands out access to parts of one warehouse's storage.
#[async_trait]
pub trait Vendor: Debug + Send + Sync {
    /// New access, valid for the time that the storage profile says. Asks the store's token service, or signs by itself.
    async fn vend(&self, scope: &Scope) -> Result<Vended, VendError>;
}

/// Why no access was handed out.
///
/// Neither `Display` nor `Debug` shows credentials: what the service answered is reduced to [`StoreFailure`] first.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VendError {
    /// The service has too much to do.
    #[error("the token service of `{folder}` is busy: {source}")]
    Throttled {
        /// What access was asked to.
        folder: Location,
        /// When to ask again, if the service said so.
        retry_after: Option<Duration>,
        /// What it said.
        source: Box<StoreFailure>,
    },
    /// The service did not answer, or is broken.
    #[error("the token service of `{folder}` is unavailable: {source}")]
    Unavailable {
        /// What access was asked to.
        folder: Location,
        /// What it said.
        source: Box<StoreFailure>,
    },
    /// The warehouse's credential or profile does not allow it.
    #[error("the token service of `{folder}` refused: {source}")]
    Refused {
        /// What access was asked to.
        folder: Location,
        /// What it said.
        source: Box<StoreFailure>,
    },
}
