//! HTTP headers that are sent to a service.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use events_kafka::parse_dictionary;

use super::{REDACTED, Value};

/// Headers that the sender of a request sets itself.
const TAKEN: [&str; 8] = [
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// Names and values of headers. The values are secret and never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(pub HeaderMap);

impl std::fmt::Debug for Headers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

impl Value for Headers {
    const KIND: &'static str = r#"headers such as `{"x-api-key"="…"}`"#;

    fn parse(text: &str) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in parse_dictionary(text)? {
            let parsed = name.parse::<HeaderName>();
            let parsed = parsed
                .map_err(|_| format!("must not have `{name}`, which is not a header name"))?;
            if TAKEN.contains(&parsed.as_str()) {
                return Err(format!(
                    "must not have `{name}`, which the server sets itself"
                ));
            }
            let value = HeaderValue::from_str(&value);
            let value = value.map_err(|_| {
                format!("must have only visible ASCII characters in the value of `{name}`")
            })?;
            headers.insert(parsed, value);
        }
        for value in headers.values_mut() {
            value.set_sensitive(true);
        }
        Ok(Self(headers))
    }

    fn print(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| REDACTED.to_owned())
    }

    fn shown(_: &str) -> String {
        REDACTED.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_read_and_values_not_shown() {
        let headers = Headers::parse(r#"{"X-Api-Key"="hunter2", b=c}"#).unwrap();
        assert_eq!(headers.0["x-api-key"], "hunter2");
        assert_eq!(headers.0["b"], "c");
        let shown = format!("{headers:?} {:?}", headers.print());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("x-api-key"), "{shown}");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_showing_it() {
        for wrong in [
            "hunter2",
            r#"{"a b"="hunter2"}"#,
            r#"{"a"="hunter2\n"}"#,
            r#"{"Host"="hunter2"}"#,
            r#"{"webhook-signature"="hunter2"}"#,
        ] {
            let rule = Headers::parse(wrong).unwrap_err();
            assert!(!rule.contains("hunter2"), "{rule}");
        }
    }
}
