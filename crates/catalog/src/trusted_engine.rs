//! Engines that are believed when they say through which views something is read, and to whom a view belongs.

use std::collections::BTreeMap;

use model::Caller;

use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// An engine that runs the SQL of views itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedEngine {
    /// The property of a view that names its owner: with it, the view is read with the owner's rights.
    pub owner_property: String,
    /// Whose tokens are the engine's, by the identity provider that they come from.
    pub identities: BTreeMap<String, EngineIdentity>,
}

/// What of a token shows that it is an engine's: one of its audiences, or its subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineIdentity {
    /// Audiences that no tokens but the engine's have.
    pub audiences: Vec<String>,
    /// The engine's own users, as the provider calls them.
    pub subjects: Vec<String>,
}

impl TrustedEngine {
    fn has_sent(&self, caller: &Caller) -> bool {
        let Some(identity) = caller.identity() else {
            return false;
        };
        let known = self.identities.get(identity.user.provider());
        known.is_some_and(|known| {
            let subject = identity.user.subject();
            known.subjects.iter().any(|one| one == subject)
                || known
                    .audiences
                    .iter()
                    .any(|one| identity.audiences.contains(one))
        })
    }
}

impl Catalog {
    /// The engines whose token the request carries.
    pub(crate) fn engines_behind(&self, request: &Request) -> Vec<&TrustedEngine> {
        let engines = self.settings.trusted_engines.iter();
        engines
            .filter(|engine| engine.has_sent(&request.caller))
            .collect()
    }

    /// Refuses that somebody sets or removes what names the owner of a view, but for the engine whose property it is.
    /// A spelling that differs in case is nobody's.
    pub(crate) fn check_owner_property<'k>(
        &self,
        request: &Request,
        keys: impl IntoIterator<Item = &'k String>,
    ) -> Result<()> {
        let all = &self.settings.trusted_engines;
        if all.is_empty() {
            return Ok(());
        }
        let own = self.engines_behind(request);
        let is_protected = |key: &&String| {
            all.iter()
                .any(|engine| engine.owner_property.eq_ignore_ascii_case(key))
                && !own.iter().any(|engine| engine.owner_property == **key)
        };
        match keys.into_iter().find(is_protected) {
            None => Ok(()),
            Some(key) => Err(CatalogError::new(
                ErrorKind::ProtectedProperty,
                format!(
                    "property `{key}` says with whose rights a view is read: only the engine that it belongs to may set or \
                     remove it (`LAKEKEEPER__TRUSTED_ENGINES__*`)"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Identity, RoleId};

    use super::*;

    #[test]
    fn an_engine_is_known_by_audience_or_subject_of_tokens_of_one_provider() {
        let identity = EngineIdentity {
            audiences: vec!["trino".to_owned()],
            subjects: vec!["opa".to_owned()],
        };
        let engine = TrustedEngine {
            owner_property: "owner".to_owned(),
            identities: [("oidc".to_owned(), identity)].into(),
        };
        for (user, audience, expected) in [
            ("oidc~ann", "trino", true),
            ("oidc~opa", "lake", true),
            ("oidc~ann", "lake", false),
            ("oidc~trino", "opa", false),
            ("okta~opa", "trino", false),
        ] {
            let mut sent = Identity::of(user.parse().unwrap());
            sent.audiences = vec!["other".to_owned(), audience.to_owned()];
            let sent = Arc::new(sent);
            let acting = Caller::Role(Arc::clone(&sent), RoleId::generate());
            for caller in [Caller::User(sent), acting] {
                assert_eq!(engine.has_sent(&caller), expected, "{caller}, {audience}");
            }
        }
        for nobody in [Caller::Anonymous, Caller::System] {
            assert!(!engine.has_sent(&nobody));
        }
    }
}
