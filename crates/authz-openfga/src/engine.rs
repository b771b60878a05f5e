//! Decides by asking OpenFGA.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use authz::{Action, Authorizer, AuthorizerUnavailable, Check, Decision, Resource, Verdict};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::{Caller, Principal, ProjectId, Version};
use quick_cache::sync::Cache;
use store::Store;

use crate::client::{CallError, Client, Location};
use crate::feed::{Feed, Tuples};
use crate::messages::{BatchCheckItem, Checked, TupleKey, TupleKeys};
use crate::too_deep::TooDeep;
use crate::tuples::{self, Names};

/// Most answers that are kept; about 300 bytes each.
const KEPT: usize = 50_000;

/// Most batches of one question that are under way at once: OpenFGA works on all checks of a batch at the same time.
const AT_ONCE: usize = 2;

/// Most roles that OpenFGA takes with a question. More are asked with by several questions.
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
    too_deep: TooDeep,
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
            too_deep: TooDeep::default(),
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
        let browsing = |check: &&Check| check.below().is_some();
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
        let (user, roles) = self.user(checks).await?;
        let mut items = Vec::with_capacity(checks.len());
        for (at, check) in checks.iter().enumerate() {
            let asked = TupleKey {
                user: user.clone(),
                relation: tuples::relation(check.action, &check.resource),
                object: engine.names.asked(&check.resource),
            };
            let parts = roles.parts(check.resource.project()).into_iter();
            items.extend(parts.map(|roles| Item {
                at,
                asked: asked.clone(),
                roles,
            }));
        }
        let batches = items.chunks(engine.batch.get() as usize);
        let batches: Vec<_> = batches.map(<[_]>::to_vec).collect();
        let answered: Vec<Vec<_>> = stream::iter(batches)
            .map(|batch| engine.answers(batch))
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .map_err(unavailable)?;
        let mut answers = vec![Answer::Denied; checks.len()];
        for (at, answer) in answered.concat() {
            if let Some(known) = answers.get_mut(at) {
                *known = answer.max(*known);
            }
        }
        Ok(self.keep(checks, answers))
    }

    /// The decisions that these answers are, which are kept for the next question.
    fn keep(&self, checks: &[&Check], answers: Vec<Answer>) -> Vec<Decision> {
        let mut decided = Vec::with_capacity(checks.len());
        for (check, answer) in checks.iter().zip(answers) {
            let decision = match answer {
                Answer::Allowed => Decision::Allow,
                Answer::Denied | Answer::TooDeep => Decision::Deny,
            };
            decided.push(decision);
            // OpenFGA may be started with another limit, and no grant changes by that.
            if let (Some(version), false) = (check.resource.version(), answer == Answer::TooDeep) {
                let key = question(self.caller, check);
                self.engine.answers.insert(key, (version, decision));
            }
        }
        decided
    }

    /// Who is asked about, and the roles that OpenFGA does not know it to be in: those that a token names, or the one that somebody
    /// acts as.
    async fn user(
        &self,
        checks: &[&Check],
    ) -> Result<(String, UnknownRoles), AuthorizerUnavailable> {
        match self.caller {
            Caller::Role(_, role) => {
                let user = tuples::WHOEVER.to_owned();
                let everywhere = tuples::member(&user, *role);
                Ok((user, UnknownRoles::everywhere(everywhere)))
            }
            Caller::User(identity) => {
                let user = tuples::user(&identity.user);
                let roles = self.named_roles(&user, checks).await?;
                Ok((user, roles))
            }
            Caller::Anonymous | Caller::System => Ok((String::new(), UnknownRoles::default())),
        }
    }

    /// OpenFGA knows which roles these are in. So nobody makes the question longer by roles of another project, or around a role.
    async fn named_roles(
        &self,
        user: &str,
        checks: &[&Check],
    ) -> Result<UnknownRoles, AuthorizerUnavailable> {
        let named = self.caller.named_roles();
        if named.is_empty() {
            return Ok(UnknownRoles::default());
        }
        let projects = checks.iter().filter_map(|check| check.resource.project());
        let projects: HashSet<_> = projects.cloned().collect();
        let projects: Vec<_> = projects.into_iter().collect();
        let found = self.engine.store.grants_named(&named, &projects).await;
        let found = found.map_err(unavailable)?;
        let on_server = found.on_server.into_iter();
        let mut roles = UnknownRoles {
            everywhere: on_server.map(|role| tuples::member(user, role)).collect(),
            within: HashMap::new(),
        };
        for (project, role) in found.in_projects {
            let within = roles.within.entry(project).or_default();
            within.push(tuples::member(user, role));
        }
        Ok(roles)
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
        let above: Vec<_> = checks.iter().filter_map(|check| check.below()).collect();
        let store = Arc::clone(&self.engine.store);
        let principals = self.principals().await?;
        store
            .grants_below(principals, &above)
            .await
            .map_err(unavailable)
    }
}

