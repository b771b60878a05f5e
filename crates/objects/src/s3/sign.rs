//! Signs requests to S3 for engines that have no key of their own.
//!
//! A request is parsed, checked against the few operations that engines need and against one folder, and written anew
//! from its parts: what is signed is what was checked, however the client spelled it.

mod copy;
mod delete_body;
mod error;
mod guard;
mod headers;
mod host;
mod key;
mod operation;
mod payload;
mod signer;
mod signing_key;
#[cfg(test)]
mod tests;
mod uri;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::sigv4::{
    Signable, SigningScope, canonical_query, encode_path, parse_timestamp, timestamp,
};
use crate::location::{Location, Scheme};
use crate::profile::{BulkDeletes, S3Profile};
use crate::vend::{Permission, Scope};
pub use error::SignError;
use guard::Guard;
use headers::{COPY_SOURCE, DATE, HOST, Headers, PAYLOAD_HASH, SESSION_TOKEN};
use host::{Addressing, addressing};
use key::{Folder, check_key, check_prefix};
use operation::{Named, Operation};
pub use signer::{S3Signer, SessionSigner};
use signing_key::SigningKey;
use uri::Uri;

/// How far a client's clock may be from the server's: as far as S3 allows.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(15);

/// A request to S3 that a client wants to have signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignRequest {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The absolute URI.
    pub uri: String,
    /// The region in which the client expects the bucket.
    pub region: String,
    /// Header values by name.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body, if it names the objects that the request reaches.
    pub body: Option<String>,
}

/// A signed request to S3, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The URI, encoded as it is signed.
    pub uri: String,
    /// The client's headers and those of the signature.
    pub headers: BTreeMap<String, Vec<String>>,
    /// Whether the signature may be used again for the same method and URI, whatever else the client sends.
    pub is_reusable: bool,
}

/// A parsed request: what it does, and which objects it reaches.
#[derive(Debug, Clone)]
pub struct S3Request {
    operation: Operation,
    uri: Uri,
    /// The value of the `Host` header.
    authority: String,
    bucket: String,
    region: String,
    reaches: Reach,
    copy_source: Option<String>,
    /// The client's headers, as it spells them.
    headers: Headers,
    /// The client's headers that are signed, by names in lower case.
    signed: BTreeMap<String, String>,
    payload_hash: String,
    /// Headers that are signed as well, unless the signing key is confined to one folder.
    guards: &'static [Guard],
}

/// The objects that a request reaches in its bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    Key(String),
    Keys(Vec<String>),
    Prefix(String),
}

impl S3Request {
    /// Parses a request to the bucket of `profile`. The server's policy for `bulk_deletes` applies to stores other
    /// than Amazon's, unless requests are signed with sessions.
    ///
    /// # Errors
    ///
    /// Why the request is wrong, or that it is none of the operations that engines need.
    pub fn parse(
        profile: &S3Profile,
        bulk_deletes: BulkDeletes,
        request: SignRequest,
    ) -> Result<Self, SignError> {
        if request.region != profile.region() {
            return Err(SignError::Region {
                found: crate::location::shortened(&request.region),
                expected: profile.region().to_owned(),
            });
        }
        let uri = Uri::parse(&request.uri)?;
        let key = key_in(&uri, profile)?;
        let named = key.map_or(Named::Bucket, |_| Named::Object);
        let operation = Operation::of(&request.method, named, &uri)?;
        if operation == Operation::DeleteObjects
            && bulk_deletes == BulkDeletes::Refused
            && !profile.is_amazons()
            && !profile.signs_by_sessions()
        {
            return Err(SignError::BulkDelete);
        }
        let body = request.body.as_deref();
        let reaches = match (operation, key) {
            (_, Some(key)) => Reach::Key(key.to_owned()),
            (Operation::DeleteObjects, None) => Reach::Keys(keys_in(body)?),
            (_, None) => Reach::Prefix(prefix_in(&uri)?),
        };
        let signed = headers::signed(&request.headers, operation)?;
        let authority = uri.origin.authority();
        if signed
            .get(HOST)
            .is_some_and(|host| !host.eq_ignore_ascii_case(&authority))
        {
            return Err(SignError::header(HOST, "is not that of the URI"));
        }
        let copy_source = signed
            .get(COPY_SOURCE)
            .map(|value| copy::source_key(value, profile.bucket()))
            .transpose()?;
        let guards = match copy_source {
            None if !profile.is_amazons() => guard::of(operation),
            _ => &[],
        };
        let payload_hash = payload::payload_hash(operation, body, &signed)?;
        Ok(Self {
            operation,
            uri,
            authority,
            bucket: profile.bucket().to_owned(),
            region: profile.region().to_owned(),
            reaches,
            copy_source,
            headers: request.headers,
            signed,
            payload_hash,
            guards,
        })
    }

    /// The permission for the table's data that the caller needs.
    pub fn needs(&self) -> Permission {
        self.operation.needs()
    }

    /// The location that the request reaches, or the first of several; its table can be found by it.
    pub fn location(&self) -> Location {
        let key = match &self.reaches {
            Reach::Key(key) | Reach::Prefix(key) => key.as_str(),
            Reach::Keys(keys) => keys.first().map_or("", String::as_str),
        };
        Location::from_checked(Scheme::S3, &self.bucket, key.trim_end_matches('/'))
    }

