//! The catalog as a whole: configuration, wiring, serving.

pub mod config;
