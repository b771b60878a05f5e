//! The types of settings' values, and how each is written.

mod bytes;
mod choice;
mod duration;
mod headers;
mod identity;
mod number;
mod passphrases;
mod sink;
mod text;

pub use bytes::ByteCount;
pub use choice::{
    AdmissionCheckKind, AdmissionTokens, AuthzBackend, EngineType, LogFormat, OnFailure,
    SecretBackend, SslMode, SubjectSource,
};
pub use duration::Span;
pub use headers::Headers;
pub use identity::{ApiServerUrl, NameTemplateText, ProviderUrl, RequiredClaims, UserIds};
pub use number::{Count, Port};
pub(crate) use passphrases::Passphrases;
pub use sink::{NatsServers, WebhookUrl};
pub use text::{Bracketed, DatabaseUrl, LogFilter, Origins, ServerUrl, Words};

use std::net::IpAddr;
use std::path::PathBuf;

use model::ProjectId;
use secrets::Plaintext;

/// A type that a setting's value can have.
pub(crate) trait Value: Sized {
    /// How a value is written, for the reference: `true` or `false`, a number, ….
    const KIND: &'static str;

    /// Parses what the operator wrote. The error is the rule that the text breaks, as in "must be …".
    fn parse(text: &str) -> Result<Self, String>;

    /// Turns a list from a configuration file into the text that [`Value::parse`] reads. The error is the rule that
    /// the list breaks. Types that are no lists refuse all lists.
    fn join(_: &[String]) -> Result<String, String> {
        Err(NO_LIST.to_owned())
    }

    /// The value as an operator would write it; `None` if it is not set. Never contains a secret.
    fn print(&self) -> Option<String>;

    /// The part of a written value that may be shown: secrets are redacted.
    fn shown(text: &str) -> String {
        text.to_owned()
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;

    fn parse(text: &str) -> Result<Self, String> {
        T::parse(text).map(Some)
    }

    fn join(items: &[String]) -> Result<String, String> {
        T::join(items)
    }

    fn print(&self) -> Option<String> {
        self.as_ref().and_then(T::print)
    }

    fn shown(text: &str) -> String {
        T::shown(text)
    }
}

impl Value for bool {
    const KIND: &'static str = "`true` or `false`";

    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be `true` or `false`".to_owned()),
        }
    }

    fn print(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for IpAddr {
    const KIND: &'static str = "IP address";

    fn parse(text: &str) -> Result<Self, String> {
        let rule = "must be an IP address such as `0.0.0.0`, `127.0.0.1` or `::`";
        text.parse().map_err(|_| rule.to_owned())
    }

    fn print(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "path";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }

    fn print(&self) -> Option<String> {
        Some(self.display().to_string())
    }
}

impl Value for ProjectId {
    const KIND: &'static str = "project id";

    fn parse(text: &str) -> Result<Self, String> {
        let rule = "must have 1 to 128 characters out of a-z, A-Z, 0-9, `-` and `_`";
        text.parse().map_err(|_| rule.to_owned())
    }

    fn print(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for String {
    const KIND: &'static str = "text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn print(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Value for Plaintext {
    const KIND: &'static str = "secret text";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::new(text))
    }

    fn print(&self) -> Option<String> {
        Some(REDACTED.to_owned())
    }

    fn shown(_: &str) -> String {
        REDACTED.to_owned()
    }
}

/// The rule that a list breaks where a single value is expected.
pub(crate) const NO_LIST: &str = "must be one value, not a list";

/// Joins items with commas, for types whose parts are separated by commas.
fn with_commas(items: &[String]) -> Result<String, String> {
    if items.iter().any(|item| item.contains(',')) {
        return Err("must be a list of texts without commas".to_owned());
    }
    Ok(items.join(","))
}

/// Is shown in place of secrets.
pub(crate) const REDACTED: &str = "[redacted]";

#[cfg(test)]
pub(crate) fn rule_of<T: Value>(text: &str) -> Option<String> {
    T::parse(text).err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_true_or_false_in_any_case() {
        assert_eq!(bool::parse("TRUE"), Ok(true));
        assert_eq!(bool::parse("false"), Ok(false));
        for wrong in ["1", "yes", ""] {
            assert!(rule_of::<bool>(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_of_both_versions() {
        for right in ["0.0.0.0", "::", "::1", "10.1.2.3"] {
            assert_eq!(IpAddr::parse(right).unwrap().print().unwrap(), right);
        }
        assert!(rule_of::<IpAddr>("localhost").is_some());
    }

    #[test]
    fn secrets_are_never_printed() {
        let secret = Plaintext::parse("hunter2").unwrap();
        assert_eq!(secret.print().as_deref(), Some(REDACTED));
        assert_eq!(<Option<Plaintext>>::shown("hunter2"), REDACTED);
    }
}
