//! Contract verifiers: `LAKEKEEPER__CONTRACT_VERIFICATION__URL` for a single one; for several, each under a name that
//! the operator chooses: `LAKEKEEPER__CONTRACT_VERIFICATION__<NAME>__URL`.

use std::path::PathBuf;
use std::time::Duration;

use outbound::Signature;
use secrets::Plaintext;

use super::member::{Member, setting_of};
use super::mistake::Mistake;
use super::setting::{Described, Group, Setting, settings};
use super::value::{ByteCount, Count, Headers, OnFailure, Span, WebhookUrl};
use super::values::Values;

/// The start of the names of these settings, without [`super::source::PREFIX`].
pub(super) const FAMILY: &str = "CONTRACT_VERIFICATION__";
/// [`FAMILY`] without the separator `__`.
pub(super) const BARE: &str = "CONTRACT_VERIFICATION";
/// The name of the verifier whose settings name none.
const NAMELESS: &str = "default";
/// Longest timeout: engines do not wait longer for a commit.
const LONGEST: Duration = Duration::from_mins(1);
/// Smallest limit on requests, in bytes: the description of the caller alone may take this much.
const SMALLEST: u64 = 4 << 10;

settings! {
    "Approval" "A service that must allow each change of a table, view or generic table; see `docs/approval.md`. If
    there are several services, each has a name: `LAKEKEEPER__CONTRACT_VERIFICATION__<NAME>__URL` and so on, where
    `<NAME>` has letters, digits and `-`. They are asked one after another: first the service without a name, then the
    others in the order of their names. As soon as one denies the change, the change is refused and no other is asked." {
        /// URL that each proposed change is sent to as an HTTP `POST`. Required.
        URL: Option<WebhookUrl> = None;
        /// How long the service may take to answer; at most one minute.
        TIMEOUT: Span = Span::seconds(5);
        /// What happens to a change if the service does not answer in time or its answer is not understood. `deny`:
        /// it is refused with status 503. `allow`: it is made, and this is logged.
        ON_FAILURE: OnFailure = OnFailure::Deny;
        /// Bearer token for the service.
        TOKEN: Option<Plaintext> = None;
        /// Headers sent to the service: `{"x-api-key"="…"}`.
        HEADERS: Headers = Headers::default();
        /// Key that requests are signed with (HMAC-SHA-256, as <https://www.standardwebhooks.com> describes):
        /// `whsec_` followed by the key in base64, or any text.
        SECRET: Option<Signature> = None;
        /// PEM file with the certificate authorities to trust instead of the system's.
        ROOT_CERT: Option<PathBuf> = None;
        /// Most concurrent requests to the service; further ones wait.
        MAX_CONCURRENT: Count<1, 1_000> = Count::<1, 1_000>::clamped(32);
        /// Largest request to the service: the proposed change as JSON, including old and new metadata. Larger
        /// changes are denied.
        MAX_REQUEST_SIZE: ByteCount = ByteCount::mib(64);
    }
}

/// A service that must allow changes.
#[derive(Debug, Clone)]
pub struct VerifierSettings {
    /// The name of the verifier, in lower case.
    pub name: String,
    /// URL of the service; may contain secrets.
    pub url: WebhookUrl,
    /// How long the service may take to answer.
    pub timeout: Duration,
    /// What happens to a change if the service makes no decision.
    pub on_failure: OnFailure,
    /// Bearer token for the service.
    pub token: Option<Plaintext>,
    /// Further headers of requests to the service.
    pub headers: Headers,
    /// The key that requests are signed with.
    pub signature: Option<Signature>,
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub root_certificates: Option<PathBuf>,
    /// Most concurrent requests to the service.
    pub max_concurrent: u32,
    /// Largest request, in bytes.
    pub max_request: u64,
}

/// All settings of a verifier.
pub(super) fn settings() -> impl Iterator<Item = &'static dyn Described> + Clone {
    GROUPS
        .iter()
        .flat_map(|group| group.settings.iter().copied())
}

/// Finds the setting that the rest of a name after [`FAMILY`] means.
///
/// An unknown name is always a mistake here, not a warning: a slip must not keep a verifier from being asked.
pub(super) fn member(rest: &str, subject: &str) -> Result<Member, Mistake> {
    let (stem, field) = match rest.split_once("__") {
        None => (BARE.to_owned(), rest),
        Some((name, field)) => (format!("{FAMILY}{name}"), field),
    };
    let name = stem.strip_prefix(FAMILY).unwrap_or(NAMELESS);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_word) {
        let rule = "the verifier's name must have 1 to 64 characters out of A-Z, 0-9 and `-`";
        return Err(Mistake::new(subject, rule));
    }
    let (setting, is_file) =
        setting_of(field, &settings()).map_err(|rule| Mistake::new(subject, rule))?;
    Ok(Member {
        stem,
        setting,
        is_file,
    })
}

