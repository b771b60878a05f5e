#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod attached;
mod bounds;
mod create;
mod history;
mod kit;
mod layouts;
mod lossless;
mod properties;
mod requirements;
mod snapshots;
mod validate;
