//! The admission gate: `LAKEKEEPER__ADMISSION_ENFORCE__ENDPOINT` and so on, and the settings of each check:
//! `LAKEKEEPER__ADMISSION_ENFORCE__CHECKS__<NAME>__BODY`.

use std::path::PathBuf;
use std::time::Duration;

use admission::{BodyTemplate, Check, CheckKind, TokenRelay};
use model::RoleIdent;

use super::member::{Member, setting_of};
use super::mistake::Mistake;
use super::setting::{Described, Group, Setting, settings};
use super::value::{AdmissionCheckKind, AdmissionTokens, Count, Headers, WebhookUrl};
use super::values::Values;
use super::{Authentication, list};

/// The start of all names that the gate's own file may contain, without [`super::source::PREFIX`].
pub(super) const ALL: &str = "ADMISSION_ENFORCE__";
/// The start of the names of checks' settings, without [`super::source::PREFIX`].
pub(super) const FAMILY: &str = "ADMISSION_ENFORCE__CHECKS__";

pub(super) type Seconds<const LEAST: u32> = Count<LEAST, 86_400>;

settings! {
    "Checks of the admission gate" "The questions that the service is asked about each caller, each under a name that
    you choose: `LAKEKEEPER__ADMISSION_ENFORCE__CHECKS__<NAME>__BODY` and so on, where `<NAME>` has letters, digits
    and `_`. There must be at least one. Checks that may reject a request (`gating`) are asked first, then the others,
    both in the order of their names." {
        /// What the service's answer `403` means: `gating`: the request is rejected; `role_granting`: the caller does
        /// not get the role. Required.
        KIND: Option<AdmissionCheckKind> = None;
        /// Body of the question: any JSON. In its texts, `{{subject}}` is replaced by the caller's id without the
        /// provider's name, and `{{idp_id}}` by the identity provider. Required.
        BODY: Option<String> = None;
        /// The `source-id` of the role that callers get for the request if the check passes. Required.
        ROLE_SOURCE_ID: Option<String> = None;
        /// The `provider-id` of that role, if it differs from `LAKEKEEPER__ADMISSION_ENFORCE__ROLE_PROVIDER_ID`.
        ROLE_PROVIDER_ID: Option<String> = None;
    }
}

/// The admission gate: a service that is asked about each caller.
#[derive(Debug, Clone)]
pub struct AdmissionSettings {
    /// URL of the service; may contain secrets.
    pub endpoint: WebhookUrl,
    /// The identity provider whose users the service is asked about.
    pub idp_id: String,
    /// The questions that the service is asked.
    pub checks: Vec<Check>,
    /// Further headers of requests to the service.
    pub headers: Headers,
    /// Whether the caller's token is sent to the service.
    pub relay: TokenRelay,
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub root_certificates: Option<PathBuf>,
    /// How long a decision is reused.
    pub cache_life: Duration,
    /// Most decisions that are kept.
    pub cache_entries: usize,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// The `Retry-After` that callers get if there is no decision.
    pub retry_after: Duration,
}

/// All settings of a check.
pub(super) fn settings() -> impl Iterator<Item = &'static dyn Described> + Clone {
    GROUPS
        .iter()
        .flat_map(|group| group.settings.iter().copied())
}

/// Finds the setting that the rest of a name after [`FAMILY`] means.
///
/// An unknown name is always a mistake here, not a warning: a slip must not change who is admitted.
pub(super) fn member(rest: &str, subject: &str) -> Result<Member, Mistake> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some((name, field)) = rest.split_once("__") else {
        let rule = "must be named as in `LAKEKEEPER__ADMISSION_ENFORCE__CHECKS__ACCESS__BODY`";
        return Err(Mistake::new(subject, rule));
    };
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_word) {
        let rule = "the check's name must have 1 to 64 characters out of a-z, 0-9 and `_`";
        return Err(Mistake::new(subject, rule));
    }
    let (setting, is_file) =
        setting_of(field, &settings()).map_err(|rule| Mistake::new(subject, rule))?;
    Ok(Member {
        stem: format!("{FAMILY}{name}"),
        setting,
        is_file,
    })
}

