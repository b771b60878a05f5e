//! The built-in authorizer, which decides by the grants in the catalog's own database.
//!
//! The rights that a caller has in a place are cached, and used as long as the version of the warehouse's grants is not
//! newer than the cached one; the current version is read from the database with each request. So most decisions need no
//! query; after a change of grants, a decision reads the grants on the way from the place up to the server. What else lies
//! in the place never matters.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use model::{Caller, Principal, Privileges, Securable, Version};
use store::{Grants, Place, StoreError};

use crate::by_caller::{CallerCache, caller_cache};
use crate::{
    Action, Authorizer, AuthorizerUnavailable, Check, Decision, Resource, Rights, RoleAction,
    Verdict,
};

/// The authorizer that needs no service besides the catalog's database.
pub struct BuiltIn {
    grants: Arc<dyn Grants + Send + Sync>,
    rights: CallerCache<Place, (Version, Rights)>,
    given: CallerCache<Securable, (Version, Privileges)>,
}

impl fmt::Debug for BuiltIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BuiltIn")
    }
}

#[async_trait]
impl Authorizer for BuiltIn {
    fn name(&self) -> &'static str {
        "builtin"
    }

    async fn decide(
        &self,
        caller: &Caller,
        checks: &[Check],
    ) -> Result<Vec<Decision>, AuthorizerUnavailable> {
        match caller {
            Caller::System => Ok(vec![Decision::Allow; checks.len()]),
            Caller::Anonymous => Ok(vec![Decision::Deny; checks.len()]),
            Caller::User(_) | Caller::Role(..) => {
                let mut asked = Asked::new(self, caller);
                let decided = asked.decide(checks).await;
                decided.map_err(|error| AuthorizerUnavailable(Box::new(error)))
            }
        }
    }
}

impl BuiltIn {
    /// An authorizer that decides by these grants.
    pub fn new(grants: Arc<dyn Grants + Send + Sync>) -> Self {
        Self {
            grants,
            rights: caller_cache(),
            given: caller_cache(),
        }
    }
}

/// What one call of [`BuiltIn`] has read so far.
struct Asked<'a> {
    engine: &'a BuiltIn,
    caller: &'a Caller,
    principals: Option<Vec<Principal>>,
    rights: HashMap<Place, Rights>,
    given: HashMap<Securable, Privileges>,
}

impl<'a> Asked<'a> {
    fn new(engine: &'a BuiltIn, caller: &'a Caller) -> Self {
        Self {
            engine,
            caller,
            principals: None,
            rights: HashMap::new(),
            given: HashMap::new(),
        }
    }

    /// Decides in three steps, each for the checks that the step before did not allow: by the rights that pass down from
    /// above, which are usually cached; by the grants on the resource itself; and by the grants below it.
    async fn decide(&mut self, checks: &[Check]) -> Result<Vec<Decision>, StoreError> {
        self.learn_rights(checks).await?;
        let mut verdicts: Vec<_> = checks
            .iter()
            .map(|check| self.by_inheritance(check))
            .collect();
        let open = |verdict: &Verdict| *verdict != Verdict::Allow;
        let left: Vec<_> = with_verdict(checks, &verdicts, open)
            .filter(|check| check.resource.leaf().is_some())
            .collect();
        if !left.is_empty() {
            self.learn_given(&left).await?;
            for (check, verdict) in checks.iter().zip(&mut verdicts) {
                if *verdict != Verdict::Allow {
                    *verdict = self.with_given(check);
                }
            }
        }
        let left: Vec<_> = with_verdict(checks, &verdicts, |verdict| {
            matches!(verdict, Verdict::IfBelow(_))
        })
        .collect();
        let mut below = self.below(&left).await?.into_iter();
        let decide = |verdict| match verdict {
            Verdict::Allow => Decision::Allow,
            Verdict::IfBelow(_) if below.next() == Some(true) => Decision::Allow,
            Verdict::IfBelow(_) | Verdict::Deny => Decision::Deny,
        };
        Ok(verdicts.into_iter().map(decide).collect())
    }

    fn by_inheritance(&self, check: &Check) -> Verdict {
        if check.is_about_oneself(self.caller) {
            return Verdict::Allow;
        }
        self.rights_on(check).verdict(check.action, &check.resource)
    }

    fn with_given(&self, check: &Check) -> Verdict {
        if let (Action::Role(RoleAction::Assume), Resource::Role(_, role)) =
            (check.action, &check.resource)
            && let Some(principals) = &self.principals
            && principals.contains(&Principal::Role(*role))
        {
            return Verdict::Allow;
        }
        self.rights_on(check).verdict(check.action, &check.resource)
    }