/// Roles that somebody is in without OpenFGA's knowing it.
#[derive(Debug, Default)]
struct UnknownRoles {
    everywhere: Vec<TupleKey>,
    within: HashMap<ProjectId, Vec<TupleKey>>,
}

impl UnknownRoles {
    fn everywhere(role: TupleKey) -> Self {
        Self {
            everywhere: vec![role],
            within: HashMap::new(),
        }
    }

    /// Those that count in a project, in as many parts as OpenFGA takes; one without roles if there are none. A right that takes two
    /// privileges is found if both come by one part.
    fn parts(&self, project: Option<&ProjectId>) -> Vec<Vec<TupleKey>> {
        let within = project.and_then(|project| self.within.get(project));
        let mut all = self.everywhere.clone();
        for role in within.into_iter().flatten() {
            if !all.contains(role) {
                all.push(role.clone());
            }
        }
        if all.is_empty() {
            return vec![Vec::new()];
        }
        all.chunks(MAX_ROLES).map(<[_]>::to_vec).collect()
    }
}

/// What OpenFGA is asked: a check, with a part of the roles that it does not know of.
#[derive(Debug, Clone)]
struct Item {
    /// Which check.
    at: usize,
    asked: TupleKey,
    roles: Vec<TupleKey>,
}

/// What OpenFGA has said of a check. Of several answers the last one in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Denied,
    /// The thing lies deeper than OpenFGA follows. Only what lies so deep must suffer from that, not all that it is asked with.
    TooDeep,
    Allowed,
}

impl OpenFga {
    /// The answers to one batch, each with the place of its check.
    async fn answers(&self, batch: Vec<Item>) -> Result<Vec<(usize, Answer)>, CallError> {
        let mut asked = Vec::with_capacity(batch.len());
        let mut items = Vec::with_capacity(batch.len());
        for (at, item) in batch.into_iter().enumerate() {
            asked.push((item.at, item.asked.object.clone()));
            items.push(BatchCheckItem {
                tuple_key: Some(item.asked),
                contextual_tuples: (!item.roles.is_empty()).then_some(TupleKeys {
                    tuple_keys: item.roles,
                }),
                correlation_id: at.to_string(),
            });
        }
        let mut answer = self.client.batch_check(&self.at, items).await?;
        let mut answers = Vec::with_capacity(asked.len());
        for (at, (check, object)) in asked.into_iter().enumerate() {
            let answer = answer.result.remove(&at.to_string());
            let answer = match answer.and_then(|one| one.checked) {
                Some(Checked::Allowed(true)) => Answer::Allowed,
                Some(Checked::Allowed(false)) => Answer::Denied,
                Some(Checked::Error(error)) if error.is_too_deep() => {
                    self.too_deep.warn(&object);
                    Answer::TooDeep
                }
                Some(Checked::Error(error)) => return Err(unanswered(error.message)),
                None => return Err(unanswered("nothing about one of the checks".to_owned())),
            };
            answers.push((check, answer));
        }
        Ok(answers)
    }
}

fn unanswered(what: String) -> CallError {
    let method = "BatchCheck";
    CallError::Answer { method, what }
}

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
