//! The authorizer of an installation without authorization.

use async_trait::async_trait;
use model::Caller;

use crate::{Authorizer, AuthorizerUnavailable, Check, Decision};

/// Allows everything to everybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllowAll;

#[async_trait]
impl Authorizer for AllowAll {
    fn name(&self) -> &'static str {
        "allow-all"
    }

    async fn decide(
        &self,
        _: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        Ok(vec![Decision::Allow; checks.len()])
    }
}
