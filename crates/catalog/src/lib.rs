//! The use cases as plain functions, each in the same steps: resolve → authorize → act → emit events.
//!
//! Nothing here knows HTTP or SQL. A use case reaches the store only with an `Authorized` value; see [`Catalog`].

mod access;
mod again;
pub mod audit;
mod bounded;
mod cache;
mod calls;
pub mod config;
mod contracts;
mod credentials;
mod delegation;
mod error;
mod events;
mod expiry;
pub mod feed;
mod files;
pub mod function;
pub mod generic_table;
pub mod grant;
mod heavy;
mod idempotency;
mod location;
mod lookup;
mod metadata_cleanup;
pub mod namespace;
mod ownership;
pub mod permission;
pub mod project;
mod properties;
mod purge;
mod request;
pub mod role;
pub mod server;
mod settings;
pub mod statistics;
pub mod table;
mod table_bucket;
pub mod tabular;
pub mod tag;
pub mod tag_definition;
pub mod task;
mod through_views;
pub mod transaction;
mod trusted_engine;
mod turns;
pub mod user;
pub mod view;
pub mod warehouse;

pub use access::{Catalog, Parts};
pub use bounded::{Bounded, ByBytes, Weight, bounded};
pub use cache::Representation;
pub use calls::{Call, CallCounters, CallFlusher};
pub use credentials::Credential;
pub use delegation::{AccessDelegation, DelegationMethods, FileAccess};
pub use error::{
    CatalogError, ContractErrorKind, ErrorKind, ForbiddenKind, GrantErrorKind, Result,
    RuleErrorKind, TagErrorKind,
};
pub use expiry::ExpiryWorker;
pub use idempotency::Idempotent;
pub use metadata_cleanup::MetadataCleanupWorker;
pub use purge::PurgeWorker;
pub use request::{Request, RequestOrigin};
pub use settings::{DottedNames, Settings, StorageTrial};
pub use tabular::{ListQuery, Loaded, LoadedStamp};
pub use through_views::Via;
pub use trusted_engine::{EngineIdentity, TrustedEngine};
