//! Answers many questions about permissions in one request.

use std::collections::HashMap;

use authz::{Action, Check, Denied, Resource};
use futures::{StreamExt, TryStreamExt, stream};
use model::{Bounds, Caller, Principal};

use super::subject::other;
use super::target::{Target, TargetKey};
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// Most concurrent lookups of one request. Lookups by name are gathered into shared statements anyway.
const LOOKUPS: usize = 64;

/// A question whether somebody may do something.
#[derive(Debug, Clone)]
pub struct BatchCheck {
    /// Whose permission; the caller's if absent.
    pub of: Option<Principal>,
    /// The action.
    pub action: Action,
    /// What the action is on.
    pub target: Target,
}

/// How a question is answered whose target does not exist, or is hidden from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Answered with no.
    Denied,
    /// The whole request is refused.
    Refused,
}

/// Answers one question. A target that does not exist is an error.
pub async fn check(cx: &Catalog, request: &Request, check: BatchCheck) -> Result<bool> {
    let answers = check_all(cx, request, &[check], Missing::Refused).await?;
    Ok(answers == [true])
}

/// Answers each question, in order. To ask about somebody else, the caller must be allowed to see the grants on the
/// target. The authorizer is asked once for each identity, not once for each question.
pub async fn check_all(
    cx: &Catalog,
    request: &Request,
    checks: &[BatchCheck],
    missing: Missing,
) -> Result<Vec<bool>> {
    if checks.len() > Bounds::CHECKS_PER_REQUEST {
        let message = format!(
            "the request has {} checks; at most {} are allowed: split it",
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

/// The targets that exist.
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

/// A question whose target exists.
struct Open<'a> {
    /// The index of its answer.
    at: usize,
    target: &'a Target,
    of: Option<Caller>,
    check: Check,
    /// Whether the caller may see the target, and may ask about others' permissions on it.
    sees: bool,
    inspects: bool,
    /// The answer.
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

    /// The answers to all `count` questions, in order. Those whose target does not exist are answered with no.
    fn answers(self, count: usize) -> Vec<bool> {
        let mut answers = vec![false; count];
        for one in self.open {
            if let Some(answer) = answers.get_mut(one.at) {
                *answer = one.allowed;
            }
        }
        answers
    }

    /// Asks everything about the caller: its own questions, which targets it may see, and where it may ask about
    /// others.
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
                Some(_) => asked(resource.read_grants_action()),
            });
            checks.extend(resource.visibility_action().map(asked));
        }
        let mut answers = cx.ask(request, None, &checks).await?.into_iter();
        let mut next = || answers.next().unwrap_or(false);
        for one in &mut self.open {
            let first = next();
            one.sees = one.check.resource.visibility_action().is_none() || next();
            match one.of {
                None => one.allowed = first,
                Some(_) => one.inspects = first,
            }
        }
        Ok(())
    }

    /// Refuses the request if the caller asks about others without the right to, or, with [`Missing::Refused`], if a
    /// target is hidden from it: that reads as if the target did not exist.
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
                    action: one.check.resource.read_grants_action(),
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
