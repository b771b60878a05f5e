//! Decides by asking OpenFGA.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision, Resource, Verdict};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::{Caller, Principal, Version};
use quick_cache::sync::Cache;
use store::Store;

use crate::client::{CallError, Client, Location};
use crate::feed::{Feed, Tuples};
use crate::messages::{BatchCheckItem, Checked, TupleKey, TupleKeys};
use crate::tuples::{self, Names};

/// Most answers that are kept; about 300 bytes each.
const KEPT: usize = 50_000;

/// Most batches of one question that are under way at once: OpenFGA works on all checks of a batch at the same time.
const AT_ONCE: usize = 2;

/// Most roles that OpenFGA takes with a question.
const MAX_ROLES: usize = 100;

type Question = (Caller, Action, Resource);

/// The authorizer that asks OpenFGA, which is fed from the catalog's database.
///
/// What it has answered about a thing in a warehouse is kept for as long as the version of the warehouse's grants is the one that
/// the database has told for this very request.
pub struct OpenFga {
    store: Arc<dyn Store>,
    client: Client,
    at: Location,
    names: Names,
    batch: NonZeroU32,
    feed: Feed,
    answers: Cache<Question, (Version, Decision)>,
}

impl fmt::Debug for OpenFga {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OpenFga")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl OpenFga {
    /// Starts to feed OpenFGA, and asks it in batches of this size.
    pub(crate) fn new(store: Arc<dyn Store>, tuples: Tuples, batch: NonZeroU32) -> Self {
        Self {
            client: tuples.client.clone(),
            at: tuples.at.clone(),
            names: tuples.names,
            feed: Feed::start(Arc::clone(&store), tuples),
            store,
            batch,
            answers: Cache::new(KEPT),
        }
    }
}

#[async_trait]
impl Authorizer for OpenFga {
    fn name(&self) -> &'static str {
        "openfga"
    }

    async fn decide(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let Some(principal) = caller.principal() else {
            let decision = match caller {
                Caller::System => Decision::Allow,
                _ => Decision::Deny,
            };
            return Ok(vec![decision; checks.len()]);
        };
        let mut asked = Asked {
            engine: self,
            caller,
            principal,
            principals: None,
        };
        asked.decide(checks).await
    }
}

/// One call: what it has found out by now.
struct Asked<'a> {
    engine: &'a OpenFga,
    caller: &'a Caller,
    principal: Principal,
    principals: Option<Vec<Principal>>,
}

