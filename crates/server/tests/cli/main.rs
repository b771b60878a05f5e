//! The binary as scripts and operators use it: exit status, standard output, standard error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod approval;
mod authentication;
mod commands;
mod dev;
mod events;
mod postgres;
mod program;
mod purge;
mod secrets;
mod serve;
mod vault;
