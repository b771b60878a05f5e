//! Iceberg table and view metadata: parse, check requirements, apply updates, print. Pure and lossless.
//!
//! The crate does no I/O and reads no clock. Parts that it does not interpret (unknown fields, types,
//! transforms, numbers of any size) are kept as text and printed unchanged. The semantics are those of the Java
//! reference (`TableMetadata.Builder`, `ViewMetadata.Builder`, `UpdateRequirement`); where this crate
//! is more lenient, the function says so.

mod codec;
mod error;
mod file;
mod json;
mod layout;
mod property;
mod schema;
mod table;
mod view;

pub use codec::{CodecError, MetadataCodec};
pub use error::{ParseError, RequirementFailed, UpdateError};
pub use file::{metadata_directory, metadata_file_name, parse_metadata_version};
pub use layout::{PartitionSpec, SortOrder};
pub use schema::Schema;
pub use table::{
    CommitPoint, MetadataLogEntry, NewTable, RefKind, Snapshot, SnapshotLogEntry, SnapshotRef,
    TableMetadata, TableRequirement, TableUpdate, apply_table, check_table, create_table,
    logged_metadata_files, removed_metadata_files,
};
pub use view::{
    NewView, ViewMetadata, ViewRequirement, ViewUpdate, ViewVersion, apply_view, check_view,
};
