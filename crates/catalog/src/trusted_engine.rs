//! Engines that are trusted to say through which views a request reads, and who owns a view.

use std::collections::BTreeMap;

use model::Caller;

use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// An engine that runs the SQL of views itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedEngine {
    /// The property of a view that names its owner, with whose rights the view is read.
    pub owner_property: String,
    /// What identifies the engine's tokens, by identity provider.
    pub identities: BTreeMap<String, EngineIdentity>,
}

/// Identifies an engine's token: by one of its audiences, or by its subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineIdentity {
    /// Audiences that only the engine's tokens have.
    pub audiences: Vec<String>,
    /// Subjects of the engine's own users, as the provider names them.
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
    /// The engines that the request's token identifies.
    pub(crate) fn engines_behind(&self, request: &Request) -> Vec<&TrustedEngine> {
        let engines = self.settings.trusted_engines.iter();
        engines
            .filter(|engine| engine.has_sent(&request.caller))
            .collect()
    }

    /// Refuses to set or remove a property that names the owner of a view, unless an engine does so with its own
    /// property. Keys that differ from the property only in case are refused for everybody.
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
                    "property `{key}` names the owner with whose rights a view is read: only the trusted engine that uses this \
                     property may set or remove it (`LAKEKEEPER__TRUSTED_ENGINES__*`)"
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
