//! Settings that there may be several of, each set under a name that the operator chooses:
//! `LAKEKEEPER__OPENID_PROVIDERS__<ID>__URI`.

use model::RoleIdent;

use super::mistake::Mistake;
use super::nearest::nearest;
use super::setting::{Described, Group, Setting, settings};
use super::value::{NameTemplateText, ProviderUrl, RequiredClaims, Words};

/// What the names of their variables have in common, without the prefix of all.
pub(super) const FAMILY: &str = "OPENID_PROVIDERS__";
/// Names that users of other providers have, and those of roles that no provider knows: a group of a provider that is called so would be in
/// the catalog's own role of that name.
const RESERVED: [&str; 4] = [
    "oidc",
    authn::kubernetes::PROVIDER,
    RoleIdent::LAKEKEEPER,
    RoleIdent::SYSTEM,
];

settings! {
    "Further OpenID providers" "As many as there are names for: `LAKEKEEPER__OPENID_PROVIDERS__<ID>__URI` and so on. `<ID>` is
    what the ids of its users start with: `okta` makes `okta~1234`. It is read in lower case and has letters, digits and `-`;
    `oidc`, `kubernetes`, `lakekeeper` and `system` are taken. A token goes to the first provider that has its issuer and one of its audiences: the one of
    `LAKEKEEPER__OPENID_PROVIDER_URI`, then these in the order of their names, then Kubernetes." {
        /// Address of the provider; its discovery document is below, at `/.well-known/openid-configuration`. Required.
        URI: Option<ProviderUrl> = None;
        /// Whom tokens must be meant for (`aud`), one of them. Without it, tokens for whomever are accepted.
        AUDIENCE: Words = Words::default();
        /// Issuers that are accepted besides the one in the discovery document.
        ADDITIONAL_ISSUERS: Words = Words::default();
        /// A scope that tokens must have (`scope` or `scp`).
        SCOPE: Option<String> = None;
        /// Claims that name the user; the first that is there counts.
        SUBJECT_CLAIMS or "SUBJECT_CLAIM": Words = Words(vec!["oid".to_owned(), "sub".to_owned()]);
        /// The claim that names roles, possibly a path: `resource_access.lakekeeper.roles`.
        ROLES_CLAIM: Option<String> = None;
        /// Claims that tokens must have: `email_verified` (there, and neither `null` nor `false`), or `org=acme` (the value, or
        /// one of several).
        REQUIRED_CLAIMS: RequiredClaims = RequiredClaims::default();
        /// What to call users whose tokens hold no name, made of other claims.
        DISPLAY_NAME_TEMPLATE: Option<NameTemplateText> = None;
        /// Whether the server starts only if the provider can be reached. Otherwise it is connected with the first token.
        REQUIRE_CONNECTED_ON_STARTUP: bool = true;
    }
}

/// All of them.
pub(super) fn settings() -> impl Iterator<Item = &'static dyn Described> + Clone {
    GROUPS
        .iter()
        .flat_map(|group| group.settings.iter().copied())
}

/// A setting by the rest of its name, and whether it is the name of a file that holds the value.
pub(super) struct Member {
    /// What the names of its settings start with, without the prefix of all.
    pub(super) stem: String,
    pub(super) setting: &'static dyn Described,
    pub(super) is_file: bool,
}

/// What a name behind [`FAMILY`] means.
///
/// An unknown one is a mistake, whatever is done with other unknown names: a slip in `AUDIENCE` must let nobody in.
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
            "the provider's name is taken: `oidc` is LAKEKEEPER__OPENID_PROVIDER_URI, `kubernetes` the cluster, \
             `lakekeeper` and `system` are roles of the catalog",
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

/// What the names of a provider's variables start with.
pub(super) fn stem(id: &str) -> String {
    format!("{FAMILY}{}", id.to_ascii_uppercase())
}

/// The setting that the last part of a name means, and whether it is the name of a file that holds the value.
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
