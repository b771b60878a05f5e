//! Verifies changes: before an existing table, view or generic table changes, verifiers are asked, and may refuse the
//! change, for example because of a data contract.
//!
//! [`ContractVerification`] is the extension point. [`HttpVerifier`] is the implementation that the configuration
//! offers: it shows each proposed change to a service as JSON, and the service answers whether the change may happen.
//! `docs/approval.md` says which changes are shown.

mod chain;
#[cfg(feature = "conformance")]
pub mod conformance;
mod http;
mod proposal;
mod verdict;

pub use chain::{Refused, Verifiers};
pub use http::{FailurePolicy, HttpVerifier, HttpVerifierConfig};
pub use proposal::{Action, Asker, Named, Proposal, ProposedChange, TokenRole};
pub use verdict::{Denial, Refusal, Unavailable, Verdict};

use std::fmt::Debug;

use async_trait::async_trait;

/// Decides whether proposed changes may happen.
#[async_trait]
pub trait ContractVerification: Debug + Send + Sync {
    /// The name of the verifier in errors, logs and metrics.
    fn name(&self) -> &str;

    /// Whether all of the changes of the proposal may happen. They have not happened yet. They happen only if all
    /// verifiers answer [`Verdict::Allow`], and may still fail for other reasons. If a concurrent change comes first,
    /// this is called again with the new state. The error [`Unavailable`] refuses the changes for now; a verifier
    /// that lets changes pass when it cannot decide answers [`Verdict::Allow`].
    async fn verify(&self, proposal: &Proposal) -> Result<Verdict, Unavailable>;
}
