//! Trusted engines, whose `referenced-by` the catalog believes. Each has a name that the operator chooses:
//! `LAKEKEEPER__TRUSTED_ENGINES__<NAME>__TYPE`.

use std::collections::{BTreeMap, BTreeSet};

use catalog::{EngineIdentity, TrustedEngine};

use super::Authentication;
use super::member::{Member, setting_of};
use super::mistake::Mistake;
use super::setting::{Described, Group, Setting, settings};
use super::value::{Bracketed, EngineType};
use super::values::Values;

/// The start of the names of these settings, without [`super::source::PREFIX`].
pub(super) const FAMILY: &str = "TRUSTED_ENGINES__";
/// Separates the engine's name from that of the identity provider whose tokens are meant.
const IDENTITIES: &str = "__IDENTITIES__";

settings! {
    "Trusted engines" "Any number of engines, each under a name that you choose:
    `LAKEKEEPER__TRUSTED_ENGINES__<NAME>__TYPE` and so on; see `docs/view-security.md`. The catalog believes these
    engines when they say through which views a table or view is read (`referenced-by`), and only they may set the
    owner with whose rights a view is read. If there are none, `referenced-by` is ignored, and no view is read with
    the rights of an owner." {
        /// Type of the engine. Required.
        TYPE: Option<EngineType> = None;
        /// View property that names the view's owner, with whose rights the view is read: `trino.run-as-owner`.
        /// Required.
        OWNER_PROPERTY: Option<String> = None;
    }
}

/// Settings for each identity provider that issues tokens of an engine.
pub(super) mod identity {
    use super::{Bracketed, Group, Setting, settings};

    settings! {
        "Identities of trusted engines" "How the catalog recognises an engine's tokens, for each identity provider
        that issues tokens to the engine: `LAKEKEEPER__TRUSTED_ENGINES__<NAME>__IDENTITIES__<ID>__AUDIENCES`, where
        `<ID>` is `OIDC`, `KUBERNETES` or the name of a further provider. A token that has one of the audiences or one
        of the subjects is the engine's." {
            /// Audiences (`aud`) that only tokens of the engine have.
            AUDIENCES: Bracketed = Bracketed::default();
            /// Subjects of the engine's own users at the identity provider.
            SUBJECTS: Bracketed = Bracketed::default();
        }
    }
}

/// The group of settings of an engine's identities.
pub(super) const fn identity_groups() -> &'static [Group] {
    identity::GROUPS
}

/// All settings of an engine and its identities.
pub(super) fn settings() -> impl Iterator<Item = &'static dyn Described> {
    all(GROUPS).chain(all(identity::GROUPS))
}

