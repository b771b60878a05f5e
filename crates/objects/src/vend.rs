//! Short-lived access to the files of one table or view, to be handed to an engine.

use std::fmt::{self, Debug};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::error::StoreFailure;
use crate::location::Location;
use crate::secret::Secret;

/// Name of the property that says when vended access ends, in milliseconds since 1970: as today's Lakekeeper names it
/// for every kind of storage.
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

/// The access that is asked for: everything below one folder, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The folder. `orders` does not include `orders2`.
    pub folder: Location,
    /// What may be done in it.
    pub permission: Permission,
}

/// Access that expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vended {
    /// The folder and the permission.
    pub scope: Scope,
    /// Properties for the engine's file I/O, in the spelling of every client that is known to read them.
    pub config: Vec<(String, Secret<String>)>,
    /// From when on the store refuses it.
    pub expires_at: SystemTime,
}

/// Hands out access to parts of one warehouse's storage.
#[async_trait]
pub trait Vendor: Debug + Send + Sync {
    /// New access, valid for as long as the storage profile says. The vendor asks the store's token service, or signs
    /// the access itself.
    async fn vend(&self, scope: &Scope) -> Result<Vended, VendError>;
}

/// Why no access was handed out.
///
/// Neither `Display` nor `Debug` shows credentials: what the service answered is reduced to [`StoreFailure`] first.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VendError {
    /// The token service has too many requests.
    #[error("the token service of `{folder}` is busy: {source}")]
    Throttled {
        /// The folder that access was asked to.
        folder: Location,
        /// When to ask again, if the service said so.
        retry_after: Option<Duration>,
        /// What the token service said.
        source: Box<StoreFailure>,
    },
    /// The token service did not answer, or is broken.
    #[error("the token service of `{folder}` is unavailable: {source}")]
    Unavailable {
        /// The folder that access was asked to.
        folder: Location,
        /// What the token service said.
        source: Box<StoreFailure>,
    },
    /// The warehouse's credential or profile does not allow it.
    #[error("the token service of `{folder}` refused: {source}")]
    Refused {
        /// The folder that access was asked to.
        folder: Location,
        /// What the token service said.
        source: Box<StoreFailure>,
    },
}
