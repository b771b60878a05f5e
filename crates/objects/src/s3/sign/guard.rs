//! Headers that keep a write what was signed, at stores that obey headers beside the signed ones.
//!
//! Amazon refuses `x-amz-…` headers that are not signed. MinIO (2026-02-12) does not: `x-amz-copy-source` makes a signed `PUT` a copy of any
//! object that the key can read, `x-amz-meta-snowball-auto-extract: true` unpacks its body anywhere in the bucket. So the signature covers
//! a header for each: a plain `PUT` is none the wiser, and without it, with another value or with a second one, the signature is wrong.
//!
//! What else its router and handlers look at leads nowhere: parameters are all signed, `x-minio-force-delete` stays below the key,
//! `x-minio-extract` within an archive that the key goes through, headers of replication change the object at the key, and a session
//! token does not fit to a static key.

use super::operation::Operation;

/// A header's name in lower case, and its value.
pub(super) type Guard = (&'static str, &'static str);

/// What unpacks an archive. Never signed when a client sends it: the folders that it writes to stand in the body.
pub(super) const UNPACK: &str = "x-amz-meta-snowball-auto-extract";
/// A copy fails with 412, because no object has such an `ETag`; what is no copy does not look at it.
const NO_COPY: Guard = (
    "x-amz-copy-source-if-match",
    "\"the-signed-request-is-not-a-copy\"",
);
/// The object keeps it as metadata; a part keeps nothing.
const NO_UNPACKING: Guard = (UNPACK, "false");

/// For an operation that is no copy by what is signed.
pub(super) const fn of(operation: Operation) -> &'static [Guard] {
    match operation {
        Operation::PutObject => &[NO_COPY, NO_UNPACKING],
        // MinIO knows a part by its query, which is signed, before it looks for an archive.
        Operation::UploadPart => &[NO_COPY],
        Operation::GetObject
        | Operation::HeadObject
        | Operation::CreateMultipartUpload
        | Operation::CompleteMultipartUpload
        | Operation::AbortMultipartUpload
        | Operation::DeleteObject
        | Operation::DeleteObjects
        | Operation::ListObjects => &[],
    }
}
