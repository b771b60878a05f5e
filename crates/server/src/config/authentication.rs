//! Identity providers, from the settings.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use authn::OidcConfig;
use authn::kubernetes::{KubernetesConfig, LegacyTokens};

use super::values::Values;
use super::{list, member};

/// The folder in which Kubernetes puts the service account's token and the cluster's certificate authorities.
const IN_POD: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// How callers are identified. If nothing is configured, all callers are anonymous.
#[derive(Debug, Clone, Default)]
pub struct Authentication {
    /// OpenID providers, in the order in which they are tried.
    pub oidc: Vec<Oidc>,
    /// The Kubernetes cluster whose service accounts are accepted.
    pub kubernetes: Option<KubernetesConfig>,
    /// Whether the operator has confirmed that callers need not be authenticated, so that no warning is needed.
    pub is_anonymous_on_purpose: bool,
}

/// An OpenID provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// The provider, and which of its tokens are accepted.
    pub provider: OidcConfig,
    /// When the provider is connected.
    pub connect: Connect,
}

/// When a provider is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// Before the server listens; if that fails, the server does not start.
    AtStart,
    /// When the first token arrives.
    Lazily,
}

impl From<bool> for Connect {
    fn from(at_start: bool) -> Self {
        if at_start {
            Self::AtStart
        } else {
            Self::Lazily
        }
    }
}

impl Authentication {
    /// Whether callers are authenticated at all.
    pub const fn is_configured(&self) -> bool {
        !self.oidc.is_empty() || self.kubernetes.is_some()
    }

    /// Whether tokens of this identity provider are accepted.
    pub(super) fn knows(&self, provider: &str) -> bool {
        let is_cluster = provider == authn::kubernetes::PROVIDER;
        self.oidc.iter().any(|one| one.provider.id == provider)
            || (is_cluster && self.kubernetes.is_some())
    }
}

/// Reads all providers. `environment` tells whether the server runs in a pod.
pub(super) fn authentication(
    values: &mut Values,
    environment: &BTreeMap<String, String>,
) -> Authentication {
    let first = first(values);
    let further = values.members(member::FAMILY).into_iter();
    let further: Vec<_> = further
        .filter_map(|id| further_one(values, &id.to_ascii_lowercase()))
        .collect();
    let found = Authentication {
        oidc: first.into_iter().chain(further).collect(),
        kubernetes: kubernetes(values, environment),
        is_anonymous_on_purpose: values.get(&list::INSECURE_ALLOW_UNAUTHENTICATED) == Some(true),
    };
    for oidc in &found.oidc {
        warn(values, &oidc.provider);
    }
    if values.get(&list::INSECURE_ALLOW_UNAUTHENTICATED) == Some(false) && !found.is_configured() {
        let rule = "demands authentication, but no identity provider is configured: set LAKEKEEPER__OPENID_PROVIDER_URI";
        values.refuse(&list::INSECURE_ALLOW_UNAUTHENTICATED, rule);
    }
    found
}

fn warn(values: &mut Values, provider: &OidcConfig) {
    let id = &provider.id;
    if provider.audiences.is_empty() {
        values.warn(format!(
            "identity provider `{id}` has no audience set: tokens that it issues for other services are accepted, too"
        ));
    }
    if provider.uri.starts_with("http://") {
        values.warn(format!(
            "the keys of identity provider `{id}` are loaded over `http`, without TLS: they can be replaced on the way"
        ));
    }
}

fn first(values: &mut Values) -> Option<Oidc> {
    let uri = values.get(&list::OPENID_PROVIDER_URI);
    let provider = OidcConfig {
        audiences: values.get(&list::OPENID_AUDIENCE).0,
        additional_issuers: values.get(&list::OPENID_ADDITIONAL_ISSUERS).0,
        scope: values.get(&list::OPENID_SCOPE),
        subject_claims: values.get(&list::OPENID_SUBJECT_CLAIM).0,
        roles_claim: values.get(&list::OPENID_ROLES_CLAIM),
        required_claims: values.get(&list::OPENID_REQUIRED_CLAIMS).0,
        name_template: values
            .get(&list::OPENID_DISPLAY_NAME_TEMPLATE)
            .map(|text| text.0),
        ..OidcConfig::new("oidc", uri.as_ref().map_or("", |uri| uri.0.as_str()))
    };
    let connect: Connect = values
        .get(&list::OPENID_REQUIRE_CONNECTED_ON_STARTUP)
        .into();
    if uri.is_none() {
        let others = [
            values.is_set(&list::OPENID_AUDIENCE),
            values.is_set(&list::OPENID_ADDITIONAL_ISSUERS),
            values.is_set(&list::OPENID_SCOPE),
            values.is_set(&list::OPENID_ROLES_CLAIM),
            values.is_set(&list::OPENID_REQUIRED_CLAIMS),
            values.is_set(&list::OPENID_DISPLAY_NAME_TEMPLATE),
            provider.subject_claims != OidcConfig::new("oidc", "").subject_claims,
            connect == Connect::Lazily,
        ];
        if others.contains(&true) && !values.is_set(&list::OPENID_PROVIDER_URI) {
            let rule = "is missing, but other settings of this provider are set";
            values.refuse(&list::OPENID_PROVIDER_URI, rule);
        }
        return None;
    }
    Some(Oidc { provider, connect })
}

