//! Addresses and keys of event sinks.

use outbound::Signature;
use secrets::Plaintext;
use url::Url;

use super::{REDACTED, Value, with_commas};

/// URL of a webhook. Its query may contain a token and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(pub Url);

impl std::fmt::Debug for WebhookUrl {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&Self::shown(self.0.as_str()))
    }
}

impl Value for Signature {
    const KIND: &'static str = Plaintext::KIND;

    fn parse(text: &str) -> Result<Self, String> {
        Self::by(text).map_err(|rule| rule.to_string())
    }

    fn print(&self) -> Option<String> {
        Some(REDACTED.to_owned())
    }

    fn shown(text: &str) -> String {
        Plaintext::shown(text)
    }
}

impl Value for WebhookUrl {
    const KIND: &'static str = "URL";

    fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| {
            let has_user = !url.username().is_empty() || url.password().is_some();
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && !has_user
                && url.fragment().is_none()
        });
        url.map(Self).ok_or_else(|| {
            "must be a URL such as `https://hooks.example.com/lake`, without user or fragment"
                .to_owned()
        })
    }

    fn print(&self) -> Option<String> {
        Some(Self::shown(self.0.as_str()))
    }

    fn shown(text: &str) -> String {
        let Ok(mut url) = Url::parse(text) else {
            return REDACTED.to_owned();
        };
        if !url.username().is_empty() || url.password().is_some() {
            return REDACTED.to_owned();
        }
        if url.query().is_some() {
            url.set_query(Some("redacted"));
        }
        url.to_string()
    }
}

/// URLs of NATS servers, separated by commas.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsServers(pub Vec<Url>);

impl std::fmt::Debug for NatsServers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.print().unwrap_or_default())
    }
}

impl Value for NatsServers {
    const KIND: &'static str = "comma-separated list of URLs";

    fn parse(text: &str) -> Result<Self, String> {
        let one = |text: &str| {
            let url = Url::parse(text.trim()).ok()?;
            (matches!(url.scheme(), "nats" | "tls") && url.has_host()).then_some(url)
        };
        let all: Option<Vec<Url>> = text.split(',').map(one).collect();
        all.map(Self).ok_or_else(|| {
            "must be one URL such as `nats://nats.example.com:4222` or `tls://…`, or several, separated by commas".to_owned()
        })
    }

    fn join(items: &[String]) -> Result<String, String> {
        with_commas(items)
    }

    fn print(&self) -> Option<String> {
        let all: Vec<_> = self
            .0
            .iter()
            .map(|url| without_password(url.clone()))
            .collect();
        Some(all.join(","))
    }

    fn shown(text: &str) -> String {
        let shown = Self::parse(text).ok().and_then(|servers| servers.print());
        shown.unwrap_or_else(|| REDACTED.to_owned())
    }
}

fn without_password(mut url: Url) -> String {
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user && (url.set_password(None).is_err() || url.set_username("redacted").is_err()) {
        return REDACTED.to_owned();
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_base64_signs_nothing() {
        for right in ["whsec_c2VjcmV0", "any text"] {
            assert!(<Signature as Value>::parse(right).is_ok(), "{right}");
        }
        for wrong in ["whsec_secret!", "whsec_"] {
            let rule = <Signature as Value>::parse(wrong).unwrap_err();
            assert_eq!(rule, "must have a key in base64 after `whsec_`");
        }
    }

    #[test]
    fn webhooks_are_urls_of_http() {
        for right in ["https://a.example/b?c=d", "http://127.0.0.1:1/"] {
            assert_eq!(WebhookUrl::parse(right).unwrap().0.as_str(), right);
        }
        for wrong in [
            "a.example",
            "ftp://a.example",
            "https://u:p@a.example",
            "https://a#b",
        ] {
            assert!(WebhookUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_of_nats_are_urls_and_their_users_are_not_shown() {
        let both = "nats://a.example:4222, tls://u:hunter2@b.example";
        let servers = NatsServers::parse(both).unwrap();
        assert_eq!(servers.0.len(), 2);
        let shown = format!("{servers:?} {}", NatsServers::shown(both));
        assert!(!shown.contains("hunter2"), "{shown}");
        for wrong in ["a.example:4222", "http://a.example", "nats://a,", ""] {
            assert!(NatsServers::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let shown = WebhookUrl::shown("https://a.example/b?token=hunter2");
        assert_eq!(shown, "https://a.example/b?redacted");
        for secret in ["https://u:hunter2@a.example", "hunter2"] {
            assert_eq!(WebhookUrl::shown(secret), REDACTED);
        }
    }
}
