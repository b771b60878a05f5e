//! Why a request is not signed.

use std::fmt;

use crate::location::{Location, shortened};

/// Why a request is not signed. No variant holds a secret or a header's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Not the URI of an object or a bucket.
    #[error("the URI `{uri}` {reason}")]
    Uri {
        /// The URI as given, shortened.
        uri: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// The URI does not lead to the warehouse's bucket.
    #[error("the URI leads to `{found}`: only requests to {expected} are signed")]
    Host {
        /// Scheme and host of the URI.
        found: String,
        /// The allowed scheme and host.
        expected: String,
    },
    /// The signature would be for another region.
    #[error("the region is `{found}`: the warehouse's bucket is in `{expected}`")]
    Region {
        /// The region that the client gave.
        found: String,
        /// The region of the storage profile.
        expected: String,
    },
    /// A method that none of the operations on objects has.
    #[error("the method is `{0}`: only GET, HEAD, PUT, POST and DELETE are signed")]
    Method(String),
    /// Method and query together are none of the operations that engines need.
    #[error("{operation} is not signed: {reason}")]
    Operation {
        /// Method, kind of target and parameters.
        operation: String,
        /// What can be signed instead.
        reason: &'static str,
    },
    /// A header that may not be sent, or not with this value.
    #[error("the header `{name}` {reason}")]
    Header {
        /// The name in lower case, shortened.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A key that some readers could take for another one.
    #[error("the key `{key}` {reason}")]
    Key {
        /// The key, shortened.
        key: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// The request reaches beyond the table.
    #[error("{what} is outside of the table's folder `{folder}/`")]
    Outside {
        /// The key, prefix or copy source.
        what: String,
        /// The table's folder.
        folder: String,
    },
    /// The caller may only read.
    #[error("{operation} needs the right to write the table's data")]
    ReadOnly {
        /// S3's name of the operation.
        operation: &'static str,
    },
    /// A deletion of several objects whose body does not name them unambiguously.
    #[error("the body of `POST ?delete` {reason}")]
    DeleteBody {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A deletion of several objects in a store that may accept another body than the one that was checked.
    #[error(
        "`POST ?delete` is not signed for this store: unlike Amazon's, a compatible store may not compare the body with the signature, so another body could delete anything in the bucket. Delete one by one, let an administrator set `sts-enabled` in the storage profile, or let the operator accept this with LAKEKEEPER__S3_SIGN_BULK_DELETES_ON_COMPATIBLE_STORES=true"
    )]
    BulkDelete,
    /// The server has no key to sign with.
    #[error("the warehouse's storage gives no key to sign with: {reason}")]
    Identity {
        /// What the token service or the environment said.
        reason: String,
    },
    /// A part of the request is larger than allowed.
    #[error("the {what} has {found} {unit}: at most {max} are signed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// The unit of both numbers.
        unit: &'static str,
        /// How large it may be.
        max: usize,
    },
}

impl SignError {
    pub(super) fn uri(uri: &str, reason: &'static str) -> Self {
        Self::Uri {
            uri: shortened(uri),
            reason,
        }
    }

    pub(super) fn header(name: &str, reason: &'static str) -> Self {
        Self::Header {
            name: shortened(name),
            reason,
        }
    }

    pub(super) fn key(key: &str, reason: &'static str) -> Self {
        Self::Key {
            key: shortened(key),
            reason,
        }
    }

    pub(super) fn outside(what: impl fmt::Display, folder: &Location) -> Self {
        Self::Outside {
            what: what.to_string(),
            folder: folder.to_string().trim_end_matches('/').to_owned(),
        }
    }

    /// Refuses more than `max` bytes.
    pub(super) fn bound(what: &'static str, found: usize, max: usize) -> Result<(), Self> {
        if found <= max {
            return Ok(());
        }
        Err(Self::TooLarge {
            what,
            found,
            unit: "bytes",
            max,
        })
    }
}
