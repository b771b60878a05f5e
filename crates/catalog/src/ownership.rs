//! The grants that the creator of a thing gets on it, in the transaction that creates it.

use model::{Grant, Privilege, Securable};

use crate::Request;

impl Request {
    /// The ownership of the caller on what it creates; empty for a caller that is neither a user nor a role.
    pub(crate) fn ownership(&self, on: Securable) -> Vec<Grant> {
        self.creators_grant(on, Privilege::Ownership)
    }

    /// A privilege of the caller on what it creates; empty for a caller that is neither a user nor a role.
    pub(crate) fn creators_grant(&self, on: Securable, privilege: Privilege) -> Vec<Grant> {
        let grant = self.caller.principal();
        let grant = grant.map(|to| Grant { on, to, privilege });
        grant.into_iter().collect()
    }
}
