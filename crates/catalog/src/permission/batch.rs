//! Many questions about permissions at once.

use std::collections::HashMap;

use authz::{Action, Check, Denied, Resource};
use futures::{StreamExt, TryStreamExt, stream};
use model::{Bounds, Caller, Principal};

use super::subject::other;
use super::target::{Target, TargetKey};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// Most look-ups of one request that are on their way at the same time. Those by name share a statement anyway.
const LOOKUPS: usize = 64;

/// One question.
#[derive(Debug, Clone)]
pub struct BatchCheck {
    /// Whose permission; the caller's if nobody is named.
    pub of: Option<Principal>,
    /// What is to be done.
    pub action: Action,
    /// To what.
    pub target: Target,
}

/// What becomes of questions about things that are not there, or that the caller may not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The answer is no.
    Denied,
    /// The request is refused.
    Refused,
}

/// Whether one thing is allowed. What is not there is an error.
pub async fn check(cx: &Catalog, request: &Request, check: BatchCheck) -> Result<bool> {
    let answers = check_all(cx, request, &[check], Missing::Refused).await?;
    Ok(answers == [true])
}

/// Whether each of these things is allowed, in their order. To ask about somebody else, the caller must be allowed to see the
/// grants on the thing. The authorizer is asked once for each identity, whatever the number of questions.
pub async fn check_all(
    cx: &Catalog,
    request: &Request,
    checks: &[BatchCheck],
    missing: Missing,
) -> Result<Vec<bool>> {
    if checks.len() > Bounds::CHECKS_PER_REQUEST {
        let message = format!(
            "the request asks {} questions; it may ask {}: split it",
            checks.len(),
            Bounds::CHECKS_PER_REQUEST
        );
        return Err(CatalogError::new(ErrorKind::TooManyChecks, message));
    }
    let found = find_all(cx, request, checks, missing).await?;
    let mut batch = Batch::of(request, checks, &found)?;
    batch.ask_of_caller(cx, request).await?;
    batch.refuse_hidden(cx, request, missing).await?;
    batch.ask_of_others(cx, request).await?;
    Ok(batch.answers(checks.len()))
}

/// What is there, by target.
async fn find_all(
    cx: &Catalog,
    request: &Request,
    checks: &[BatchCheck],
    missing: Missing,
) -> Result<HashMap<TargetKey, Resource>> {
    let mut distinct = HashMap::new();
    for check in checks {
        distinct.entry(check.target.key()).or_insert(&check.target);
    }
    let mut look_ups = Vec::new();
    for (key, target) in distinct {
        look_ups.push(async move {
            match target.find(cx, request).await {
                Ok(resource) => Ok(Some((key, resource))),
                Err(error) if error.kind.is_missing() && missing == Missing::Denied => Ok(None),
                Err(error) => Err(target.hide(cx, request, error).await),
            }
        });
    }
    let found = stream::iter(look_ups).buffer_unordered(LOOKUPS);
    let found: Vec<_> = found.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// A question about something that is there.
struct Open<'a> {
    /// Where its answer belongs.
    at: usize,
    target: &'a Target,
    of: Option<Caller>,
    check: Check,
    /// Whether the caller may see the thing, and ask about others there.
    sees: bool,
    inspects: bool,
    /// Its answer.
    allowed: bool,
}

struct Batch<'a> {
    open: Vec<Open<'a>>,
}

impl<'a> Batch<'a> {
    fn of(
        request: &Request,
        checks: &'a [BatchCheck],
        found: &HashMap<TargetKey, Resource>,
    ) -> Result<Self> {
        let mut open = Vec::new();
        for (at, one) in checks.iter().enumerate() {
            let Some(resource) = found.get(&one.target.key()) else {
                continue;
            };
            let check = Check {
                action: one.action,
                resource: resource.clone(),
            };
            open.push(Open {
                at,
                target: &one.target,
                of: other(request, one.of.as_ref())?,
                check,
                sees: false,
                inspects: false,
                allowed: false,
            });
        }
        Ok(Self { open })
    }

    /// The answers to so many questions, in their order. What is not there is not allowed.
    fn answers(self, count: usize) -> Vec<bool> {
        let mut answers = vec![false; count];
        for one in self.open {
            if let Some(answer) = answers.get_mut(one.at) {
                *answer = one.allowed;
            }
        }
        answers
    }

    /// Asks all that concerns the caller: its own questions, what it may see, and where it may ask about others.
    async fn ask_of_caller(&mut self, cx: &Catalog, request: &Request) -> Result<()> {
        let mut checks = Vec::new();
        for one in &self.open {
            let resource = &one.check.resource;
            let asked = |action| Check {
                action,
                resource: resource.clone(),
            };
            checks.push(match one.of {
                None => one.check.clone(),
                Some(_) => asked(resource.insight()),
            });
            checks.extend(resource.sight().map(asked));
        }
        let mut answers = cx.ask(request, None, &checks).await?.into_iter();
        let mut next = || answers.next().unwrap_or(false);
        for one in &mut self.open {
            let first = next();
            one.sees = one.check.resource.sight().is_none() || next();
            match one.of {
                None => one.allowed = first,
                Some(_) => one.inspects = first,
            }
        }
        Ok(())
    }

    /// What the caller may not see is to it as if it were not there.
    async fn refuse_hidden(&self, cx: &Catalog, request: &Request, missing: Missing) -> Result<()> {
        for one in &self.open {
            let is_visible = one.sees || one.inspects || one.allowed;
            if !is_visible && missing == Missing::Refused {
                let hidden = Denied::Hidden(one.check.resource.clone());
                return Err(one.target.hide(cx, request, hidden.into()).await);
            }
            if one.sees && one.of.is_some() && !one.inspects {
                let forbidden = Denied::Forbidden {
                    caller: request.caller.clone(),
                    action: one.check.resource.insight(),
                };
                return Err(forbidden.into());
            }
        }
        Ok(())
    }

    async fn ask_of_others(&mut self, cx: &Catalog, request: &Request) -> Result<()> {
        let mut by_identity: HashMap<Caller, (Vec<&mut Open<'_>>, Vec<Check>)> = HashMap::new();
        for one in self.open.iter_mut().filter(|one| one.inspects) {
            if let Some(of) = one.of.clone() {
                let (open, checks) = by_identity.entry(of).or_default();
                checks.push(one.check.clone());
                open.push(one);
            }
        }
        for (of, (open, checks)) in by_identity {
            let answers = cx.ask(request, Some(&of), &checks).await?;
            for (one, answer) in open.into_iter().zip(answers) {
                one.allowed = answer;
            }
        }
        Ok(())
    }
}
