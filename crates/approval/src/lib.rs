//! Who is asked before a table, view or generic table changes that others rely on, and may say no: a system of data contracts,
//! a rule of the house.
//!
//! [`ContractVerification`] is the extension point. [`HttpVerifier`] is what the configuration makes: a service is shown each
//! proposed change as JSON and answers whether it may happen. `docs/approval.md` says which changes are shown.

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

/// Decides on proposed changes.
#[async_trait]
pub trait ContractVerification: Debug + Send + Sync {
    /// What it is called in errors, logs and metrics.
    fn name(&self) -> &str;

    /// Whether all of the changes may happen. They have not, and do only if the verdict is [`Verdict::Allow`]; even then they may fail
    /// for other reasons. Called again, with what is there then, if another change came first. [`Unavailable`] refuses them for
    /// now: who would rather let them pass says [`Verdict::Allow`].
    async fn verify(&self, proposal: &Proposal) -> Result<Verdict, Unavailable>;
}
