//! Headers that keep a signed write as it was signed, in stores that also obey unsigned headers.
//!
//! Amazon refuses unsigned `x-amz-…` headers. MinIO (2026-02-12) does not: `x-amz-copy-source` turns a signed `PUT`
//! into a copy of any object that the key can read, and `x-amz-meta-snowball-auto-extract: true` unpacks its body
//! anywhere in the bucket. So the signature covers a header against each of them. This does not change a plain `PUT`;
//! without the header, with another value or with a second one, the signature is wrong.
//!
//! Nothing else that MinIO's router and handlers look at reaches other objects: all parameters are signed,
//! `x-minio-force-delete` stays below the key, `x-minio-extract` stays within an archive in the key's path,
//! replication headers change the object at the key, and a session token does not fit a static key.

use super::operation::Operation;

/// The name of a header in lower case, and its value.
pub(super) type Guard = (&'static str, &'static str);

/// The header that unpacks an archive. Never signed for a client, because only the body names the folders that it
/// writes to.
pub(super) const UNPACK: &str = "x-amz-meta-snowball-auto-extract";
/// Makes a copy fail with 412, because no object has such an `ETag`; other requests ignore it.
const NO_COPY: Guard = (
    "x-amz-copy-source-if-match",
    "\"the-signed-request-is-not-a-copy\"",
);
/// An object keeps this header as metadata; a part of an upload does not.
const NO_UNPACKING: Guard = (UNPACK, "false");

/// The guards for an operation that is not signed as a copy.
pub(super) const fn of(operation: Operation) -> &'static [Guard] {
    match operation {
        Operation::PutObject => &[NO_COPY, NO_UNPACKING],
        // MinIO recognises a part by its query, which is signed, before it looks for an archive.
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