impl Asked<'_> {
    /// First by what needs nobody's answer or has been answered, then by OpenFGA, then by what was given below.
    async fn decide(&mut self, checks: &[Check]) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let mut decided: Vec<_> = checks.iter().map(|check| self.known(check)).collect();
        let open: Vec<_> = left(checks, &decided, |one| one.is_none());
        if !open.is_empty() {
            let answers = self.ask(&open).await?;
            let mut answers = answers.into_iter();
            for one in decided.iter_mut().filter(|one| one.is_none()) {
                *one = answers.next();
            }
        }
        let denied = left(checks, &decided, |one| one != Some(Decision::Allow));
        let browsing = |check: &&Check| check.without_rights() == Verdict::IfBelow;
        let ways: Vec<_> = denied.into_iter().filter(browsing).collect();
        let mut below = self.below(&ways).await?.into_iter();
        let decide = |(check, decided): (&Check, Option<Decision>)| match decided {
            Some(Decision::Allow) => Decision::Allow,
            _ if browsing(&check) && below.next() == Some(true) => Decision::Allow,
            _ => Decision::Deny,
        };
        Ok(checks.iter().zip(decided).map(decide).collect())
    }

    /// What needs no question.
    fn known(&self, check: &Check) -> Option<Decision> {
        if check.is_about_oneself(self.caller) || check.without_rights() == Verdict::Allow {
            return Some(Decision::Allow);
        }
        let wanted = check.resource.version()?;
        let (known, decision) = self.engine.answers.get(&question(self.caller, check))?;
        (known >= wanted).then_some(decision)
    }

    async fn ask(&mut self, checks: &[&Check]) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        let engine = self.engine;
        // The versions that the checks carry were read before this: the answers are as new as they, or newer.
        engine.feed.handed_over().await.map_err(unavailable)?;
        let (user, roles) = self.user().await?;
        let items: Vec<_> = checks
            .iter()
            .map(|check| TupleKey {
                user: user.clone(),
                relation: tuples::relation(check.action, &check.resource),
                object: engine.names.asked(&check.resource),
            })
            .collect();
        let batches = items.chunks(engine.batch.get() as usize);
        let batches: Vec<_> = batches.map(<[_]>::to_vec).collect();
        let answers: Vec<Vec<Decision>> = stream::iter(batches)
            .map(|batch| engine.answer(batch, &roles))
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(unavailable)?;
        let answers = answers.concat();
        for (check, decision) in checks.iter().zip(&answers) {
            if let Some(version) = check.resource.version() {
                let key = question(self.caller, check);
                engine.answers.insert(key, (version, *decision));
            }
        }
        Ok(answers)
    }

    /// Who is asked about, and the roles that OpenFGA does not know it to be in: those that a token names, or the one that somebody
    /// acts as.
    async fn user(&mut self) -> Result<(String, Vec<TupleKey>), AuthorizerUnavailable> {
        let (user, roles) = match self.caller {
            Caller::Role(_, role) => {
                let user = tuples::WHOEVER.to_owned();
                let role = tuples::member(&user, &Principal::Role(*role));
                (user, role.into_iter().collect())
            }
            Caller::User(identity) => {
                let user = tuples::user(&identity.user);
                let roles = if self.caller.named_roles().is_empty() {
                    Vec::new()
                } else {
                    let all = self.unknown_roles().await?;
                    all.iter()
                        .filter_map(|one| tuples::member(&user, one))
                        .collect()
                };
                (user, roles)
            }
            Caller::Anonymous | Caller::System => (String::new(), Vec::new()),
        };
        if roles.len() > MAX_ROLES {
            let count = roles.len();
            return Err(unavailable(TooManyRoles(count)));
        }
        Ok((user, roles))
    }

    /// The roles that a token names, and those above them; with what OpenFGA knows by the feed, as long as that is not too much to say
    /// again.
    async fn unknown_roles(&mut self) -> Result<Vec<Principal>, AuthorizerUnavailable> {
        let engine = self.engine;
        let mut all = self.principals().await?.to_vec();
        if all.len() > MAX_ROLES {
            let known = engine.store.grants_principals(&self.principal, &[]).await;
            let known = known.map_err(unavailable)?;
            all.retain(|one| !known.contains(one));
        }
        Ok(all)
    }

    async fn principals(&mut self) -> Result<&[Principal], AuthorizerUnavailable> {
        if self.principals.is_none() {
            let named = self.caller.named_roles();
            let found = self
                .engine
                .store
                .grants_principals(&self.principal, &named)
                .await;
            self.principals = Some(found.map_err(unavailable)?);
        }
        Ok(self.principals.as_deref().unwrap_or_default())
    }

    /// Whether anything was given below the things of the checks, in their order.
    async fn below(&mut self, checks: &[&Check]) -> Result<Vec<bool>, AuthorizerUnavailable> {
        if checks.is_empty() {
            return Ok(Vec::new());
        }
        let above: Vec<_> = checks
            .iter()
            .filter_map(|check| check.resource.browsed())
            .collect();
        let store = Arc::clone(&self.engine.store);
        let principals = self.principals().await?;
        store
            .grants_below(principals, &above)
            .await
            .map_err(unavailable)
    }
}

impl OpenFga {
    /// The answers to one batch, in its order.
    async fn answer(
        &self,
        batch: Vec<TupleKey>,
        roles: &[TupleKey],
    ) -> Result<Vec<Decision>, CallError> {
        let count = batch.len();
        let items = batch
            .into_iter()
            .enumerate()
            .map(|(at, asked)| BatchCheckItem {
                tuple_key: Some(asked),
                contextual_tuples: (!roles.is_empty()).then(|| TupleKeys {
                    tuple_keys: roles.to_vec(),
                }),
                correlation_id: at.to_string(),
            });
        let mut answer = self.client.batch_check(&self.at, items.collect()).await?;
        let decide = |at: usize| {
            match answer
                .result
                .remove(&at.to_string())
                .and_then(|one| one.checked)
            {
                Some(Checked::Allowed(true)) => Ok(Decision::Allow),
                Some(Checked::Allowed(false)) => Ok(Decision::Deny),
                Some(Checked::Error(error)) => Err(error.message),
                None => Err("nothing about one of the checks".to_owned()),
            }
            .map_err(|what| CallError::Answer {
                method: "BatchCheck",
                what,
            })
        };
        (0..count).map(decide).collect()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the caller is in {0} roles by its token: OpenFGA takes {MAX_ROLES}")]
struct TooManyRoles(usize);

/// A thing may move; where it is belongs to the question. The version does not: it belongs to the answer.
fn question(caller: &Caller, check: &Check) -> Question {
    (
        caller.clone(),
        check.action,
        check.resource.without_version(),
    )
}

fn left<'c>(
    checks: &'c [Check],
    decided: &[Option<Decision>],
    wanted: impl Fn(Option<Decision>) -> bool,
) -> Vec<&'c Check> {
    let both = checks.iter().zip(decided);
    both.filter(|(_, one)| wanted(**one))
        .map(|(check, _)| check)
        .collect()
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> AuthorizerUnavailable {
    AuthorizerUnavailable(Box::new(error))
}
