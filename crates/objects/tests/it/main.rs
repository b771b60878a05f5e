//! The conformance suite on every store that this crate opens.

mod adls;
mod gcs;
mod local;
mod memory;
mod s3;
mod s3_identity;
mod s3_signed;
mod s3_vended;