fn all(groups: &'static [Group]) -> impl Iterator<Item = &'static dyn Described> + Clone {
    groups
        .iter()
        .flat_map(|group| group.settings.iter().copied())
}

/// Finds the setting that the rest of a name after [`FAMILY`] means.
///
/// An unknown name is always a mistake here, not a warning: a slip must not change whom the server trusts.
pub(super) fn member(rest: &str, subject: &str) -> Result<Member, Mistake> {
    let refused = |rule: &str| Mistake::new(subject, rule);
    let misnamed = || {
        refused(
            "must be named as in `LAKEKEEPER__TRUSTED_ENGINES__TRINO__OWNER_PROPERTY` or \
             `LAKEKEEPER__TRUSTED_ENGINES__TRINO__IDENTITIES__OIDC__AUDIENCES`",
        )
    };
    let (name, found) = match rest.split_once(IDENTITIES) {
        None => {
            let (name, field) = rest.split_once("__").ok_or_else(misnamed)?;
            (name, (name.to_owned(), setting_of(field, &all(GROUPS))))
        }
        Some((name, rest)) => {
            let (provider, field) = rest.split_once("__").ok_or_else(misnamed)?;
            let stem = format!("{name}{IDENTITIES}{provider}");
            (name, (stem, setting_of(field, &all(identity::GROUPS))))
        }
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.contains("__") || !name.chars().all(is_word) {
        return Err(misnamed());
    }
    let (stem, (setting, is_file)) = (found.0, found.1.map_err(|rule| refused(&rule))?);
    Ok(Member {
        stem: format!("{FAMILY}{stem}"),
        setting,
        is_file,
    })
}

/// All configured engines.
pub(super) fn trusted_engines(values: &mut Values, callers: &Authentication) -> Vec<TrustedEngine> {
    let stems = values.members(FAMILY);
    let names: BTreeSet<_> = stems
        .iter()
        .map(|stem| {
            stem.split_once(IDENTITIES)
                .map_or(stem.as_str(), |(name, _)| name)
        })
        .collect();
    let engines = names.into_iter().filter_map(|name| {
        let identities = stems.iter().filter_map(|stem| {
            let (of, provider) = stem.split_once(IDENTITIES)?;
            (of == name).then(|| provider.to_ascii_lowercase())
        });
        one(values, name, identities.collect(), callers)
    });
    engines.collect()
}

fn one(
    values: &mut Values,
    name: &str,
    providers: Vec<String>,
    callers: &Authentication,
) -> Option<TrustedEngine> {
    let at = format!("{FAMILY}{name}");
    if values.get_of(&at, &TYPE).is_none() {
        values.refuse_of(
            &at,
            &TYPE,
            "is missing: set the type of the engine; only `trino` is supported",
        );
    }
    let owner_property = values.get_of(&at, &OWNER_PROPERTY);
    if owner_property.is_none() {
        let rule = "is missing: set it to the view property that names the owner, such as `trino.run-as-owner`";
        values.refuse_of(&at, &OWNER_PROPERTY, rule);
    }
    let mut identities = BTreeMap::new();
    for provider in providers {
        let at = format!("{at}{IDENTITIES}{}", provider.to_ascii_uppercase());
        if !callers.knows(&provider) {
            let rule = "is for an identity provider that is not configured: configure the provider, or remove this";
            values.refuse_of(&at, &identity::AUDIENCES, rule);
        }
        let identity = EngineIdentity {
            audiences: values.get_of(&at, &identity::AUDIENCES).0,
            subjects: values.get_of(&at, &identity::SUBJECTS).0,
        };
        identities.insert(provider, identity);
    }
    if identities.is_empty() {
        let rule = "has no identities: set `…__IDENTITIES__<ID>__AUDIENCES` or `…__SUBJECTS`, so that its tokens are \
                    recognised";
        values.refuse_of(&at, &TYPE, rule);
    }
    Some(TrustedEngine {
        owner_property: owner_property?,
        identities,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes, Needs, Sources};
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let provider = ("LAKEKEEPER__OPENID_PROVIDER_URI", "https://idp.example");
        let engines = variables
            .iter()
            .map(|(name, value)| (format!("LAKEKEEPER__TRUSTED_ENGINES__{name}"), *value));
        let all = engines.chain([(provider.0.to_owned(), provider.1)]);
        let sources = Sources {
            environment: all.map(|(name, value)| (name, value.to_owned())).collect(),
            ..Sources::default()
        };
        Config::load(&sources, Needs::Nothing)
    }

    const TRINO: [(&str, &str); 3] = [
        ("TRINO__TYPE", "trino"),
        ("TRINO__OWNER_PROPERTY", "trino.run-as-owner"),
        (
            "TRINO__IDENTITIES__OIDC__AUDIENCES",
            "[trino_dev, \"trino_prod\"]",
        ),
    ];

    #[test]
    fn an_engine_has_a_property_and_identities() {
        let subjects = ("TRINO__IDENTITIES__OIDC__SUBJECTS", "[\"a-b\"]");
        let config = load(&[&TRINO[..], &[subjects]].concat()).unwrap();
        let identity = EngineIdentity {
            audiences: vec!["trino_dev".to_owned(), "trino_prod".to_owned()],
            subjects: vec!["a-b".to_owned()],
        };
        let expected = TrustedEngine {
            owner_property: "trino.run-as-owner".to_owned(),
            identities: [("oidc".to_owned(), identity)].into(),
        };
        assert_eq!(config.authorization.trusted_engines, [expected]);
        let shown = config.effective().iter();
        let shown: Vec<_> = shown.map(|one| one.name.as_str()).collect();
        let name = "LAKEKEEPER__TRUSTED_ENGINES__TRINO__IDENTITIES__OIDC__SUBJECTS";
        assert!(shown.contains(&name), "{shown:?}");
        assert!(load(&[]).unwrap().authorization.trusted_engines.is_empty());
    }

    #[test]
    fn what_leaves_open_whom_to_trust_is_refused() {
        let without = |name: &str| {
            let rest = TRINO.into_iter().filter(|(other, _)| *other != name);
            rest.collect::<Vec<_>>()
        };
        let with = |name, value| [&TRINO[..], &[(name, value)]].concat();
        for (variables, part) in [
            (without("TRINO__TYPE"), "TYPE"),
            (without("TRINO__OWNER_PROPERTY"), "OWNER_PROPERTY"),
            (
                without("TRINO__IDENTITIES__OIDC__AUDIENCES"),
                "has no identities",
            ),
            (with("SPARK__TYPE", "spark"), "`trino`"),
            (
                with("TRINO__IDENTITIES__OKTA__SUBJECTS", "[a]"),
                "not configured",
            ),
            (
                with("TRINO__IDENTITIES__OIDC__AUDIENCE", "a"),
                "did you mean `AUDIENCES`",
            ),
            (with("TRINO__OWNER", "a"), "OWNER"),
            (with("TRINO", "a"), "must be named"),
        ] {
            let mistakes = load(&variables).unwrap_err().to_string();
            assert!(mistakes.contains(part), "{variables:?}: {mistakes}");
        }
    }
}