    /// The caller's rights on the check's resource, as far as they have been read.
    fn rights_on(&self, check: &Check) -> Rights {
        let rights = self.rights.get(&check.resource.place());
        let rights = rights.copied().unwrap_or(Rights::NONE);
        match check.resource.leaf() {
            None => rights,
            Some(leaf) => {
                let given = self.given.get(&leaf).copied().unwrap_or_default();
                rights.leaf(leaf, given)
            }
        }
    }

    /// Finds the caller's rights in the places of the checks.
    async fn learn_rights(&mut self, checks: &[Check]) -> Result<(), StoreError> {
        let mut unknown: Vec<(Place, Option<Version>)> = Vec::new();
        for check in checks {
            let (place, version) = (check.resource.place(), check.resource.version());
            if self.rights.contains_key(&place) || unknown.iter().any(|(one, _)| *one == place) {
                continue;
            }
            match self.kept_rights(&place, version) {
                Some(rights) => drop(self.rights.insert(place, rights)),
                None => unknown.push((place, version)),
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        self.learn_principals().await?;
        let principals = self.principals.as_deref().unwrap_or_default();
        let (places, versions): (Vec<_>, Vec<_>) = unknown.into_iter().unzip();
        let paths = self.engine.grants.grants_on_paths(principals, &places);
        let found = paths.await?;
        for ((place, version), path) in places.into_iter().zip(versions).zip(found) {
            // Nobody has rights in a place that does not exist.
            let rights = path.as_ref().map_or(Rights::NONE, Rights::along);
            if let (Some(path), Some(version)) = (&path, version) {
                let key = (self.caller.clone(), place.clone());
                // Not a version that is newer than the principals: a caller who has left a role since they were read still
                // counts as its member in these rights.
                let version = version.min(path.version);
                self.engine.rights.insert(key, (version, rights));
            }
            self.rights.insert(place, rights);
        }
        Ok(())
    }

    fn kept_rights(&self, place: &Place, version: Option<Version>) -> Option<Rights> {
        let key = (self.caller.clone(), place.clone());
        let (known, rights) = self.engine.rights.get(&key)?;
        (known >= version?).then_some(rights)
    }

    /// Finds the grants on the resources of the checks themselves.
    async fn learn_given(&mut self, checks: &[&Check]) -> Result<(), StoreError> {
        let mut unknown: Vec<(Securable, Option<Version>)> = Vec::new();
        for check in checks {
            let (Some(leaf), version) = (check.resource.leaf(), check.resource.version()) else {
                continue;
            };
            if self.given.contains_key(&leaf) || unknown.iter().any(|(one, _)| *one == leaf) {
                continue;
            }
            let key = (self.caller.clone(), leaf);
            match (self.engine.given.get(&key), version) {
                (Some((known, given)), Some(version)) if known >= version => {
                    self.given.insert(key.1, given);
                }
                _ => unknown.push((key.1, version)),
            }
        }
        // If all is cached, not even the caller's roles need to be read.
        if unknown.is_empty() {
            return Ok(());
        }
        self.learn_principals().await?;
        let principals = self.principals.as_deref().unwrap_or_default();
        let (things, versions): (Vec<_>, Vec<_>) = unknown.into_iter().unzip();
        let found = self.engine.grants.grants_given(principals, &things).await?;
        for ((thing, version), given) in things.into_iter().zip(versions).zip(found) {
            // The version was read before the grants, so the grants may be newer than it, but never older.
            if let Some(version) = version {
                let key = (self.caller.clone(), thing.clone());
                self.engine.given.insert(key, (version, given));
            }
            self.given.insert(thing, given);
        }
        Ok(())
    }

    async fn learn_principals(&mut self) -> Result<(), StoreError> {
        if self.principals.is_some() {
            return Ok(());
        }
        let Some(of) = self.caller.principal() else {
            return Ok(());
        };
        let named = self.caller.named_roles();
        let found = self.engine.grants.grants_principals(&of, &named).await?;
        self.principals = Some(found);
        Ok(())
    }

    /// Whether the caller has any grant below the resource of each check, in their order.
    async fn below(&mut self, checks: &[&Check]) -> Result<Vec<bool>, StoreError> {
        if checks.is_empty() {
            return Ok(Vec::new());
        }
        self.learn_principals().await?;
        let above: Vec<_> = checks.iter().filter_map(|check| check.below()).collect();
        let principals = self.principals.as_deref().unwrap_or_default();
        self.engine.grants.grants_below(principals, &above).await
    }
}

/// The checks whose verdict is `wanted`.
fn with_verdict<'c>(
    checks: &'c [Check],
    verdicts: &[Verdict],
    wanted: impl Fn(&Verdict) -> bool,
) -> impl Iterator<Item = &'c Check> {
    checks
        .iter()
        .zip(verdicts)
        .filter(move |(_, verdict)| wanted(verdict))
        .map(|(check, _)| check)
}

#[cfg(test)]
mod tests;
