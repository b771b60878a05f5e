//! Settings of further OpenID providers, each under a name that the operator chooses:
//! `LAKEKEEPER__OPENID_PROVIDERS__<ID>__URI`.

use model::RoleIdent;

use super::mistake::Mistake;
use super::nearest::nearest;
use super::setting::{Described, Group, Setting, settings};
use super::value::{NameTemplateText, ProviderUrl, RequiredClaims, Words};

/// The start of the names of these settings, without [`super::source::PREFIX`].
pub(super) const FAMILY: &str = "OPENID_PROVIDERS__";
/// Names that a provider cannot have: `oidc` and `kubernetes` start the ids of other providers' users, and
/// `lakekeeper` and `system` are the providers of the catalog's own roles, which a group of a provider with such a
/// name could pass for.
const RESERVED: [&str; 4] = [
    "oidc",
    authn::kubernetes::PROVIDER,
    RoleIdent::LAKEKEEPER,
    RoleIdent::SYSTEM,
];

settings! {
    "Further OpenID providers" "Any number of providers, each under a name that you choose:
    `LAKEKEEPER__OPENID_PROVIDERS__<ID>__URI` and so on. The ids of a provider's users start with its name:
    `okta~1234` is a user of `okta`. `<ID>` has letters, digits and `-`, and is read in lower case; `oidc`,
    `kubernetes`, `lakekeeper` and `system` are reserved. A token is checked by the first provider that has its issuer
    and one of its audiences: first that of `LAKEKEEPER__OPENID_PROVIDER_URI`, then these in the order of their names,
    then Kubernetes." {
        /// URL of the provider. Its discovery document must be at `/.well-known/openid-configuration` below this URL.
        /// Required.
        URI: Option<ProviderUrl> = None;
        /// Accepted audiences: a token's `aud` must contain one of them. If not set, tokens for any audience are
        /// accepted.
        AUDIENCE: Words = Words::default();
        /// Accepted issuers besides the one in the discovery document. Their tokens must be signed with keys of the
        /// provider.
        ADDITIONAL_ISSUERS: Words = Words::default();
        /// A scope that tokens must have, in `scope` or `scp`.
        SCOPE: Option<String> = None;
        /// Claims that identify the user; the first one that the token has is used.
        SUBJECT_CLAIMS or "SUBJECT_CLAIM": Words = Words(vec!["oid".to_owned(), "sub".to_owned()]);
        /// Claim with the user's roles; may be a path such as `resource_access.lakekeeper.roles`.
        ROLES_CLAIM: Option<String> = None;
        /// Claims that tokens must have: `email_verified` (it exists and is neither `null` nor `false`), or
        /// `org=acme` (it is this value or a list that contains it).
        REQUIRED_CLAIMS: RequiredClaims = RequiredClaims::default();
        /// Display name for users whose tokens contain none, with other claims in braces.
        DISPLAY_NAME_TEMPLATE: Option<NameTemplateText> = None;
        /// If `true`, the server does not start unless it can reach the provider. If `false`, it connects to the
        /// provider with the first token.
        REQUIRE_CONNECTED_ON_STARTUP: bool = true;
    }
}

/// All settings of a further provider.
pub(super) fn settings() -> impl Iterator<Item = &'static dyn Described> + Clone {
    GROUPS
        .iter()
        .flat_map(|group| group.settings.iter().copied())
}

/// A setting that is set for one member of a family, such as one of several providers.
pub(super) struct Member {
    /// The start of the names of this member's settings, without [`super::source::PREFIX`].
    pub(super) stem: String,
    pub(super) setting: &'static dyn Described,
    pub(super) is_file: bool,
}

/// Finds the setting that the rest of a name after [`FAMILY`] means.
///
/// An unknown name is always a mistake here, not a warning: a slip in `AUDIENCE` must not let anybody in.
pub(super) fn member(rest: &str, subject: &str) -> Result<Member, Mistake> {
    let refused = |rule: &str| Err(Mistake::new(subject, rule));
    let Some((id, field)) = rest.split_once("__") else {
        return refused("must be named as in `LAKEKEEPER__OPENID_PROVIDERS__OKTA__URI`");
    };
    let id = id.to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 64 || !id.chars().all(is_word) {
        return refused("the provider's name must have 1 to 64 characters out of a-z, 0-9 and `-`");
    }
    if RESERVED.contains(&id.as_str()) {
        return refused(
            "the provider's name is reserved: `oidc` is the provider of LAKEKEEPER__OPENID_PROVIDER_URI, `kubernetes` the \
             cluster, and `lakekeeper` and `system` the providers of the catalog's own roles; choose another name",
        );
    }
    let (setting, is_file) =
        setting_of(field, &settings()).map_err(|rule| Mistake::new(subject, rule))?;
    Ok(Member {
        stem: stem(&id),
        setting,
        is_file,
    })
}

/// The start of the names of this provider's settings.
pub(super) fn stem(id: &str) -> String {
    format!("{FAMILY}{}", id.to_ascii_uppercase())
}

/// The setting with this name, and whether the name has the suffix `_FILE`, so that the value is the path of a file.
pub(super) fn setting_of(
    field: &str,
    among: &(impl Iterator<Item = &'static dyn Described> + Clone),
) -> Result<(&'static dyn Described, bool), String> {
    let named = |name: &str| {
        let mut all = among.clone();
        all.find(|one| one.name() == name || one.aliases().contains(&name))
    };
    let found = named(field).map(|setting| (setting, false));
    let by_file = || field.strip_suffix("_FILE").and_then(named);
    let found = found.or_else(|| by_file().map(|setting| (setting, true)));
    found.ok_or_else(|| {
        let near = nearest(field, among.clone().map(Described::name));
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        format!("there is no setting `{field}`{near}")
    })
}
