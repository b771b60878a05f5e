//! The headers of a request: which may be sent, and which are signed.
//!
//! S3 requires that `host` and all headers that begin with `x-amz-` are signed. Other headers do not change what a
//! request reaches, and are left out of the signature: Java's client uses one signature again for a request with
//! another `Range`, and every client numbers its attempts.

use std::collections::{BTreeMap, BTreeSet};

use super::SignError;
use super::guard::UNPACK;
use super::operation::Operation;

/// Header values by name, as the client spells the names.
pub(super) type Headers = BTreeMap<String, Vec<String>>;

pub(super) const DATE: &str = "x-amz-date";
pub(super) const PAYLOAD_HASH: &str = "x-amz-content-sha256";
pub(super) const SESSION_TOKEN: &str = "x-amz-security-token";
pub(super) const COPY_SOURCE: &str = "x-amz-copy-source";
pub(super) const HOST: &str = "host";

const MAX_HEADERS: usize = 128;
const MAX_BYTES: usize = 32 * 1024;

/// Signed in addition to `host` and `x-amz-…`, so that nobody can change what they say about the body.
const ALSO_SIGNED: [&str; 2] = ["content-md5", "content-type"];

/// Allowed with every operation.
const WITH_ANY: [&str; 6] = [
    DATE,
    PAYLOAD_HASH,
    "x-amz-expected-bucket-owner",
    "x-amz-request-payer",
    "x-amz-user-agent",
    "x-amz-checksum-mode",
];
/// Allowed when an object is read: Java's client requests an MD5 after the content, and checks it.
const TRAILING_CHECKSUM: &str = "x-amz-te";
/// Allowed with every operation on an object: the client gives the key that encrypts the object.
const ENCRYPTION_KEY: &str = "x-amz-server-side-encryption-customer-";
/// Allowed with writes; names that end in `-` are prefixes.
const WITH_WRITES: [&str; 10] = [
    "x-amz-acl",
    "x-amz-checksum-",
    "x-amz-decoded-content-length",
    "x-amz-meta-",
    "x-amz-mp-object-size",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-",
    "x-amz-storage-class",
    "x-amz-trailer",
];
/// Allowed with copies; names that end in `-` are prefixes.
const WITH_COPIES: [&str; 3] = [
    COPY_SOURCE,
    "x-amz-copy-source-",
    "x-amz-metadata-directive",
];
/// Allowed with a deletion of several objects, which requires a checksum of its body.
const WITH_DELETIONS: [&str; 2] = ["x-amz-checksum-", "x-amz-sdk-checksum-algorithm"];

/// Access control lists that give rights to nobody but the bucket's owner.
const HARMLESS_ACLS: [&str; 2] = ["private", "bucket-owner-full-control"];

/// The headers that are signed, by names in lower case.
pub(super) fn signed(
    headers: &Headers,
    operation: Operation,
) -> Result<BTreeMap<String, String>, SignError> {
    bounded(headers)?;
    let mut seen = BTreeSet::new();
    let mut signed = BTreeMap::new();
    for (spelled, values) in headers {
        let name = spelled.to_ascii_lowercase();
        let refuse = |reason| Err(SignError::header(&name, reason));
        if !is_token(&name) {
            return refuse("is no name of a header");
        }
        if !values.iter().all(|value| is_text(value)) {
            return refuse("has control or non-ASCII characters in its value");
        }
        if !seen.insert(name.clone()) {
            return refuse("is given twice, in different spellings");
        }
        if matches!(name.as_str(), "authorization" | SESSION_TOKEN) {
            return refuse("is set by the signature: leave it out");
        }
        if name == UNPACK {
            return refuse(
                "is not signed: it would let an archive in the body choose which objects are written",
            );
        }
        let is_amazons = name.starts_with("x-amz-");
        if is_amazons && !is_allowed(&name, operation) {
            return refuse("is not signed: it is not needed for the files of a table");
        }
        if !(is_amazons || name == HOST || ALSO_SIGNED.contains(&name.as_str())) {
            continue;
        }
        let [value] = values.as_slice() else {
            return refuse("must have exactly one value");
        };
        let value = value.trim_ascii();
        if name == "x-amz-acl" && !HARMLESS_ACLS.contains(&value) {
            return refuse("may only be `private` or `bucket-owner-full-control`");
        }
        signed.insert(name, value.to_owned());
    }
    if !signed.contains_key(COPY_SOURCE)
        && let Some(name) = signed.keys().find(|name| name.starts_with(COPY_SOURCE))
    {
        return Err(SignError::header(
            name,
            "is not signed without `x-amz-copy-source`",
        ));
    }
    Ok(signed)
}

fn bounded(headers: &Headers) -> Result<(), SignError> {
    let count: usize = headers.values().map(|values| values.len().max(1)).sum();
    if count > MAX_HEADERS {
        return Err(SignError::TooLarge {
            what: "request",
            found: count,
            unit: "headers",
            max: MAX_HEADERS,
        });
    }
    let bytes = headers
        .iter()
        .map(|(name, values)| name.len() + values.iter().map(String::len).sum::<usize>())
        .sum();
    SignError::bound("header", bytes, MAX_BYTES)
}

fn is_allowed(name: &str, operation: Operation) -> bool {
    let is_one_of = |known: &[&str]| {
        known
            .iter()
            .any(|known| *known == name || known.ends_with('-') && name.starts_with(known))
    };
    if is_one_of(&WITH_ANY) {
        return true;
    }
    match operation {
        Operation::ListObjects => false,
        Operation::DeleteObjects => is_one_of(&WITH_DELETIONS),
        Operation::GetObject => name == TRAILING_CHECKSUM || name.starts_with(ENCRYPTION_KEY),
        Operation::HeadObject | Operation::DeleteObject | Operation::AbortMultipartUpload => {
            name.starts_with(ENCRYPTION_KEY)
        }
        Operation::CreateMultipartUpload | Operation::CompleteMultipartUpload => {
            is_one_of(&WITH_WRITES)
        }
        Operation::PutObject | Operation::UploadPart => {
            is_one_of(&WITH_WRITES) || is_one_of(&WITH_COPIES)
        }
    }
}

/// Whether the name is a token of RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let is_char = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_char)
}

fn is_text(value: &str) -> bool {
    value
        .bytes()
        .all(|b| b == b'\t' || b == b' ' || b.is_ascii_graphic())
}
