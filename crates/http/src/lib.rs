//! The catalog over HTTP: decodes a request, calls its use case and encodes the answer. The only crate that knows status codes.

#![expect(unused_qualifications, reason = "utoipa's macros expand to such paths")]

mod app;
mod audit;
mod authenticate;
mod base_uri;
mod conceal;
mod cors;
mod decode;
mod direct;
mod durations;
mod encode;
mod entry;
mod error;
mod etag;
mod extract;
mod generic_table;
mod health;
mod iceberg;
mod layers;
mod management;
mod observe;
mod openapi;
mod router;
mod routes;
mod splice;

pub use app::{App, HttpSettings, PurgeDefault};
pub use direct::ApiService;
pub use router::service;
