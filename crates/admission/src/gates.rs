//! Asks all gates of an installation, one after another.

use std::sync::Arc;
use std::time::Instant;

use crate::{Admission, AdmissionGate, Applicant, Rejection};

const DURATION: &str = "lakekeeper_admission_gate_duration_seconds";

/// The gates of an installation, at least one. They are asked in order, until one rejects the caller.
#[derive(Debug)]
pub struct Gates(Vec<Arc<dyn AdmissionGate>>);

impl Gates {
    /// The gates in this order; `None` if there are none.
    pub fn of(gates: Vec<Arc<dyn AdmissionGate>>) -> Option<Self> {
        (!gates.is_empty()).then_some(Self(gates))
    }

    /// Asks all gates; returns the roles that they grant together, or the first rejection.
    pub async fn admit(&self, applicant: &Applicant<'_>) -> Result<Admission, Rejection> {
        let mut all = Admission::default();
        for gate in &self.0 {
            let (began, name) = (Instant::now(), gate.name());
            let admitted = gate.admit(applicant).await;
            let outcome = match &admitted {
                Ok(_) => "admitted",
                Err(Rejection::Forbidden(_)) => "forbidden",
                Err(Rejection::Unavailable { .. }) => "unavailable",
            };
            metrics::histogram!(DURATION, "gate" => name, "outcome" => outcome)
                .record(began.elapsed());
            match admitted {
                Ok(admission) => {
                    let new = admission.roles.into_iter();
                    let new: Vec<_> = new.filter(|role| !all.roles.contains(role)).collect();
                    all.roles.extend(new);
                }
                Err(why) => {
                    let (user, request_id) = (&applicant.identity.user, applicant.request_id);
                    tracing::info!(gate = name, %user, %request_id, %why, "not admitted");
                    return Err(why);
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use authn::BearerToken;
    use model::{Identity, RequestId, RoleIdent};

    use super::*;

    #[derive(Debug)]
    struct Saying(
        &'static str,
        Result<Admission, Rejection>,
        Arc<Mutex<Vec<&'static str>>>,
    );

    #[async_trait]
    impl AdmissionGate for Saying {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn admit(&self, _: &Applicant<'_>) -> Result<Admission, Rejection> {
            self.2.lock().unwrap().push(self.0);
            self.1.clone()
        }
    }

    fn with(roles: &[&str]) -> Admission {
        let roles = roles
            .iter()
            .map(|role| RoleIdent::new("gate", role).unwrap());
        Admission {
            roles: roles.collect(),
        }
    }

    async fn admitted(
        gates: [Result<Admission, Rejection>; 3],
    ) -> (Result<Admission, Rejection>, Vec<&'static str>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = ["a", "b", "c"].into_iter().zip(gates).map(|(name, says)| {
            Arc::new(Saying(name, says, Arc::clone(&asked))) as Arc<dyn AdmissionGate>
        });
        let gates = Gates::of(all.collect()).unwrap();
        let identity = Identity::of("oidc~ada".parse().unwrap());
        let applicant = Applicant {
            identity: &identity,
            token: &BearerToken::parse("t").unwrap(),
            request_id: &RequestId::generate(),
        };
        let admitted = gates.admit(&applicant).await;
        let asked = asked.lock().unwrap().clone();
        (admitted, asked)
    }

    #[tokio::test]
    async fn the_first_rejection_ends_it_and_roles_add_up() {
        let all = admitted([Ok(with(&["x"])), Ok(with(&[])), Ok(with(&["y", "x"]))]).await;
        assert_eq!(all, (Ok(with(&["x", "y"])), vec!["a", "b", "c"]));
        let forbidden = Err(Rejection::Forbidden("no".to_owned()));
        let unavailable = Err(Rejection::Unavailable {
            why: "away".to_owned(),
            retry_after: Duration::from_secs(1),
        });
        let first = admitted([Ok(with(&["x"])), forbidden.clone(), unavailable.clone()]).await;
        assert_eq!(first, (forbidden.clone(), vec!["a", "b"]));
        let first = admitted([unavailable.clone(), forbidden, Ok(with(&[]))]).await;
        assert_eq!(first, (unavailable, vec!["a"]));
        assert!(Gates::of(Vec::new()).is_none());
    }
}
