//! The authorizer that asks OpenFGA.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use authz::{
    Action, Authorizer, AuthorizerUnavailable, CallerCache, Check, Decision, Resource, Verdict,
    caller_cache,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::{Caller, Principal, ProjectId, Version};
use store::Store;

use crate::client::{CallError, Client, Location};
use crate::feed::{Feed, OpenFgaSink};
use crate::messages::{BatchCheckItem, Checked, TupleKey, TupleKeys};
use crate::too_deep::TooDeep;
use crate::tuples::{self, Names};

/// Most batches of one call that are under way at once. OpenFGA works on all checks of a batch in parallel already.
const AT_ONCE: usize = 2;

/// Most roles that OpenFGA accepts with a check, as contextual tuples. A check with more roles is asked several times, each
/// time with a part of the roles.
const MAX_ROLES: usize = 100;

type Question = (Caller, (Action, Resource));

/// The authorizer that asks OpenFGA, which is fed from the catalog's database.
///
/// Answers about resources in a warehouse are cached, and used as long as the version of the warehouse's grants is not newer
/// than the cached one; the current version is read from the database with each request.
pub struct OpenFga {
    store: Arc<dyn Store>,
    client: Client,
    at: Location,
    names: Names,
    batch: NonZeroU32,
    feed: Feed,
    answers: CallerCache<(Action, Resource), (Version, Decision)>,
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
    /// Starts to feed OpenFGA, and asks it in batches of at most `batch` checks.
    pub(crate) fn new(store: Arc<dyn Store>, sink: OpenFgaSink, batch: NonZeroU32) -> Self {
        Self {
            client: sink.client.clone(),
            at: sink.at.clone(),
            names: sink.names,
            feed: Feed::start(Arc::clone(&store), sink),
            store,
            batch,
            answers: caller_cache(),
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

/// One call of [`Authorizer::decide`], with what it has read so far.
struct Asked<'a> {
    engine: &'a OpenFga,
    caller: &'a Caller,
    principal: Principal,
    principals: Option<Vec<Principal>>,
}

impl Asked<'_> {
    /// Decides in three steps, each for the checks that the steps before did not settle: without OpenFGA or by cached
    /// answers; by OpenFGA; and, where a grant below is enough, by the grants below in the database.
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

    /// The decision, if OpenFGA need not be asked: the action is always allowed, or the answer is cached.
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
        // The checks' versions were read before this, so the answers may be newer than the versions, but never older.
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

    /// Makes decisions of the answers, and caches them.
    fn keep(&self, checks: &[&Check], answers: Vec<Answer>) -> Vec<Decision> {
        let mut decided = Vec::with_capacity(checks.len());
        for (check, answer) in checks.iter().zip(answers) {
            let decision = match answer {
                Answer::Allowed => Decision::Allow,
                Answer::Denied | Answer::TooDeep => Decision::Deny,
            };
            decided.push(decision);
            // `TooDeep` is not cached: the answer changes when OpenFGA is started with a higher limit, but no version does.
            if let (Some(version), false) = (check.resource.version(), answer == Answer::TooDeep) {
                let key = question(self.caller, check);
                self.engine.answers.insert(key, (version, decision));
            }
        }
        decided
    }

    /// The user to ask OpenFGA about, and the user's roles that OpenFGA does not know of: those that the token names, or
    /// the one that the caller acts as.
    async fn user(
        &self,
        checks: &[&Check],
    ) -> Result<(String, ContextualRoles), AuthorizerUnavailable> {
        match self.caller {
            Caller::Role(_, role) => {
                let user = tuples::ROLE_BEARER.to_owned();
                let everywhere = tuples::member(&user, *role);
                Ok((user, ContextualRoles::everywhere(everywhere)))
            }
            Caller::User(identity) => {
                let user = tuples::user(&identity.user);
                let roles = self.named_roles(&user, checks).await?;
                Ok((user, roles))
            }
            Caller::Anonymous | Caller::System => Ok((String::new(), ContextualRoles::default())),
        }
    }

    /// The roles that the token names, in the projects of the checks, and those with grants on the server. The roles that
    /// these are in are left out, as OpenFGA knows them. So a check does not grow when somebody creates a role of the same
    /// name in another project, or puts a named role into many others.
    async fn named_roles(
        &self,
        user: &str,
        checks: &[&Check],
    ) -> Result<ContextualRoles, AuthorizerUnavailable> {
        let named = self.caller.named_roles();
        if named.is_empty() {
            return Ok(ContextualRoles::default());
        }
        let projects = checks.iter().filter_map(|check| check.resource.project());
        let projects: HashSet<_> = projects.cloned().collect();
        let projects: Vec<_> = projects.into_iter().collect();
        let found = self.engine.store.grants_named(&named, &projects).await;
        let found = found.map_err(unavailable)?;
        let on_server = found.on_server.into_iter();
        let mut roles = ContextualRoles {
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

    /// Whether the caller has any grant below the resource of each check, in their order.
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

/// The caller's roles that OpenFGA does not know of, as tuples.
#[derive(Debug, Default)]
struct ContextualRoles {
    everywhere: Vec<TupleKey>,
    within: HashMap<ProjectId, Vec<TupleKey>>,
}

impl ContextualRoles {
    fn everywhere(role: TupleKey) -> Self {
        Self {
            everywhere: vec![role],
            within: HashMap::new(),
        }
    }

    /// The roles that count in a project, in parts of at most [`MAX_ROLES`]; one empty part if there are none. A right that
    /// needs two privileges is found only if the roles of one part have both.
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

/// A question to OpenFGA: a check, with a part of the roles that OpenFGA does not know of.
#[derive(Debug, Clone)]
struct Item {
    /// The index of the check.
    at: usize,
    asked: TupleKey,
    roles: Vec<TupleKey>,
}

/// OpenFGA's answer to a check. If a check was asked several times, the answer that is last in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Denied,
    /// The resource lies deeper than OpenFGA's limit. It is an answer, not an error, so that it denies this check only and
    /// not all that are asked together.
    TooDeep,
    Allowed,
}

impl OpenFga {
    /// The answers to one batch, each with the index of its check.
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

/// The cache key of a check. It has the place of the resource, which may move, but not the version of the grants, which is
/// cached with the answer.
fn question(caller: &Caller, check: &Check) -> Question {
    (
        caller.clone(),
        (check.action, check.resource.without_version()),
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