/// The gate, if any of its settings that have no default is set.
pub(super) fn admission(
    values: &mut Values,
    callers: &Authentication,
) -> Option<AdmissionSettings> {
    let provider = values.get(&list::ADMISSION_ENFORCE__ROLE_PROVIDER_ID);
    let names = values.members(FAMILY);
    let checks = names
        .iter()
        .filter_map(|name| check(values, name, provider.as_deref()));
    let checks: Vec<_> = checks.collect();
    let endpoint = values.get(&list::ADMISSION_ENFORCE__ENDPOINT);
    let idp_id = values.get(&list::ADMISSION_ENFORCE__IDP_ID);
    let seconds = |count: u32| Duration::from_secs(count.into());
    let relay = values.get(&list::ADMISSION_ENFORCE__AUTH__TYPE);
    let entries = values
        .get(&list::ADMISSION_ENFORCE__CACHE_MAX_ENTRIES)
        .get();
    let cache_life = values.get(&list::ADMISSION_ENFORCE__CACHE_TTL_SECS).get();
    let timeout = values
        .get(&list::ADMISSION_ENFORCE__REQUEST_TIMEOUT_SECS)
        .get();
    let connect = values
        .get(&list::ADMISSION_ENFORCE__CONNECT_TIMEOUT_SECS)
        .get();
    let retry = &list::ADMISSION_ENFORCE__UNAVAILABLE_RETRY_AFTER_SECS;
    let retry_after = values.get(retry).get();
    let headers = values.get(&list::ADMISSION_ENFORCE__HEADERS);
    let roots = values.get(&list::ADMISSION_ENFORCE__ROOT_CERT);
    let is_any_set = values.is_set(&list::ADMISSION_ENFORCE__ENDPOINT)
        || values.is_set(&list::ADMISSION_ENFORCE_FILE)
        || idp_id.is_some()
        || provider.is_some()
        || relay.is_some()
        || !headers.0.is_empty()
        || !names.is_empty();
    if !is_any_set {
        return None;
    }
    require(
        values,
        endpoint.as_ref(),
        idp_id.as_deref(),
        provider.as_deref(),
    );
    if names.is_empty() {
        let rule =
            "has no checks: set LAKEKEEPER__ADMISSION_ENFORCE__CHECKS__<NAME>__BODY and so on";
        values.refuse(&list::ADMISSION_ENFORCE__ENDPOINT, rule);
    }
    if let Some(idp_id) = &idp_id {
        check_provider(values, callers, idp_id);
    }
    if relay.is_some() && headers.0.contains_key("authorization") {
        let rule = "forwards the caller's token, but HEADERS has an `authorization`, too: set only one of them";
        values.refuse(&list::ADMISSION_ENFORCE__AUTH__TYPE, rule);
    }
    Some(AdmissionSettings {
        endpoint: endpoint?,
        idp_id: idp_id?,
        checks,
        headers,
        relay: match relay {
            Some(AdmissionTokens::Forwarded) => TokenRelay::Forwarded,
            None => TokenRelay::Withheld,
        },
        root_certificates: roots,
        cache_life: seconds(cache_life),
        cache_entries: entries as usize,
        timeout: seconds(timeout),
        connect_timeout: seconds(connect),
        retry_after: seconds(retry_after),
    })
}

/// Refuses an identity provider that is not configured: the gate would ask about nobody and admit everybody.
fn check_provider(values: &mut Values, callers: &Authentication, idp_id: &str) {
    if callers.knows(idp_id) {
        return;
    }
    let rule =
        "is no identity provider that is configured: the service would be asked about no caller";
    if callers.is_configured() {
        values.refuse(&list::ADMISSION_ENFORCE__IDP_ID, rule);
    } else {
        values.warn(format!("LAKEKEEPER__ADMISSION_ENFORCE__IDP_ID {rule}"));
    }
}

fn require(
    values: &mut Values,
    endpoint: Option<&WebhookUrl>,
    idp_id: Option<&str>,
    provider: Option<&str>,
) {
    let rule = "is missing, but other settings of the admission gate are set";
    if endpoint.is_none() && !values.is_set(&list::ADMISSION_ENFORCE__ENDPOINT) {
        values.refuse(&list::ADMISSION_ENFORCE__ENDPOINT, rule);
    }
    if idp_id.is_none() {
        values.refuse(&list::ADMISSION_ENFORCE__IDP_ID, rule);
    }
    if provider.is_none() {
        values.refuse(&list::ADMISSION_ENFORCE__ROLE_PROVIDER_ID, rule);
    }
}

