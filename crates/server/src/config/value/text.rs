//! Texts in a specific form: addresses, lists, log filters.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::{Position, Url};

use super::{REDACTED, Value, with_commas};

/// URL of a server: scheme, host, port and possibly a path, without a `/` at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(pub String);

impl Value for ServerUrl {
    const KIND: &'static str = "URL";

    fn parse(text: &str) -> Result<Self, String> {
        let rule = || {
            "must be a URL such as `https://catalog.example.com/lakekeeper`, without user, query or fragment".to_owned()
        };
        let url = Url::parse(text).map_err(|_| rule())?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let reachable = matches!(url.scheme(), "http" | "https") && url.has_host();
        if !plain || !reachable || url.password().is_some() {
            return Err(rule());
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    fn print(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// A PostgreSQL URL with one or more hosts. It may contain a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub String);

impl DatabaseUrl {
    /// One URL for each host: `Url` does not support several hosts.
    fn by_host(text: &str) -> Option<Vec<Url>> {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let urls = hosts
            .split(',')
            .map(|host| Url::parse(&format!("{scheme}://{user}{host}{path}")).ok());
        urls.collect()
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&Self::shown(&self.0))
    }
}

impl Value for DatabaseUrl {
    const KIND: &'static str = "PostgreSQL URL";

    fn parse(text: &str) -> Result<Self, String> {
        let urls = Self::by_host(text);
        let is_ours = |url: &Url| matches!(url.scheme(), "postgres" | "postgresql");
        let right = urls.is_some_and(|urls| urls.iter().all(is_ours));
        let rule = "must be a URL such as `postgres://user:password@host:5432/database`, with one host, or several \
                    separated by commas";
        right
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| rule.to_owned())
    }

    fn print(&self) -> Option<String> {
        Some(Self::shown(&self.0))
    }

    /// The URL without its password and query parameters, which may contain secrets too.
    fn shown(text: &str) -> String {
        let urls = Self::by_host(text).unwrap_or_default();
        let Some(mut url) = urls.first().cloned() else {
            return REDACTED.to_owned();
        };
        if url.password().is_some() && url.set_password(Some("redacted")).is_err() {
            return REDACTED.to_owned();
        }
        if url.query().is_some() {
            url.set_query(Some("redacted"));
        }
        let hosts = urls
            .iter()
            .map(|url| &url[Position::BeforeHost..Position::AfterPort]);
        let hosts = hosts.collect::<Vec<_>>().join(",");
        let (before, after) = (&url[..Position::BeforeHost], &url[Position::AfterPort..]);
        format!("{before}{hosts}{after}")
    }
}

/// Words separated by commas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(pub Vec<String>);

impl Value for Words {
    const KIND: &'static str = "comma-separated list";

    fn parse(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(str::trim);
        let words = words.filter(|word| !word.is_empty());
        let words: Vec<_> = words.map(str::to_owned).collect();
        // Nothing but commas is a slip: it must not lift a restriction, as no audiences would.
        if words.is_empty() && !text.is_empty() {
            return Err("must have words between its commas".to_owned());
        }
        Ok(Self(words))
    }

    fn join(items: &[String]) -> Result<String, String> {
        with_commas(items)
    }

    fn print(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(","))
    }
}

/// A list in brackets, such as `[a, "b"]`. Quotation marks and the brackets are optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bracketed(pub Vec<String>);

impl Value for Bracketed {
    const KIND: &'static str = "list such as `[a, b]`";

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let inside = text
            .strip_prefix('[')
            .map_or(Some(text), |rest| rest.strip_suffix(']'));
        let rule = || format!("must be a {}", Self::KIND);
        let Words(words) = Words::parse(inside.ok_or_else(rule)?)?;
        let names = words.into_iter().map(|word| {
            let quoted = word.strip_prefix('"');
            let bare = quoted.map_or(Some(word.as_str()), |rest| rest.strip_suffix('"'));
            let bare = bare.filter(|bare| !bare.is_empty() && !bare.contains(['"', '[', ']']));
            bare.map(str::to_owned).ok_or_else(rule)
        });
        names.collect::<Result<_, _>>().map(Self)
    }

    fn join(items: &[String]) -> Result<String, String> {
        with_commas(items)
    }

    fn print(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("[{}]", self.0.join(", ")))
    }
}

/// Web origins that browsers may call from: `*` for all, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(pub Vec<String>);

impl Value for Origins {
    const KIND: &'static str = "`*` or a comma-separated list of origins";

