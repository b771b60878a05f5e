//! Names of settings that today's Lakekeeper has and this program does not.
//!
//! None is dropped silently. A setting is refused if the operator would otherwise get less than was asked for. It is
//! ignored with a warning if it only tunes something that works differently here.

/// What happens to a setting with such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is accepted: its value asks for nothing that this program lacks.
    Harmless,
    /// It is refused: why, and what to do instead.
    Refused(&'static str),
    /// It is ignored with a warning: why.
    Ignored(&'static str),
}

/// A name or, if the pattern ends in `*`, all names with that prefix.
pub(super) struct Foreign {
    pattern: &'static str,
    /// Values that are accepted, because they ask for nothing that this program lacks.
    harmless: &'static [&'static str],
    verdict: Verdict,
}

const UNKNOWN_RULE: &str = "there is no such setting; it is not ignored, since it may decide who is let in: see \
                            `lakekeeper config docs`";
const NO_SUCH_LOGIN: &str = "there is no such setting; it is not ignored, since it may decide where secrets go: see \
                             `lakekeeper config docs`";
const NO_SUCH_ENGINE: &str = "this version has no Cedar: grants in its own database or OpenFGA decide \
     (LAKEKEEPER__AUTHZ_BACKEND); see docs/authorization.md";
const CACHED_OTHERWISE: &str = "what is cached from the database is checked against the database on each read, so it needs no \
     lifetime (see LAKEKEEPER__CACHE__METADATA__SIZE); vended credentials are reused for half of their lifetime (see \
     docs/delegation.md)";
const NO_UI: &str = "this version has no web UI";
const NO_ROLES: &str = "this version has no role providers: roles are created with the management API or come from tokens \
     (LAKEKEEPER__OPENID_ROLES_CLAIM); see docs/authorization.md";

const fn refused(pattern: &'static str, why: &'static str) -> Foreign {
    Foreign {
        pattern,
        harmless: &[],
        verdict: Verdict::Refused(why),
    }
}

const fn refused_unless(
    pattern: &'static str,
    harmless: &'static [&'static str],
    why: &'static str,
) -> Foreign {
    Foreign {
        pattern,
        harmless,
        verdict: Verdict::Refused(why),
    }
}

const fn ignored(pattern: &'static str, why: &'static str) -> Foreign {
    Foreign {
        pattern,
        harmless: &[],
        verdict: Verdict::Ignored(why),
    }
}

pub(super) static FOREIGN: &[Foreign] = &[
    refused("OPENID_*", UNKNOWN_RULE),
    refused("KUBERNETES_AUTHENTICATION_*", UNKNOWN_RULE),
    refused("OPENFGA__*", UNKNOWN_RULE),
    refused(
        "ADMISSION_ENFORCE__HEADERS__*",
        "set all headers in one variable: LAKEKEEPER__ADMISSION_ENFORCE__HEADERS={\"x-api-key\"=\"…\"}",
    ),
    refused("ADMISSION_ENFORCE*", UNKNOWN_RULE),
    refused("CEDAR__*", NO_SUCH_ENGINE),
    refused("TRUSTED_ENGINES*", UNKNOWN_RULE),
    refused("ROLE_PROVIDER*", NO_ROLES),
    refused("KV2__*", NO_SUCH_LOGIN),
    refused_unless(
        "MAINTENANCE_MODE",
        &["off"],
        "this version has no maintenance mode",
    ),
    refused_unless(
        "PREFIX_TEMPLATE",
        &["{warehouse_id}"],
        "the prefix of a warehouse is always its id",
    ),
    refused_unless(
        "IDEMPOTENCY__ENABLED",
        &["true"],
        "`Idempotency-Key` is always honoured",
    ),
    refused(
        "PG_SCHEMA",
        "this version uses the schema in the `search_path` of its database user: change it there",
    ),
    refused(
        "LICENSE__*",
        "this is not Lakekeeper Plus: there is nothing to license",
    ),
    ignored(
        "PG_ENABLE_STATEMENT_LOGGING",
        "log statements on the database server instead",
    ),
    ignored(
        "PG_TEST_BEFORE_ACQUIRE",
        "a broken connection is noticed without a test query",
    ),
    ignored(
        "PG_CONNECTION_MAX_LIFETIME",
        "a broken connection is replaced when it is noticed",
    ),
    ignored(
        "TASK_EXPIRE_SNAPSHOTS_WORKERS",
        "this version does not maintain tables",
    ),
    ignored(
        "DEFAULT_TABULAR_EXPIRATION_DELAY_SECONDS",
        "each warehouse with soft deletion has its own delay, in its `delete-profile`",
    ),
    ignored(
        "HEALTH_CHECK_FREQUENCY_SECONDS",
        "`/health` asks the database itself",
    ),
    ignored(
        "IDEMPOTENCY__CLEANUP_TIMEOUT",
        "records are removed as they expire",
    ),
    ignored(
        "METRICS__TOKIO__REPORT_INTERVAL",
        "this version has no metrics of the Tokio runtime",
    ),
    ignored(
        "DEBUG__LOG_REQUEST_BODIES",
        "bodies are never logged: they hold credentials",
    ),
    ignored(
        "DEBUG__LOG_AUTHORIZATION_HEADER",
        "credentials are never logged",
    ),
    ignored("CACHE__*", CACHED_OTHERWISE),
    ignored("UI__*", NO_UI),
];

impl Foreign {
    /// The name, or a prefix followed by `*`.
    pub(super) const fn pattern(&self) -> &'static str {
        self.pattern
    }

    /// Values that are accepted.
    pub(super) const fn harmless(&self) -> &'static [&'static str] {
        self.harmless
    }

    /// What happens if another value is set.
    pub(super) const fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn matches(&self, name: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.pattern,
        }
    }
}

/// What happens to the setting `name` with `value`; `None` if the name is unknown.
pub(super) fn judge(name: &str, value: &str) -> Option<Verdict> {
    let known = FOREIGN.iter().find(|foreign| foreign.matches(name))?;
    let value = value.trim();
    let mut harmless = known.harmless.iter();
    let asks_for_nothing =
        value.is_empty() || harmless.any(|harmless| harmless.eq_ignore_ascii_case(value));
    Some(if asks_for_nothing {
        Verdict::Harmless
    } else {
        known.verdict
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_weaken_the_server_is_refused() {
        for (name, value) in [
            ("OPENID_AUDIENCES", "catalog"),
            ("OPENFGA__ENDPOINTS", "http://localhost:8081"),
            ("KV2__PASWORD_FILE", "/etc/vault"),
        ] {
            let verdict = judge(name, value);
            assert!(matches!(verdict, Some(Verdict::Refused(_))), "{name}");
        }
    }

    #[test]
    fn no_setting_of_this_version_is_among_them() {
        let groups = crate::config::list::GROUPS.iter();
        for name in groups.flat_map(|group| group.settings).map(|it| it.name()) {
            let is_listed = FOREIGN.iter().any(|foreign| foreign.pattern() == name);
            assert!(!is_listed, "{name}");
        }
    }

    #[test]
    fn what_asks_for_nothing_is_accepted() {
        for (name, value) in [("MAINTENANCE_MODE", "off"), ("OPENID_AUDIENCES", "")] {
            assert_eq!(judge(name, value), Some(Verdict::Harmless), "{name}");
        }
    }

    #[test]
    fn what_only_tunes_is_ignored_aloud() {
        let verdict = judge("CACHE__ROLE__CAPACITY", "10");
        assert!(matches!(verdict, Some(Verdict::Ignored(_))));
        assert_eq!(judge("NO_SUCH_NAME", "1"), None);
    }
}
