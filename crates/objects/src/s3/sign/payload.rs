//! How a signature covers the body of a request.

use std::collections::BTreeMap;

use super::SignError;
use super::headers::PAYLOAD_HASH;
use super::operation::Operation;
use crate::s3::sigv4::sha256_hex;

/// The body is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// The body comes in unsigned chunks, followed by a checksum.
const UNSIGNED_CHUNKS: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
/// Each chunk would have a signature of its own.
const SIGNED_CHUNKS: &str = "STREAMING-AWS4-";

/// The value of `x-amz-content-sha256`: the client's, if it is valid.
///
/// The body of a deletion of several objects names them, so there the hash ties the signature to the body that was
/// checked, if the store compares the two. MinIO (2026-02-12) does not read such a body beyond its last tag, and so
/// never compares the hash or a checksum. There, the right to delete in one table would be the right to delete in the
/// whole bucket: see [`crate::BulkDeletes`].
pub(super) fn payload_hash(
    operation: Operation,
    body: Option<&str>,
    signed: &BTreeMap<String, String>,
) -> Result<String, SignError> {
    let given = signed.get(PAYLOAD_HASH).map(String::as_str);
    let refuse = |reason| Err(SignError::header(PAYLOAD_HASH, reason));
    let of_body = body.map(|body| sha256_hex(body.as_bytes()));
    match (given, of_body) {
        (None, Some(hash)) => Ok(hash),
        (None, None) => Ok(UNSIGNED.to_owned()),
        (Some(given), Some(hash)) if *given == hash => Ok(hash),
        (Some(_), Some(_)) if operation == Operation::DeleteObjects => {
            refuse("must be the SHA-256 of the body, or be left out")
        }
        (Some(given), _) if matches!(given, UNSIGNED | UNSIGNED_CHUNKS) => Ok(given.to_owned()),
        (Some(given), None) if is_hash(given) => Ok(given.to_owned()),
        (Some(given), Some(_)) if is_hash(given) => refuse("is not the SHA-256 of the body"),
        (Some(given), _) if given.starts_with(SIGNED_CHUNKS) => refuse(
            "asks for signed chunks, which only the holder of the key can make: use `UNSIGNED-PAYLOAD` or `STREAMING-UNSIGNED-PAYLOAD-TRAILER`",
        ),
        _ => refuse(
            "must be a SHA-256 in lower case, `UNSIGNED-PAYLOAD` or `STREAMING-UNSIGNED-PAYLOAD-TRAILER`",
        ),
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
