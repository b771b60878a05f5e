//! The installation.

mod bootstrap;
mod health;
mod info;

pub use bootstrap::{Operation, bootstrap};
pub use health::{Health, health};
pub use info::{ServerView, info};

use authz::{Protected, Resource};

/// The installation as the target of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerTarget;

impl Protected for ServerTarget {
    fn resource(&self) -> Resource {
        Resource::Server
    }
}
