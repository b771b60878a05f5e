//! HTTP calls to services that the operator has configured: bounded in time and bytes, without following redirects,
//! and without addresses in errors, because addresses may hold secrets.

mod client;
mod flights;
mod roots;
mod signature;

pub use client::{HttpClient, Limits};
pub use flights::Flights;
pub use roots::{UnusableRoots, read_roots};
pub use signature::{InvalidSecret, Signature, signed};

pub use reqwest::{Certificate, RequestBuilder, Response, Url};