    /// Signs the request with `key`, if it stays within `scope`.
    fn sign(
        &self,
        scope: &Scope,
        key: &SigningKey,
        now: SystemTime,
    ) -> Result<SignedRequest, SignError> {
        self.require_within(scope)?;
        let at = self.time(now.into())?;
        let mut signed = self.signed.clone();
        if !key.is_confined() {
            let guards = self.guards.iter();
            signed.extend(guards.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        }
        signed.insert(HOST.to_owned(), self.authority.clone());
        signed.insert(DATE.to_owned(), timestamp(at));
        signed.insert(PAYLOAD_HASH.to_owned(), self.payload_hash.clone());
        if let Some(token) = key.token() {
            signed.insert(SESSION_TOKEN.to_owned(), token.to_owned());
        }
        let path = encode_path(&self.uri.path);
        let query = canonical_query(
            self.uri
                .query
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let request = Signable {
            method: self.operation.method(),
            path: &path,
            query: &query,
            headers: &signed,
            payload_hash: &self.payload_hash,
        };
        let service = SigningScope {
            region: &self.region,
            service: "s3",
            at,
        };
        let authorization = service.authorization((key.id(), &key.on_day_of(&service)), &request);
        Ok(SignedRequest {
            uri: self.written(&path, &query),
            headers: self.with_signature(signed, authorization),
            is_reusable: self.operation.needs() == Permission::Read,
        })
    }

    /// Refuses a request that reaches beyond the scope's folder, or that writes without the permission.
    ///
    /// # Errors
    ///
    /// [`SignError::Outside`] and [`SignError::ReadOnly`].
    pub fn require_within(&self, scope: &Scope) -> Result<(), SignError> {
        if self.needs() == Permission::Write && scope.permission == Permission::Read {
            return Err(SignError::ReadOnly {
                operation: self.operation.name(),
            });
        }
        let folder = Folder {
            at: &scope.folder,
            bucket: &self.bucket,
        };
        match &self.reaches {
            Reach::Key(key) => folder.require_key(key)?,
            Reach::Keys(keys) => keys.iter().try_for_each(|key| folder.require_key(key))?,
            Reach::Prefix(prefix) => folder.require_prefix(prefix)?,
        }
        self.copy_source
            .iter()
            .try_for_each(|source| folder.require_key(source))
    }

    /// The time of the signature: the client's, if it gave one, because it may send this time whatever the server
    /// answers.
    fn time(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, SignError> {
        let Some(given) = self.signed.get(DATE) else {
            return Ok(now);
        };
        let refuse = |reason| SignError::header(DATE, reason);
        let at = parse_timestamp(given).ok_or_else(|| {
            refuse("must be a time such as `20260102T030405Z`, in UTC, or be left out")
        })?;
        if (at - now)
            .abs()
            .to_std()
            .is_ok_and(|skew| skew <= MAX_CLOCK_SKEW)
        {
            return Ok(at);
        }
        Err(refuse(
            "is more than 15 minutes from the server's time: set the client's clock, or leave the header out",
        ))
    }

    /// The URI, spelled as it is signed.
    fn written(&self, path: &str, query: &str) -> String {
        let mark = if query.is_empty() { "" } else { "?" };
        let scheme = self.uri.origin.scheme;
        [scheme, "://", &self.authority, path, mark, query].concat()
    }

    /// The client's headers, and those headers of the signature whose names the client has not used.
    fn with_signature(&self, signed: BTreeMap<String, String>, authorization: String) -> Headers {
        let mut all = self.headers.clone();
        for (name, value) in signed {
            // Clients derive the host from the URI.
            if name != HOST && !self.signed.contains_key(&name) {
                all.insert(name, vec![value]);
            }
        }
        all.insert("Authorization".to_owned(), vec![authorization]);
        all
    }
}

/// The key in the path; `None` if the path names the bucket.
fn key_in<'a>(uri: &'a Uri, profile: &S3Profile) -> Result<Option<&'a str>, SignError> {
    let path = uri.path.strip_prefix('/').unwrap_or(&uri.path);
    let key = match addressing(profile, &uri.origin)? {
        Addressing::VirtualHost => path,
        Addressing::Path => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            if bucket != profile.bucket() {
                return Err(SignError::uri(
                    &uri.path,
                    "names another bucket than the warehouse's",
                ));
            }
            key
        }
    };
    if key.is_empty() {
        return Ok(None);
    }
    check_key(key)?;
    Ok(Some(key))
}

fn keys_in(body: Option<&str>) -> Result<Vec<String>, SignError> {
    let body = body.ok_or(SignError::DeleteBody {
        reason: "is missing: its keys must be checked before they are signed; delete one by one if the client cannot send it",
    })?;
    let keys = delete_body::keys(body)?;
    keys.iter().try_for_each(|key| check_key(key))?;
    Ok(keys)
}

fn prefix_in(uri: &Uri) -> Result<String, SignError> {
    let prefix = uri
        .query
        .iter()
        .find(|(name, _)| name == "prefix")
        .map(|(_, value)| value.clone())
        .unwrap_or_default();
    check_prefix(&prefix)?;
    Ok(prefix)
}