/// All configured verifiers, in the order in which they are asked.
pub(super) fn verifiers(values: &mut Values) -> Vec<VerifierSettings> {
    let names = values.members(BARE).into_iter();
    let all = names.filter_map(|rest| one(values, &format!("{BARE}{rest}")));
    all.collect()
}

fn one(values: &mut Values, at: &str) -> Option<VerifierSettings> {
    let name = at.strip_prefix(FAMILY).unwrap_or(NAMELESS);
    let Some(url) = values.get_of(at, &URL) else {
        let rule = "is missing or wrong: a verifier needs the URL of its service";
        values.refuse_of(at, &URL, rule);
        return None;
    };
    let found = VerifierSettings {
        name: name.to_ascii_lowercase(),
        url,
        timeout: values.get_of(at, &TIMEOUT).0,
        on_failure: values.get_of(at, &ON_FAILURE),
        token: values.get_of(at, &TOKEN),
        headers: values.get_of(at, &HEADERS),
        signature: values.get_of(at, &SECRET),
        root_certificates: values.get_of(at, &ROOT_CERT),
        max_concurrent: values.get_of(at, &MAX_CONCURRENT).get(),
        max_request: values.get_of(at, &MAX_REQUEST_SIZE).0,
    };
    if found.timeout.is_zero() || found.timeout > LONGEST {
        let rule = "must be more than 0 s and at most one minute";
        values.refuse_of(at, &TIMEOUT, rule);
    }
    if found.max_request < SMALLEST {
        values.refuse_of(at, &MAX_REQUEST_SIZE, "must be at least 4 KiB");
    }
    if found.token.is_some() && found.headers.0.contains_key("authorization") {
        let rule = "is set, but HEADERS has an `authorization`, too: set one of them";
        values.refuse_of(at, &TOKEN, rule);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes, Needs, Sources};
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let named = |name: &str| format!("LAKEKEEPER__CONTRACT_VERIFICATION__{name}");
        let all = variables.iter();
        let sources = Sources {
            environment: all
                .map(|(name, value)| (named(name), (*value).to_owned()))
                .collect(),
            ..Sources::default()
        };
        Config::load(&sources, Needs::Nothing)
    }

    #[test]
    fn one_needs_no_name_and_several_are_asked_in_order() {
        assert!(load(&[]).unwrap().verifiers.is_empty());
        let config = load(&[
            ("ZOO__URL", "https://zoo.example"),
            ("ZOO__ON_FAILURE", "allow"),
            ("ZOO__TIMEOUT", "250ms"),
            ("URL", "https://contracts.example/?token=hunter2"),
            ("TOKEN", "hunter2"),
            ("HEADERS", r#"{"x-api-key"="hunter2"}"#),
            ("A-1__URL", "http://a.example"),
        ]);
        let config = config.unwrap();
        let names = config.verifiers.iter().map(|one| one.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["default", "a-1", "zoo"]);
        let [first, _, zoo] = config.verifiers.as_slice() else {
            panic!("{:?}", config.verifiers)
        };
        assert_eq!(zoo.timeout, Duration::from_millis(250));
        assert_eq!(zoo.on_failure, OnFailure::Allow);
        assert_eq!(first.on_failure, OnFailure::Deny);
        assert_eq!(first.headers.0["x-api-key"], "hunter2");
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_leaves_open_who_is_asked_is_refused() {
        let url = ("URL", "https://a.example");
        for (variables, part) in [
            (vec![("TIMEOUT", "1s")], "URL: is missing"),
            (vec![("A__TIMEOUT", "1s")], "A__URL"),
            (vec![("URL", "a.example")], "must be a URL"),
            (vec![url, ("TIMEOUT", "0s")], "one minute"),
            (vec![url, ("TIMEOUT", "61s")], "one minute"),
            (vec![url, ("MAX_REQUEST_SIZE", "4095")], "4 KiB"),
            (vec![url, ("MAX_CONCURRENT", "0")], "MAX_CONCURRENT"),
            (vec![url, ("FAIL_OPEN", "true")], "no setting `FAIL_OPEN`"),
            (vec![url, ("ON_FAILURE", "open")], "`deny`, `allow`"),
            (vec![url, ("A_B__URL", "http://a.example")], "1 to 64"),
            (vec![url, ("HEADERS", "a")], "HEADERS"),
            (
                vec![url, ("TOKEN", "a"), ("HEADERS", "{authorization=b}")],
                "set one of them",
            ),
        ] {
            let mistakes = load(&variables).unwrap_err().to_string();
            assert!(mistakes.contains(part), "{variables:?}: {mistakes}");
        }
    }
}