fn check(values: &mut Values, name: &str, provider: Option<&str>) -> Option<Check> {
    let at = &format!("{FAMILY}{name}");
    let kind = values.get_of(at, &KIND);
    let body = values.get_of(at, &BODY);
    let source = values.get_of(at, &ROLE_SOURCE_ID);
    let own = values.get_of(at, &ROLE_PROVIDER_ID);
    let missing = "is missing: a check needs KIND, BODY and ROLE_SOURCE_ID";
    if kind.is_none() {
        values.refuse_of(at, &KIND, missing);
    }
    let body = match body.as_deref().map(BodyTemplate::parse) {
        Some(Ok(body)) => Some(body),
        Some(Err(error)) => {
            values.refuse_of(at, &BODY, &error.to_string());
            None
        }
        None => {
            values.refuse_of(at, &BODY, missing);
            None
        }
    };
    if source.is_none() {
        values.refuse_of(at, &ROLE_SOURCE_ID, missing);
    }
    let provider = own.as_deref().or(provider)?;
    let role = RoleIdent::new(provider, &source?);
    let role = match role {
        Ok(role) if role.provider() != RoleIdent::SYSTEM => role,
        Ok(_) => {
            let rule = "must not be `system`: the catalog itself makes the roles of that provider";
            values.refuse_of(at, &ROLE_PROVIDER_ID, rule);
            return None;
        }
        Err(error) => {
            values.refuse_of(at, &ROLE_SOURCE_ID, &format!("names no role: {error}"));
            return None;
        }
    };
    Some(Check {
        name: name.to_ascii_lowercase(),
        kind: match kind? {
            AdmissionCheckKind::Gating => CheckKind::Gating,
            AdmissionCheckKind::RoleGranting => CheckKind::RoleGranting,
        },
        body: body?,
        role,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes, Needs, Sources};
    use super::*;

    const TOML: &str = r#"
[admission_enforce]
endpoint         = "https://control-plane.internal/v1/authorize?key=hunter2"
idp_id           = "oidc"
role_provider_id = "control-plane"
cache_ttl_secs   = 90

[admission_enforce.auth]
type = "forward_caller_token"

[admission_enforce.headers]
"x-api-key" = "hunter2"

[admission_enforce.checks.instance_access]
kind           = "gating"
role_source_id = "instance-access"
body = '''
{ "subject": "{{subject}}",
  "actions": ["workflows.instance.read"] }
'''

[admission_enforce.checks.workflow_editor]
kind             = "role_granting"
role_source_id   = "workflow-editor"
role_provider_id = "other"
body = '{ "input": { "user": "{{subject}}", "idp": "{{idp_id}}" } }'
"#;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let provider = ("LAKEKEEPER__OPENID_PROVIDER_URI", "https://idp.example");
        let named = |(name, value): &(&str, &str)| {
            (
                format!("LAKEKEEPER__ADMISSION_ENFORCE_{name}"),
                (*value).to_owned(),
            )
        };
        let provider = (provider.0.to_owned(), provider.1.to_owned());
        let all = variables.iter().map(named).chain([provider]);
        let sources = Sources {
            environment: all.collect(),
            ..Sources::default()
        };
        Config::load(&sources, Needs::Nothing)
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_file_of_lakekeeper_is_read_and_variables_win() {
        let file = file(TOML);
        let path = file.path().to_str().unwrap();
        let config = load(&[("FILE", path), ("_CACHE_MAX_ENTRIES", "7")]).unwrap();
        let found = config.admission.as_ref().unwrap();
        assert_eq!(found.idp_id, "oidc");
        assert_eq!(found.relay, TokenRelay::Forwarded);
        assert_eq!(found.cache_life, Duration::from_secs(90));
        assert_eq!(found.cache_entries, 7);
        assert_eq!(found.timeout, Duration::from_secs(5));
        assert_eq!(found.connect_timeout, Duration::from_secs(2));
        assert_eq!(found.retry_after, Duration::from_secs(5));
        assert_eq!(found.headers.0["x-api-key"], "hunter2");
        let [access, editor] = found.checks.as_slice() else {
            panic!("{:?}", found.checks)
        };
        assert_eq!(access.name, "instance_access");
        assert_eq!(access.kind, CheckKind::Gating);
        assert_eq!(access.role.to_string(), "control-plane~instance-access");
        assert_eq!(editor.kind, CheckKind::RoleGranting);
        assert_eq!(editor.role.to_string(), "other~workflow-editor");
        let body = editor.body.fill("ada", "oidc");
        assert_eq!(body, r#"{ "input": { "user": "ada", "idp": "oidc" } }"#);
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let own = load(&[
            ("FILE", path),
            ("_CHECKS__INSTANCE_ACCESS__ROLE_SOURCE_ID", "x"),
        ]);
        let own = own.unwrap().admission.unwrap();
        assert_eq!(own.checks[0].role.source(), "x");
    }

    const ACCESS: [(&str, &str); 6] = [
        ("_ENDPOINT", "https://control-plane.internal/v1/authorize"),
        ("_IDP_ID", "oidc"),
        ("_ROLE_PROVIDER_ID", "control-plane"),
        ("_CHECKS__ACCESS__KIND", "gating"),
        ("_CHECKS__ACCESS__BODY", r#"{"subject":"{{subject}}"}"#),
        ("_CHECKS__ACCESS__ROLE_SOURCE_ID", "access"),
    ];

    #[test]
    fn variables_alone_are_enough() {
        assert!(load(&[]).unwrap().admission.is_none());
        let found = load(&ACCESS).unwrap().admission.unwrap();
        assert_eq!(found.relay, TokenRelay::Withheld);
        assert_eq!(found.cache_life, Duration::from_mins(1));
        assert_eq!(found.cache_entries, 10_000);
        assert_eq!(found.checks.len(), 1);
        let relayed = [&ACCESS[..], &[("_AUTH__TYPE", "forward_caller_token")]].concat();
        let relayed = load(&relayed).unwrap().admission.unwrap();
        assert_eq!(relayed.relay, TokenRelay::Forwarded);
    }

    #[test]
    fn what_leaves_open_who_is_let_in_is_refused() {
        let without = |name: &str| {
            let rest = ACCESS
                .into_iter()
                .filter(|(other, _)| !other.starts_with(name));
            rest.collect::<Vec<_>>()
        };
        let with = |name, value| [&without(name)[..], &[(name, value)]].concat();
        for (variables, part) in [
            (without("_ENDPOINT"), "ENDPOINT: is missing"),
            (without("_IDP_ID"), "IDP_ID: is missing"),
            (without("_ROLE_PROVIDER_ID"), "ROLE_PROVIDER_ID: is missing"),
            (without("_CHECKS"), "has no checks"),
            (without("_CHECKS__ACCESS__KIND"), "KIND: is missing"),
            (without("_CHECKS__ACCESS__BODY"), "BODY: is missing"),
            (
                without("_CHECKS__ACCESS__ROLE_SOURCE_ID"),
                "ROLE_SOURCE_ID: is missing",
            ),
            (with("_ENDPOINT", "control-plane"), "must be a URL"),
            (with("_IDP_ID", "okta"), "no identity provider"),
            (with("_ROLE_PROVIDER_ID", "system"), "`system`"),
            (with("_ROLE_PROVIDER_ID", "A B"), "names no role"),
            (
                with("_CHECKS__ACCESS__KIND", "gate"),
                "`gating`, `role_granting`",
            ),
            (with("_CHECKS__ACCESS__BODY", "{"), "is no JSON"),
            (with("_CHECKS__ACCESS__BODY", r#"["{{user}}"]"#), "{{user}}"),
            (with("_CHECKS__ACCESS__BODI", "{}"), "no setting `BODI`"),
            (with("_CHECKS__A-B__BODY", "{}"), "1 to 64"),
            (with("_AUTH__TYPE", "basic"), "forward_caller_token"),
            (with("_HEADERS__X", "y"), "HEADERS="),
            (with("_CACHE_MAX_ENTRIES", "0"), "CACHE_MAX_ENTRIES"),
            (with("FILE", "/nowhere"), "cannot be read"),
        ] {
            let mistakes = load(&variables).unwrap_err().to_string();
            assert!(mistakes.contains(part), "{variables:?}: {mistakes}");
        }
    }

    #[test]
    fn its_file_has_nothing_else() {
        let file = file("[admission_enforce]\nidp_id = \"oidc\"\n[other]\nlisten_port = 1\n");
        let path = file.path().to_str().unwrap();
        let mistakes = load(&[("FILE", path)]).unwrap_err().to_string();
        assert!(mistakes.contains("`other.listen_port`"), "{mistakes}");
    }
}
