//! Asks several verifiers, one after another.

use std::sync::Arc;
use std::time::Instant;

use crate::{ContractVerification, Denial, Proposal, Unavailable, Verdict};

const DURATION: &str = "lakekeeper_contract_verification_duration_seconds";

/// The verifiers of a catalog, at least one. They are asked in order, until one does not allow the change.
#[derive(Debug)]
pub struct Verifiers(Vec<Arc<dyn ContractVerification>>);

impl Verifiers {
    /// The verifiers in this order; `None` if there are none.
    pub fn of(verifiers: Vec<Arc<dyn ContractVerification>>) -> Option<Self> {
        (!verifiers.is_empty()).then_some(Self(verifiers))
    }

    /// Asks the verifiers about the proposal. The error says which verifier does not allow it.
    pub async fn verify(&self, proposal: &Proposal) -> Result<(), Refused<'_>> {
        for verifier in &self.0 {
            let (began, name) = (Instant::now(), verifier.name());
            let verdict = verifier.verify(proposal).await;
            let outcome = match &verdict {
                Ok(Verdict::Allow) => "allowed",
                Ok(Verdict::Deny(_)) => "denied",
                Err(_) => "unavailable",
            };
            let labels = [
                ("verifier", name.to_owned()),
                ("outcome", outcome.to_owned()),
            ];
            metrics::histogram!(DURATION, &labels).record(began.elapsed());
            match verdict {
                Ok(Verdict::Allow) => {}
                Ok(Verdict::Deny(denial)) => return Err(Refused::Denied(name, denial)),
                Err(error) => return Err(Refused::Unavailable(name, error)),
            }
        }
        Ok(())
    }
}

/// Which verifier does not allow a change.
#[derive(Debug)]
pub enum Refused<'a> {
    /// The verifier denies the change.
    Denied(&'a str, Denial),
    /// The verifier gives no verdict.
    Unavailable(&'a str, Unavailable),
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use model::{ProjectId, RequestId, WarehouseId};

    use super::*;
    use crate::{Asker, Refusal};

    #[derive(Debug)]
    struct Saying {
        name: &'static str,
        verdict: Result<Verdict, Unavailable>,
        asked: Arc<Mutex<Vec<&'static str>>>,
    }

    #[async_trait]
    impl ContractVerification for Saying {
        fn name(&self) -> &str {
            self.name
        }

        async fn verify(&self, _: &Proposal) -> Result<Verdict, Unavailable> {
            self.asked.lock().unwrap().push(self.name);
            self.verdict.clone()
        }
    }

    async fn asked(verdicts: [Result<Verdict, Unavailable>; 3]) -> (bool, Vec<&'static str>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let names = ["a", "b", "c"];
        let all = names.into_iter().zip(verdicts).map(|(name, verdict)| {
            let asked = Arc::clone(&asked);
            let one = Saying {
                name,
                verdict,
                asked,
            };
            Arc::new(one) as Arc<dyn ContractVerification>
        });
        let chain = Verifiers::of(all.collect()).unwrap();
        let proposal = Proposal {
            request_id: RequestId::generate(),
            caller: Asker::default(),
            project_id: ProjectId::nil(),
            warehouse_id: WarehouseId::generate(),
            warehouse_name: "w".to_owned(),
            changes: Vec::new(),
        };
        let is_allowed = chain.verify(&proposal).await.is_ok();
        let asked = asked.lock().unwrap().clone();
        (is_allowed, asked)
    }

    #[tokio::test]
    async fn the_first_that_does_not_allow_it_ends_it() {
        let (yes, no) = (Ok(Verdict::Allow), Denial::new(Refusal::Conflict, "no"));
        let no = Ok(Verdict::Deny(no));
        let nothing = Err(Unavailable("away".to_owned()));
        let all = [yes.clone(), yes.clone(), yes.clone()];
        assert_eq!(asked(all).await, (true, vec!["a", "b", "c"]));
        let denied = [yes.clone(), no.clone(), yes.clone()];
        assert_eq!(asked(denied).await, (false, vec!["a", "b"]));
        assert_eq!(asked([nothing, no, yes]).await, (false, vec!["a"]));
        assert!(Verifiers::of(Vec::new()).is_none());
    }
}