fn further_one(values: &mut Values, id: &str) -> Option<Oidc> {
    let at = &member::stem(id);
    let uri = values.get_of(at, &member::URI);
    let provider = OidcConfig {
        audiences: values.get_of(at, &member::AUDIENCE).0,
        additional_issuers: values.get_of(at, &member::ADDITIONAL_ISSUERS).0,
        scope: values.get_of(at, &member::SCOPE),
        subject_claims: values.get_of(at, &member::SUBJECT_CLAIMS).0,
        roles_claim: values.get_of(at, &member::ROLES_CLAIM),
        required_claims: values.get_of(at, &member::REQUIRED_CLAIMS).0,
        name_template: values
            .get_of(at, &member::DISPLAY_NAME_TEMPLATE)
            .map(|text| text.0),
        ..OidcConfig::new(id, uri.as_ref().map_or("", |uri| uri.0.as_str()))
    };
    let connect = values
        .get_of(at, &member::REQUIRE_CONNECTED_ON_STARTUP)
        .into();
    if uri.is_none() {
        values.refuse_of(at, &member::URI, "is missing: a provider needs its URL");
        return None;
    }
    Some(Oidc { provider, connect })
}

fn kubernetes(
    values: &mut Values,
    environment: &BTreeMap<String, String>,
) -> Option<KubernetesConfig> {
    let is_enabled = values.get(&list::ENABLE_KUBERNETES_AUTHENTICATION);
    let configured = values
        .get(&list::KUBERNETES_AUTHENTICATION_API_URL)
        .map(|url| url.0);
    let ca_file = values.get(&list::KUBERNETES_AUTHENTICATION_CA_PATH);
    let accepts_legacy = values.get(&list::KUBERNETES_AUTHENTICATION_ACCEPT_LEGACY_SERVICEACCOUNT);
    let legacy_tokens = if accepts_legacy {
        LegacyTokens::Accepted
    } else {
        LegacyTokens::Refused
    };
    let found = KubernetesConfig {
        ca_file: match &configured {
            None => ca_file.or_else(|| Some(PathBuf::from(IN_POD).join("ca.crt"))),
            Some(_) => ca_file,
        },
        api: configured
            .or_else(|| api_of_pod(environment))
            .unwrap_or_default(),
        token_file: values.get(&list::KUBERNETES_AUTHENTICATION_TOKEN_PATH),
        audiences: values.get(&list::KUBERNETES_AUTHENTICATION_AUDIENCE).0,
        legacy_tokens,
        subject: values
            .get(&list::KUBERNETES_AUTHENTICATION_SUBJECT_SOURCE)
            .into(),
    };
    if !is_enabled {
        return None;
    }
    if found.api.is_empty() {
        let rule = "the server does not run in a pod (`KUBERNETES_SERVICE_HOST` is not set): set \
                    LAKEKEEPER__KUBERNETES_AUTHENTICATION_API_URL";
        values.refuse(&list::ENABLE_KUBERNETES_AUTHENTICATION, rule);
    }
    if found.audiences.is_empty() {
        values.warn(
            "LAKEKEEPER__KUBERNETES_AUTHENTICATION_AUDIENCE is not set: tokens for the API server itself are accepted, too",
        );
    }
    Some(found)
}

/// The URL of the API server, from the variables that Kubernetes sets in each container.
fn api_of_pod(environment: &BTreeMap<String, String>) -> Option<String> {
    let set = |name| environment.get(name).filter(|text| !text.is_empty());
    let host = set("KUBERNETES_SERVICE_HOST")?;
    let port = set("KUBERNETES_SERVICE_PORT").map_or("443", String::as_str);
    // IPv6 addresses are written in brackets.
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.clone()
    };
    Some(format!("https://{host}:{port}"))
}
