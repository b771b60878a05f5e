//! What whoever makes a thing is given on it, in the transaction that makes it.

use model::{Grant, Privilege, Securable};

use crate::Request;

impl Request {
    /// Its caller as the owner of what it makes. Nobody in particular owns nothing.
    pub(crate) fn ownership(&self, on: Securable) -> Vec<Grant> {
        self.creators_grant(on, Privilege::Ownership)
    }

    /// A privilege of its caller on what it makes.
    pub(crate) fn creators_grant(&self, on: Securable, privilege: Privilege) -> Vec<Grant> {
        let grant = self.caller.principal();
        let grant = grant.map(|to| Grant { on, to, privilege });
        grant.into_iter().collect()
    }
}
