//! Which authorizer decides what callers may do.

use authz_openfga::OpenFgaConfig;
use catalog::TrustedEngine;
use model::UserId;

use super::value::AuthzBackend;
use super::values::Values;
use super::{Authentication, engine, list, openfga};

/// The authorizer, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// Every caller may do everything.
    AllowAll,
    /// Grants in the catalog's database decide.
    BuiltIn,
    /// OpenFGA decides.
    OpenFga(Box<OpenFgaConfig>),
}

impl Engine {
    /// Whether callers may do only what they have grants for.
    pub const fn needs_grants(&self) -> bool {
        !matches!(self, Self::AllowAll)
    }

    /// The settings of OpenFGA, if it is the authorizer.
    pub const fn openfga(&self) -> Option<&OpenFgaConfig> {
        match self {
            Self::OpenFga(config) => Some(config),
            Self::AllowAll | Self::BuiltIn => None,
        }
    }
}

/// How authorization decisions are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The authorizer.
    pub engine: Engine,
    /// Users who may administer the installation without any grant.
    pub instance_admins: Vec<UserId>,
    /// Most levels of roles within roles.
    pub max_role_depth: u32,
    /// Engines whose `referenced-by` is believed.
    pub trusted_engines: Vec<TrustedEngine>,
    /// Most views in the `referenced-by` of a request.
    pub max_referencing_views: u32,
}

pub(super) fn authorization(values: &mut Values, callers: &Authentication) -> Authorization {
    let by_default = if callers.is_configured() {
        AuthzBackend::BuiltIn
    } else {
        AuthzBackend::AllowAll
    };
    let backend = values.get(&list::AUTHZ_BACKEND).unwrap_or(by_default);
    let instance_admins = values.get(&list::INSTANCE_ADMINS).0;
    if !callers.is_configured() {
        let rule = "needs authenticated callers: configure an identity provider (LAKEKEEPER__OPENID_PROVIDER_URI)";
        if backend != AuthzBackend::AllowAll {
            values.refuse(&list::AUTHZ_BACKEND, rule);
        }
        if !instance_admins.is_empty() {
            values.refuse(&list::INSTANCE_ADMINS, rule);
        }
    }
    let engine = match backend {
        AuthzBackend::AllowAll => Engine::AllowAll,
        AuthzBackend::BuiltIn => Engine::BuiltIn,
        // Without its settings there is a mistake, and no configuration.
        AuthzBackend::OpenFga => openfga::openfga(values)
            .map_or(Engine::BuiltIn, |config| Engine::OpenFga(Box::new(config))),
    };
    Authorization {
        engine,
        instance_admins,
        max_role_depth: values.get(&list::ROLE__MAX_NESTING_DEPTH).get(),
        trusted_engines: engine::trusted_engines(values, callers),
        max_referencing_views: values.get(&list::REFERENCED_BY__MAX_NESTING_DEPTH).get(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes, Needs, Sources};
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let variables = variables.iter();
        let environment =
            variables.map(|(name, value)| (format!("LAKEKEEPER__{name}"), (*value).to_owned()));
        let sources = Sources {
            environment: environment.collect(),
            ..Sources::default()
        };
        Config::load(&sources, Needs::Nothing)
    }

    const PROVIDER: (&str, &str) = ("OPENID_PROVIDER_URI", "https://login.example.com");

    #[test]
    fn whoever_is_known_needs_grants_unless_the_operator_says_otherwise() {
        let engine = |variables: &[_]| load(variables).unwrap().authorization.engine;
        assert_eq!(engine(&[]), Engine::AllowAll);
        assert_eq!(engine(&[PROVIDER]), Engine::BuiltIn);
        let off = ("AUTHZ_BACKEND", "allowall");
        assert_eq!(engine(&[PROVIDER, off]), Engine::AllowAll);
    }

    #[test]
    fn nobody_can_be_told_apart_without_authentication() {
        for setting in [
            ("AUTHZ_BACKEND", "builtin"),
            ("INSTANCE_ADMINS", "[\"oidc~a\"]"),
        ] {
            let mistakes = load(&[setting]).unwrap_err();
            let text = mistakes.to_string();
            assert!(
                text.contains(setting.0) && text.contains("OPENID_PROVIDER_URI"),
                "{text}"
            );
        }
    }

    #[test]
    fn administrators_are_a_list_of_user_ids() {
        let some = ("INSTANCE_ADMINS", "[\"oidc~a\", \"kubernetes~b\"]");
        let admins = load(&[PROVIDER, some])
            .unwrap()
            .authorization
            .instance_admins;
        assert_eq!(admins.len(), 2);
        for wrong in ["oidc~a", "[\"a\"]", "[1]", "{}"] {
            assert!(
                load(&[PROVIDER, ("INSTANCE_ADMINS", wrong)]).is_err(),
                "{wrong}"
            );
        }
    }
}