    fn parse(text: &str) -> Result<Self, String> {
        let Words(origins) = Words::parse(text)?;
        let any = origins.iter().any(|origin| origin == "*");
        if origins.is_empty()
            || (any && origins.len() > 1)
            || !origins.iter().all(|one| is_origin(one))
        {
            return Err(
                "must be `*`, or origins such as `https://ui.example.com`, separated by commas"
                    .to_owned(),
            );
        }
        Ok(Self(origins))
    }

    fn join(items: &[String]) -> Result<String, String> {
        with_commas(items)
    }

    fn print(&self) -> Option<String> {
        Some(self.0.join(","))
    }
}

fn is_origin(text: &str) -> bool {
    let parsed = Url::parse(text).map(|url| url.origin());
    text == "*"
        || parsed.is_ok_and(|origin| origin.is_tuple() && origin.ascii_serialization() == text)
}

/// The log filter, as `tracing` directives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(pub String);

impl Value for LogFilter {
    const KIND: &'static str = "`error`, `warn`, `info`, `debug`, `trace` or directives";

    fn parse(text: &str) -> Result<Self, String> {
        let rule = "must be a level (`error`, `warn`, `info`, `debug`, `trace`, `off`) or a list such as `info,hyper=debug`";
        // `EnvFilter` would take a word that is no level for a target, and log nothing else.
        let words = text.split(',').map(str::trim);
        let mut words = words.filter(|word| !word.is_empty() && !word.contains(['=', '[']));
        if let Some(word) = words.find(|word| word.parse::<LevelFilter>().is_err()) {
            return Err(format!("{rule}: `{word}` is no level"));
        }
        let parsed = EnvFilter::builder().parse(text);
        let refused = |error| format!("{rule}: {error}");
        parsed.map(|_| Self(text.to_owned())).map_err(refused)
    }

    fn join(items: &[String]) -> Result<String, String> {
        with_commas(items)
    }

    fn print(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule_of;
    use super::*;

    #[test]
    fn a_server_url_loses_its_trailing_slash() {
        for (text, kept) in [
            ("https://a.example/", "https://a.example"),
            ("http://a:8181/x/", "http://a:8181/x"),
        ] {
            assert_eq!(ServerUrl::parse(text), Ok(ServerUrl(kept.to_owned())));
        }
        for wrong in [
            "a.example",
            "ftp://a",
            "http://u:p@a",
            "http://a?x",
            "http://a#x",
            "file:///a",
        ] {
            assert!(rule_of::<ServerUrl>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_database_url_is_shown_without_its_secrets() {
        let url = "postgres://me:hunter2@db:5432/x?password=hunter2";
        let shown = DatabaseUrl::parse(url).unwrap().print().unwrap();
        assert_eq!(shown, "postgres://me:redacted@db:5432/x?redacted");
        assert_eq!(format!("{:?}", DatabaseUrl(url.to_owned())), shown);
        assert_eq!(DatabaseUrl::shown("host=db password=hunter2"), REDACTED);
        assert!(rule_of::<DatabaseUrl>("mysql://db").is_some());
    }

    #[test]
    fn a_database_url_may_have_several_hosts() {
        let url = "postgres://me:hunter2@a:1,b.example.com:2/x?password=hunter2";
        assert_eq!(DatabaseUrl::parse(url).unwrap().0, url);
        let shown = "postgres://me:redacted@a:1,b.example.com:2/x?redacted";
        assert_eq!(DatabaseUrl::shown(url), shown);
        for wrong in ["postgres://a:1,b:x/db", "postgres://me@a:1,b c/db"] {
            assert!(rule_of::<DatabaseUrl>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn lists_are_trimmed() {
        assert_eq!(Words::parse(" a, b,,c ").unwrap().0, ["a", "b", "c"]);
    }

    #[test]
    fn origins_have_no_path() {
        assert!(Origins::parse("*").is_ok());
        assert!(Origins::parse("https://a.example, http://b:8080").is_ok());
        for wrong in [
            "",
            "a.example",
            "https://a.example/",
            "*,https://a.example",
            "https://a/b",
        ] {
            assert!(rule_of::<Origins>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_log_filter_is_what_tracing_reads() {
        for right in [
            "warn",
            "INFO",
            "off",
            "info,hyper=debug",
            "hyper::client=trace",
        ] {
            assert!(LogFilter::parse(right).is_ok(), "{right}");
        }
        for wrong in ["info,hyper=loud", "loud", "warning", "info, hyper"] {
            assert!(rule_of::<LogFilter>(wrong).is_some(), "{wrong}");
        }
    }
}
